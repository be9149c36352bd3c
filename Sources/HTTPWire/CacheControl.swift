/// The directives of `Cache-Control` that a cache at an edge follows (RFC 9111, section 5.2).
public struct CacheControl: Equatable, Sendable {
    /// Nothing of the message is to be stored.
    public var noStore = false
    /// Whoever answers from a store asks the origin first.
    public var noCache = false
    /// Only the store of one user may have it.
    public var isPrivate = false
    /// A request that is to be answered from the store or not at all.
    public var onlyIfCached = false
    /// How many seconds a response is fresh.
    public var maxAge: Int64?
    /// The same for shared caches, which goes before.
    public var sharedMaxAge: Int64?

    /// The seconds that a shared cache may use a response without asking; nil where it does not say.
    public var freshness: Int64? { sharedMaxAge ?? maxAge }

    /// Reads the directives of a message. What is not known is passed over; a number that is none counts as 0 (section 4.2.1).
    public init(_ fields: HTTPFields) {
        for directive in fields.list("Cache-Control") {
            let parts = directive.split(separator: "=", maxSplits: 1).map(\.trimmed)
            let value = parts.count > 1 ? Self.seconds(parts[1]) : 0
            switch parts.first?.lowercased() {
            case "no-store": noStore = true
            case "no-cache": noCache = true
            case "private": isPrivate = true
            case "only-if-cached": onlyIfCached = true
            case "max-age": maxAge = value
            case "s-maxage": sharedMaxAge = value
            default: break
            }
        }
    }

    /// Seconds, at most 2^31 of them (section 1.2.2).
    static func seconds(_ text: Substring) -> Int64 {
        let digits = text.hasPrefix("\"") && text.hasSuffix("\"") && text.count > 1 ? text.dropFirst().dropLast() : text
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return 0
        }
        return min(Int64(digits) ?? .max, 1 << 31)
    }
}
