/// Where something stands on the globe.
public struct Place: Hashable, Sendable, Codable {
    /// The IATA code of the city's airport in capitals; nil for a place given by its coordinates.
    public var code: String?
    /// What people call the place: the city's name, or the coordinates as text.
    public var name: String
    /// The ISO 3166 code of the country; nil when it is not known.
    public var country: String?
    /// Degrees north, -90 to 90.
    public var latitude: Double
    /// Degrees east, -180 to 180.
    public var longitude: Double

    /// Makes a place.
    public init(code: String?, name: String, country: String?, latitude: Double, longitude: Double) {
        self.code = code
        self.name = name
        self.country = country
        self.latitude = latitude
        self.longitude = longitude
    }

    /// The code, or the coordinates: what a table shows.
    public var label: String { code ?? name }
}
