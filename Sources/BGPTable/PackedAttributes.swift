import BGPWire
import Net

/// Path attributes as octets. A decoded `PathAttributes` costs 136 octets and up to seven heap blocks; packed, the attributes of
/// a common route take 40 to 60 octets in one shared buffer, and equal attributes have equal octets.
///
///     +----------------+--------+----------+-- - - -+---------+-- - - --+
///     | present (2)    | origin | next hop | link-  | AS_PATH | then each present
///     |                |  (1)   | (4 / 16) | local  |         | attribute in turn
///     +----------------+--------+----------+-- - - -+---------+-- - - --+
///
/// Counts are base-128 numbers, low part first; other numbers have a fixed width, low octet first.
enum PackedAttributes {
    /// Which attributes follow.
    struct Present: OptionSet {
        let rawValue: UInt16
        static let ipv6NextHop = Present(rawValue: 1 << 0)
        static let linkLocal = Present(rawValue: 1 << 1)
        static let multiExitDiscriminator = Present(rawValue: 1 << 2)
        static let localPreference = Present(rawValue: 1 << 3)
        static let atomicAggregate = Present(rawValue: 1 << 4)
        static let aggregator = Present(rawValue: 1 << 5)
        static let communities = Present(rawValue: 1 << 6)
        static let originatorID = Present(rawValue: 1 << 7)
        static let clusterList = Present(rawValue: 1 << 8)
        static let largeCommunities = Present(rawValue: 1 << 9)
        static let onlyToCustomer = Present(rawValue: 1 << 10)
        static let unknown = Present(rawValue: 1 << 11)

        init(rawValue: UInt16) { self.rawValue = rawValue }

        init(_ attributes: PathAttributes) {
            var present: Present = []
            if attributes.nextHop.address.family == .ipv6 { present.insert(.ipv6NextHop) }
            if attributes.nextHop.linkLocal != nil { present.insert(.linkLocal) }
            if attributes.multiExitDiscriminator != nil { present.insert(.multiExitDiscriminator) }
            if attributes.localPreference != nil { present.insert(.localPreference) }
            if attributes.atomicAggregate { present.insert(.atomicAggregate) }
            if attributes.aggregator != nil { present.insert(.aggregator) }
            if !attributes.communities.isEmpty { present.insert(.communities) }
            if attributes.originatorID != nil { present.insert(.originatorID) }
            if !attributes.clusterList.isEmpty { present.insert(.clusterList) }
            if !attributes.largeCommunities.isEmpty { present.insert(.largeCommunities) }
            if attributes.onlyToCustomer != nil { present.insert(.onlyToCustomer) }
            if !attributes.unknown.isEmpty { present.insert(.unknown) }
            self = present
        }
    }

    /// Appends the octets of `attributes`.
    static func pack(_ attributes: PathAttributes, into writer: inout OctetWriter) {
        let present = Present(attributes)
        writer.put(present.rawValue)
        writer.put(attributes.origin.rawValue)
        put(attributes.nextHop, into: &writer)
        writer.put(count: attributes.asPath.segments.count)
        for segment in attributes.asPath.segments {
            writer.put(segment.kind.rawValue)
            writer.put(count: segment.numbers.count)
            for number in segment.numbers { writer.put(number.rawValue) }
        }
        if let value = attributes.multiExitDiscriminator { writer.put(value) }
        if let value = attributes.localPreference { writer.put(value) }
        if let value = attributes.aggregator {
            writer.put(value.asn.rawValue)
            writer.put(value.identifier.rawValue)
        }
        if present.contains(.communities) {
            writer.put(count: attributes.communities.count)
            for community in attributes.communities { writer.put(community.rawValue) }
        }
        if let value = attributes.originatorID { writer.put(value.rawValue) }
        if present.contains(.clusterList) {
            writer.put(count: attributes.clusterList.count)
            for cluster in attributes.clusterList { writer.put(cluster.rawValue) }
        }
        if present.contains(.largeCommunities) {
            writer.put(count: attributes.largeCommunities.count)
            for community in attributes.largeCommunities {
                writer.put(community.globalAdministrator)
                writer.put(community.localData1)
                writer.put(community.localData2)
            }
        }
        if let value = attributes.onlyToCustomer { writer.put(value.rawValue) }
        if present.contains(.unknown) { put(attributes.unknown, into: &writer) }
    }

    private static func put(_ nextHop: NextHop, into writer: inout OctetWriter) {
        switch nextHop.address {
        case .v4(let address):
            writer.put(address.rawValue)
        case .v6(let address):
            writer.put(address.high)
            writer.put(address.low)
        }
        if let address = nextHop.linkLocal {
            writer.put(address.high)
            writer.put(address.low)
        }
    }

    private static func put(_ unknown: [UnknownAttribute], into writer: inout OctetWriter) {
        writer.put(count: unknown.count)
        for attribute in unknown {
            writer.put(attribute.flags)
            writer.put(attribute.type)
            writer.put(count: attribute.value.count)
            for octet in attribute.value { writer.put(octet) }
        }
    }

    /// Reads what `pack` wrote at `offset`.
    static func unpack(_ octets: [UInt8], at offset: Int) -> PathAttributes {
        var reader = OctetReader(octets, at: offset)
        let present = Present(rawValue: reader.get())
        var attributes = PathAttributes(
            origin: Origin(rawValue: reader.get()) ?? .incomplete, asPath: ASPath(),
            nextHop: nextHop(&reader, present))
        attributes.asPath.segments = reader.list { reader in
            let kind = ASPath.Segment.Kind(rawValue: reader.get()) ?? .sequence
            return ASPath.Segment(kind, reader.list { ASN($0.get()) })
        }
        if present.contains(.multiExitDiscriminator) { attributes.multiExitDiscriminator = reader.get() }
        if present.contains(.localPreference) { attributes.localPreference = reader.get() }
        attributes.atomicAggregate = present.contains(.atomicAggregate)
        if present.contains(.aggregator) {
            attributes.aggregator = Aggregator(asn: ASN(reader.get()), identifier: IPv4Address(rawValue: reader.get()))
        }
        if present.contains(.communities) { attributes.communities = reader.list { Community(rawValue: $0.get()) } }
        if present.contains(.originatorID) { attributes.originatorID = IPv4Address(rawValue: reader.get()) }
        if present.contains(.clusterList) { attributes.clusterList = reader.list { IPv4Address(rawValue: $0.get()) } }
        if present.contains(.largeCommunities) {
            attributes.largeCommunities = reader.list { LargeCommunity($0.get(), $0.get(), $0.get()) }
        }
        if present.contains(.onlyToCustomer) { attributes.onlyToCustomer = ASN(reader.get()) }
        if present.contains(.unknown) {
            attributes.unknown = reader.list { reader in
                UnknownAttribute(flags: reader.get(), type: reader.get(), value: reader.list { $0.get() })
            }
        }
        return attributes
    }

    /// Reads only the next hop of what `pack` wrote at `offset`.
    static func nextHop(_ octets: [UInt8], at offset: Int) -> NextHop {
        var reader = OctetReader(octets, at: offset)
        let present = Present(rawValue: reader.get())
        let _: UInt8 = reader.get()
        return nextHop(&reader, present)
    }

    private static func nextHop(_ reader: inout OctetReader, _ present: Present) -> NextHop {
        let address: IPAddress =
            present.contains(.ipv6NextHop)
            ? .v6(IPv6Address(high: reader.get(), low: reader.get())) : .v4(IPv4Address(rawValue: reader.get()))
        guard present.contains(.linkLocal) else { return NextHop(address) }
        return NextHop(address, linkLocal: IPv6Address(high: reader.get(), low: reader.get()))
    }
}
