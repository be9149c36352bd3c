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
    /// 0 asks; 1 and 2 mark the beginning and the end of the answer (RFC 7313); others are to be ignored.
    public var subtype: UInt8

    /// Makes a request.
    public init(_ family: FamilyIdentifier, subtype: UInt8 = 0) {
        self.family = family
        self.subtype = subtype
    }

    /// Decodes the body. Throws Bad Message Length when it is not 4 octets.
    public init(decoding body: RawSpan) throws(NotificationMessage) {
        var reader = ByteReader(body)
        guard body.byteCount == 4, let afi = reader.uint16(), let subtype = reader.uint8(), let safi = reader.uint8()
        else {
            var data: [UInt8] = []
            data.append(bigEndian: UInt16(truncatingIfNeeded: body.byteCount + MessageHeader.length))
            throw NotificationMessage(.badMessageLength, data: data)
        }
        self.init(FamilyIdentifier(afi: afi, safi: safi), subtype: subtype)
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
