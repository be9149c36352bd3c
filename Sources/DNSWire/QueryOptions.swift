/// What the options of a query's OPT record ask for (RFC 6891, section 6.1.2): places in the message and flags, no copies.
///
/// An option that is not known is passed over. One that its RFC calls wrongly formed makes the query malformed.
public struct QueryOptions: Equatable, Sendable {
    /// A part of the message.
    public struct Place: Equatable, Sendable {
        /// Where it begins in the message.
        public let offset: Int
        /// Its length in octets.
        public let count: Int
    }

    /// Whether the client asks for the identifier of the name server (RFC 5001).
    public private(set) var wantsNSID = false
    /// Whether it asks for the version of the zone (RFC 9660).
    public private(set) var wantsZoneVersion = false
    /// Whether it asks how long a TCP connection may be idle (RFC 7828).
    public private(set) var wantsKeepalive = false
    /// The client's cookie, 8 octets, and behind it the server's, 8 to 32 octets, if it has one (RFC 7873, section 4).
    public private(set) var cookie: Place?
    /// The network that the client asks for (RFC 7871, section 6): `| family 2 | source length 1 | scope length 1 | address |`.
    public private(set) var clientSubnet: Place?

    /// No options.
    public init() {}

    /// Reads the options that begin at `offset` of the message and have `count` octets, which are all there; nil when one is cut off
    /// or wrongly formed.
    init?(reading message: RawSpan, at offset: Int, count: Int) {
        var position = offset
        let end = offset &+ count
        while position < end {
            guard let code = message.uint16(at: position), let size = message.uint16(at: position &+ 2),
                end &- position &- 4 >= Int(size),
                take(code, Place(offset: position &+ 4, count: Int(size)), in: message)
            else { return nil }
            position &+= 4 &+ Int(size)
        }
    }

    /// False when the option is wrongly formed.
    private mutating func take(_ code: UInt16, _ place: Place, in message: RawSpan) -> Bool {
        switch code {
        case EDNSOption.nsid: wantsNSID = true
        case EDNSOption.tcpKeepalive: wantsKeepalive = true
        case EDNSOption.zoneVersion:
            // RFC 9660, section 3.2.1: not empty, or more than one.
            guard place.count == 0, !wantsZoneVersion else { return false }
            wantsZoneVersion = true
        case EDNSOption.cookie:
            // RFC 7873, section 5.2: of several, the first counts, and the others are ignored whatever they are.
            guard cookie == nil else { break }
            guard place.count == 8 || (16...40).contains(place.count) else { return false }
            cookie = place
        case EDNSOption.clientSubnet:
            guard Self.isSubnet(place, in: message) else { return false }
            clientSubnet = clientSubnet ?? place
        default: break
        }
        return true
    }

    /// Whether the octets are a network as a query may have it (RFC 7871, sections 6 and 7.2.1): a known family, scope 0, as many
    /// octets of the address as the length needs, and no bit beyond it.
    private static func isSubnet(_ place: Place, in message: RawSpan) -> Bool {
        guard place.count >= 4, let family = message.uint16(at: place.offset),
            let length = message.uint8(at: place.offset &+ 2), message.uint8(at: place.offset &+ 3) == 0,
            family == 1 && length <= 32 || family == 2 && length <= 128,
            place.count &- 4 == (Int(length) &+ 7) / 8
        else { return false }
        guard length % 8 != 0, let last = message.uint8(at: place.offset &+ place.count &- 1) else { return true }
        return last & (0xFF >> (length % 8)) == 0
    }
}
