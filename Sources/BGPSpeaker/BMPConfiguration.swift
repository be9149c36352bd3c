import JSON
import Net

/// The BMP station that a speaker reports to. In the configuration, `address` and `port` must be there:
///
///     "bmp": {"address": "10.9.0.1", "port": 11019, "statistics_ms": 60000,
///             "monitor": ["pre-policy", "post-policy", "loc-rib", "adj-rib-out", "errors"]}
struct BMPConfiguration: Equatable {
    /// What the station is told.
    enum View: String, CaseIterable {
        /// What neighbours send, word for word (RFC 7854).
        case prePolicy = "pre-policy"
        /// What import policy makes of it (RFC 7854).
        case postPolicy = "post-policy"
        /// The best routes (RFC 9069).
        case locRIB = "loc-rib"
        /// What neighbours are sent (RFC 8671).
        case adjRIBOut = "adj-rib-out"
        /// Messages whose routes count as withdrawn for an error (route mirroring, RFC 7854, section 4.7).
        case errors
    }

    var address: IPAddress
    var port: UInt16
    /// Without the key: what neighbours send, before policy.
    var views: Set<View> = [.prePolicy]
    /// Between statistics reports, in nanoseconds; 0 for none. A minute without the key.
    var statisticsInterval: Int64 = 60_000_000_000

    init(_ json: JSON, _ path: String) throws(ConfigurationError) {
        let fields = try ConfigurationFields(json, path, keys: ["address", "port", "monitor", "statistics_ms"])
        address = try fields.text("address", "an address")
        guard let port = try fields.number("port", 1...65535) else { throw fields.error("port", "missing") }
        self.port = UInt16(clamping: port)
        if fields["monitor"] != nil {
            views = []
            for (json, path) in try fields.list("monitor") {
                guard let view = json.string.flatMap(View.init) else {
                    let known = View.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ConfigurationError(description: "\(path): one of \(known) expected")
                }
                views.insert(view)
            }
            guard !views.isEmpty else { throw fields.error("monitor", "at least one expected") }
        }
        if let interval = try fields.number("statistics_ms", 0...86_400_000) {
            statisticsInterval = Int64(interval) * 1_000_000
        }
    }
}
