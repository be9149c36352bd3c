/// Countries by their ISO 3166 codes.
public enum Country {
    /// The member states of the European Union, since 2020.
    public static let europeanUnion: Set<String> = [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
        "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    ]

    /// Whether a text has the form of a code: two capital letters. `EU` stands for all of the Union.
    public static func isCode(_ text: String) -> Bool {
        text.utf8.count == 2 && text.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    /// Whether a place lies in `country`, a code or `EU`.
    public static func contains(_ country: String, _ place: Place) -> Bool {
        guard let own = place.country else { return false }
        return own == country || country == "EU" && europeanUnion.contains(own)
    }
}
