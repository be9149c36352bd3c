/// ROUTE-REFRESH (RFC 2918, section 3; the subtype is RFC 7313's): the neighbour asks for the whole Adj-RIB-Out again.
///
/// ```
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |              AFI              |    Subtype    |     SAFI      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public struct RouteRefreshMessage: Hashable, Sendable {
    /// The family that is asked for.
    public var family: FamilyIdentifier
    /// ``request``, ``beginning`` or ``end``; others are to be ignored.
    public var subtype: UInt8

    /// Subtype 0: the neighbour asks for everything of the family (RFC 2918).
    public static var request: UInt8 { 0 }
    /// Subtype 1, BoRR: everything of the family follows (RFC 7313).
    public static var beginning: UInt8 { 1 }
    /// Subtype 2, EoRR: what was not sent again since ``beginning`` is gone (RFC 7313).
    public static var end: UInt8 { 2 }

    /// Makes a request.
    public init(_ family: FamilyIdentifier, subtype: UInt8 = 0) {
        self.family = family
        self.subtype = subtype
    }

    /// Decodes the body. Throws Bad Message Length when it is not 4 octets; between speakers of RFC 7313 (`isEnhanced`) a
    /// beginning or end of a refresh with that error is a ROUTE-REFRESH Message Error with the whole message (section 5).
    public init(decoding body: RawSpan, isEnhanced: Bool = false) throws(NotificationMessage) {
        var reader = ByteReader(body)
        guard body.byteCount == 4, let afi = reader.uint16(), let subtype = reader.uint8(), let safi = reader.uint8()
        else { throw Self.lengthError(body, isEnhanced) }
        self.init(FamilyIdentifier(afi: afi, safi: safi), subtype: subtype)
    }

    private static func lengthError(_ body: RawSpan, _ isEnhanced: Bool) -> NotificationMessage {
        var reader = ByteReader(body)
        let isMarker = reader.uint16() != nil && reader.uint8().map { $0 == 1 || $0 == 2 } == true
        var message: [UInt8] = []
        let start = MessageHeader.begin(.routeRefresh, in: &message)
        message += body.copied
        MessageHeader.end(start, in: &message)
        return isEnhanced && isMarker
            ? NotificationMessage(.invalidRouteRefreshLength, data: message)
            : NotificationMessage(.badMessageLength, data: Array(message[16..<18]))
    }

    /// Appends the message.
    public func encode(to buffer: inout [UInt8]) {
        let start = MessageHeader.begin(.routeRefresh, in: &buffer)
        buffer.append(bigEndian: family.afi)
        buffer.append(subtype)
        buffer.append(family.safi)
        MessageHeader.end(start, in: &buffer)
    }
}
