import BGPWire
public import Net

/// PEER_INDEX_TABLE (RFC 6396, section 4.3.1): the first record of a dump. Routes name their neighbour by its place here.
///
/// ```
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      Collector BGP ID                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |       View Name Length        |     View Name (variable)      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          Peer Count           |    Peer Entries (variable)
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public struct MRTPeerIndexTable: Hashable, Sendable {
    /// One neighbour.
    ///
    /// ```
    /// +-+-+-+-+-+-+-+-+
    /// |   Peer Type   |   1: the address is IPv6; 2: the AS number has four octets
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// |                         Peer BGP ID                           |
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// |                   Peer IP Address (4 or 16 octets)            |
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// |                        Peer AS (2 or 4 octets)                |
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ```
    public struct Peer: Hashable, Sendable {
        /// The BGP Identifier.
        public var identifier: IPv4Address
        /// The address.
        public var address: IPAddress
        /// The AS.
        public var asn: ASN

        /// Makes an entry.
        public init(identifier: IPv4Address, address: IPAddress, asn: ASN) {
            self.identifier = identifier
            self.address = address
            self.asn = asn
        }
    }

    /// The BGP Identifier of the one who dumps.
    public var collector: IPv4Address
    /// A name for the table; may be empty.
    public var viewName: String
    /// The neighbours; routes count them from 0. At most 65,535 are written.
    public var peers: [Peer]

    /// Makes a table.
    public init(collector: IPv4Address, viewName: String = "", peers: [Peer]) {
        self.collector = collector
        self.viewName = viewName
        self.peers = peers
    }

    private static let isIPv6: UInt8 = 1
    private static let isFourOctetASN: UInt8 = 2

    func encode(to buffer: inout [UInt8]) {
        buffer.append(bigEndian: collector.rawValue)
        let name = viewName.utf8.prefix(Int(UInt16.max))
        buffer.append(bigEndian: UInt16(truncatingIfNeeded: name.count))
        buffer += name
        let entries = peers.prefix(Int(UInt16.max))
        buffer.append(bigEndian: UInt16(truncatingIfNeeded: entries.count))
        for peer in entries {
            buffer.append((peer.address.family == .ipv6 ? Self.isIPv6 : 0) | Self.isFourOctetASN)
            buffer.append(bigEndian: peer.identifier.rawValue)
            buffer.append(peer.address)
            buffer.append(bigEndian: peer.asn.rawValue)
        }
    }

    /// Nil when the octets end too early.
    init?(decoding body: RawSpan) {
        var reader = ByteReader(body)
        guard let collector = reader.uint32(), let nameLength = reader.uint16(),
            let name = reader.take(Int(nameLength)),
            let count = reader.uint16()
        else { return nil }
        self.collector = IPv4Address(rawValue: collector)
        viewName = String(decoding: name.copied, as: UTF8.self)
        peers = []
        for _ in 0..<count {
            guard let type = reader.uint8(), let identifier = reader.uint32(),
                let address = reader.address(type & Self.isIPv6 == 0 ? .ipv4 : .ipv6),
                let asn = reader.asn(isFourOctet: type & Self.isFourOctetASN != 0)
            else { return nil }
            peers.append(Peer(identifier: IPv4Address(rawValue: identifier), address: address, asn: asn))
        }
    }
}
