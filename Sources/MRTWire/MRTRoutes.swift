public import BGPWire
public import Net

/// RIB_IPV4_UNICAST and RIB_IPV6_UNICAST (RFC 6396, section 4.3.2), with their forms for ADD-PATH (RFC 8050, section 4): the
/// routes to one prefix.
///
/// ```
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                         Sequence Number                       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Prefix Length |                        Prefix (variable)      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         Entry Count           |  RIB Entries (variable)
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public struct MRTRoutes: Hashable, Sendable {
    /// One route.
    ///
    /// ```
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// |         Peer Index            |
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// |                         Originated Time                       |
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// |                         Path Identifier                       |  RFC 8050 only
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// |      Attribute Length         |  BGP Attributes... (variable)
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ```
    public struct Entry: Hashable, Sendable {
        /// The place of the neighbour in the PEER_INDEX_TABLE, from 0.
        public var peer: UInt16
        /// When the route came, in seconds since 1970.
        public var time: UInt32
        /// The path identifier (RFC 7911); 0 without one.
        public var pathID: UInt32
        /// The path attributes with AS numbers of four octets. Of MP_REACH_NLRI there is only the next hop and its length.
        public var attributes: [UInt8]

        /// Makes an entry from attributes that are encoded already.
        public init(peer: UInt16, time: UInt32, pathID: UInt32 = 0, attributes: [UInt8]) {
            self.peer = peer
            self.time = time
            self.pathID = pathID
            self.attributes = attributes
        }

        /// Makes an entry.
        public init(peer: UInt16, time: UInt32, pathID: UInt32 = 0, _ attributes: PathAttributes) {
            var octets: [UInt8] = []
            if case .v6(let address) = attributes.nextHop.address {
                octets += Self.reach(address, attributes.nextHop.linkLocal)
            }
            attributes.encode(to: &octets)
            self.init(peer: peer, time: time, pathID: pathID, attributes: octets)
        }

        /// MP_REACH_NLRI as RFC 6396, section 4.3.4 shortens it: next hop length and next hop.
        private static func reach(_ address: IPv6Address, _ linkLocal: IPv6Address?) -> [UInt8] {
            let length: UInt8 = linkLocal == nil ? 16 : 32
            var octets: [UInt8] = [0x80, MRTRoutes.multiprotocolReach, length + 1, length]
            octets.append(.v6(address))
            if let linkLocal { octets.append(.v6(linkLocal)) }
            return octets
        }
    }

    /// Counts the records of a dump from 0.
    public var sequence: UInt32
    /// The prefix.
    public var prefix: IPPrefix
    /// Whether entries have path identifiers.
    public var hasPathIDs: Bool
    /// The routes; at most 65,535 are written.
    public var entries: [Entry]

    /// Makes the routes to a prefix.
    public init(sequence: UInt32, prefix: IPPrefix, hasPathIDs: Bool = false, entries: [Entry]) {
        self.sequence = sequence
        self.prefix = prefix
        self.hasPathIDs = hasPathIDs
        self.entries = entries
    }

    static let multiprotocolReach: UInt8 = 14

    var subtype: UInt16 { (prefix.family == .ipv4 ? 2 : 4) + (hasPathIDs ? 6 : 0) }

    func encode(to buffer: inout [UInt8]) {
        buffer.append(bigEndian: sequence)
        prefix.encode(to: &buffer)
        let entries = entries.prefix(Int(UInt16.max))
        buffer.append(bigEndian: UInt16(truncatingIfNeeded: entries.count))
        for entry in entries {
            buffer.append(bigEndian: entry.peer)
            buffer.append(bigEndian: entry.time)
            if hasPathIDs { buffer.append(bigEndian: entry.pathID) }
            let attributes = entry.attributes.prefix(Int(UInt16.max))
            buffer.append(bigEndian: UInt16(truncatingIfNeeded: attributes.count))
            buffer += attributes
        }
    }

    /// Nil when the octets end too early, or the prefix is longer than its family's addresses.
    init?(decoding body: RawSpan, subtype: UInt16) {
        let family: AddressFamily
        switch subtype {
        case 2, 8: family = .ipv4
        case 4, 10: family = .ipv6
        default: return nil
        }
        hasPathIDs = subtype >= 8
        var reader = ByteReader(body)
        guard let sequence = reader.uint32(), let prefix = reader.prefix(family), let count = reader.uint16() else {
            return nil
        }
        self.sequence = sequence
        self.prefix = prefix
        entries = []
        for _ in 0..<count {
            guard let peer = reader.uint16(), let time = reader.uint32(),
                let pathID = hasPathIDs ? reader.uint32() : 0,
                let length = reader.uint16(), let attributes = reader.take(Int(length))
            else { return nil }
            entries.append(Entry(peer: peer, time: time, pathID: pathID, attributes: attributes.copied))
        }
    }
}

extension MRTRoutes {
    /// The UPDATE that announces one of the routes, with AS numbers of four octets and without a path identifier; nil when
    /// its attributes are no list of attributes, or too long for a message.
    public func update(_ entry: Entry) -> [UInt8]? {
        var message: [UInt8] = []
        let start = MessageHeader.begin(.update, in: &message)
        message.append(bigEndian: UInt16(0))
        let lengthOffset = message.count
        message.append(bigEndian: UInt16(0))
        guard appendAttributes(entry, to: &message) else { return nil }
        message.patch(message.count - lengthOffset - 2, at: lengthOffset)
        if prefix.family == .ipv4 { prefix.encode(to: &message) }
        guard message.count <= MessageHeader.extendedMaximumLength else { return nil }
        MessageHeader.end(start, in: &message)
        return message
    }

    private func appendAttributes(_ entry: Entry, to message: inout [UInt8]) -> Bool {
        var reader = ByteReader(entry.attributes.span.bytes)
        while reader.remaining > 0 {
            let start = reader.offset
            guard let flags = reader.uint8(), let type = reader.uint8(),
                let length = flags & 0x10 == 0 ? reader.uint8().map(Int.init) : reader.uint16().map(Int.init),
                let value = reader.take(length)
            else { return false }
            if type == Self.multiprotocolReach {
                guard appendReach(value, to: &message) else { return false }
            } else {
                message += entry.attributes[start..<reader.offset]
            }
        }
        return true
    }

    /// Completes the shortened MP_REACH_NLRI. Some collectors write the whole one; that of another family than the prefix,
    /// which means nothing, is left out with it.
    private func appendReach(_ value: RawSpan, to message: inout [UInt8]) -> Bool {
        var reader = ByteReader(value)
        let isWhole = value.byteCount > 0 && value.unsafeLoad(as: UInt8.self) == 0
        if isWhole { guard reader.take(3) != nil else { return false } }
        guard let length = reader.uint8(), let nextHop = reader.take(Int(length)) else { return false }
        let identifier = FamilyIdentifier(prefix.family)
        message += [0x90, Self.multiprotocolReach]
        let lengthOffset = message.count
        message.append(bigEndian: UInt16(0))
        message.append(bigEndian: identifier.afi)
        message += [identifier.safi, length]
        message += nextHop.copied
        message.append(0)
        if prefix.family == .ipv6 { prefix.encode(to: &message) }
        message.patch(message.count - lengthOffset - 2, at: lengthOffset)
        return true
    }
}
