import BFD
import JSON

/// How BFD watches the path to a neighbour: `{"interval_ms":50,"multiplier":3,"multihop":false}`.
struct BFDConfiguration: Equatable {
    var timing: BFDTiming
    /// RFC 5883 instead of RFC 5881.
    var isMultihop: Bool
    /// The least TTL or hop limit with which a packet is taken: 255 on a single hop (RFC 5881, section 5), since no router
    /// can have forwarded it.
    var minimumTimeToLive: UInt8

    init(_ json: JSON, _ path: String) throws(ConfigurationError) {
        let fields = try ConfigurationFields(
            json, path, keys: ["interval_ms", "multiplier", "multihop", "minimum_ttl"])
        guard let interval = try fields.number("interval_ms", 10...60_000) else {
            throw fields.error("interval_ms", "missing: a number of 10 to 60000 expected")
        }
        guard let multiplier = try fields.number("multiplier", 1...255) else {
            throw fields.error("multiplier", "missing: a number of 1 to 255 expected")
        }
        timing = BFDTiming(interval: UInt32(clamping: interval) * 1000, multiplier: UInt8(clamping: multiplier))
        isMultihop = try fields.flag("multihop") ?? false
        let least = try fields.number("minimum_ttl", 1...255)
        guard least == nil || isMultihop else { throw fields.error("minimum_ttl", "only with multihop") }
        minimumTimeToLive = UInt8(clamping: least ?? (isMultihop ? 1 : 255))
    }
}
