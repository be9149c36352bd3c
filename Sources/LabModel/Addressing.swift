public import Net

/// How the lab's own addresses are laid out. Services use documentation prefixes that the file names; all else is from
/// 10.0.0.0/8 (RFC 1918) and the upper part of 2001:db8::/32 (RFC 3849), decided by the order of the file.
///
///     network n (from 1)   10.n.0.0/16        2001:db8:1000+n::/48     what its routers announce
///       router r (from 0)  10.n.r.0/24        2001:db8:1000+n:r::/64   its block: what the interior protocol carries
///         loopback         10.n.r.1           ...::1
///         link k           10.n.r.2k+2 /31    ...::2k+2 /127
///     site s (from 1)      10.128+ s /24      2001:db8:8000+s::/48     its unicast prefix, loopback .1 and ::1
///         server k         10.128+ s .2k+2 /31  ...::2k+2 /127         the link to it, of a site that has several
///     exchange e (from 0)  172.16.0.0+ e /22  2001:db8:1000:e::/64     its LAN: ``ExchangeLAN``
///
/// A network's block is as large as its routers need. With more than 127 networks all are smaller than a /16. A network that
/// needs more than the others' size is in the upper end of 10.0.0.0/9, the larger the higher; its place in the row stays free,
/// so that the others keep their addresses.
public struct Addressing: Hashable, Sendable {
    /// The addresses of a network.
    struct Block: Hashable, Sendable, Codable {
        /// The network's place in the row, from 0, which its IPv6 addresses have in them.
        let row: Int
        /// The first IPv4 address.
        let base: UInt32
        /// The number of host bits of the IPv4 block.
        let bits: UInt32
        /// The number of host bits of one router's block: 8 or more.
        let routerBits: UInt32

        /// How many routers have room.
        var routers: Int { 1 << Int(bits - routerBits) }
        /// How many links of one router have room.
        var links: Int { (1 << Int(routerBits) - 2) / 2 }
        /// The addresses, as a range.
        var range: Range<UInt64> { UInt64(base)..<UInt64(base) + 1 << UInt64(bits) }
    }

    /// The blocks of the networks, in the order of the file.
    let blocks: [Block]
    /// The numbers of the sites, in the order of the file.
    let siteNumbers: [Int]
    /// How many host bits a network usually has.
    let networkBits: UInt32

    init(blocks: [Block], siteNumbers: [Int], networkBits: UInt32) {
        self.blocks = blocks
        self.siteNumbers = siteNumbers
        self.networkBits = networkBits
    }

    /// What a service may not use, because the lab itself does.
    public static let reserved: [IPPrefix] = [
        IPPrefix(.v4(IPv4Address(10, 0, 0, 0)), length: 8),
        IPPrefix(.v4(IPv4Address(172, 16, 0, 0)), length: 12),
        IPPrefix(.v6(IPv6Address(high: 0x2001_0db8_1000_0000, low: 0)), length: 36),
        IPPrefix(.v6(IPv6Address(high: 0x2001_0db8_2000_0000, low: 0)), length: 35),
        IPPrefix(.v6(IPv6Address(high: 0x2001_0db8_4000_0000, low: 0)), length: 34),
        IPPrefix(.v6(IPv6Address(high: 0x2001_0db8_8000_0000, low: 0)), length: 33),
    ]

    static let base: UInt32 = 0x0A00_0000
    static let siteBase: UInt32 = 0x0A80_0000
    /// A network a /16 reads best, so none is smaller as long as that is room enough.
    private static let usualBits: UInt32 = 16

    /// What a network needs addresses for.
    struct Demand: Hashable {
        let routers: Int
        /// The most links that one of its routers may have.
        let links: Int

        /// The host bits of one router's block, and of the network's.
        var bits: (router: UInt32, network: UInt32) {
            // Beyond 2^24 links or routers the sum of bits is too large for any block in any case.
            let router = max(8, Self.bits(for: 2 * min(links, 1 << 24) + 3))
            return (router, router + Self.bits(for: routers))
        }

        private static func bits(for count: Int) -> UInt32 {
            UInt32(Int.bitWidth - max(0, count - 1).leadingZeroBitCount)
        }
    }

    /// Lays out addresses for networks and sites. Throws ``TopologyError`` when they do not fit.
    init(networks: [Demand], sites: Int) throws(TopologyError) {
        guard networks.count < 0x7000 else {
            throw TopologyError(description: "\(networks.count) networks: at most \(0x7000 - 1) fit")
        }
        guard sites < 0x7FFF else { throw TopologyError(description: "\(sites) sites: at most 32766 fit") }
        siteNumbers = Array(0..<sites)
        let needs = networks.map(\.bits)
        for usual in (8...Self.usualBits).reversed() {
            if let blocks = Self.blocks(needs, usual) {
                self.blocks = blocks
                networkBits = usual
                return
            }
        }
        let largest = networks.indices.max { needs[$0].network < needs[$1].network } ?? 0
        throw TopologyError(
            description:
                "\(networks.count) networks, the largest with \(networks[largest].routers) routers of up to "
                + "\(networks[largest].links) links, do not fit into 10.0.0.0/9")
    }

    /// The blocks when a network usually has `usual` host bits; nil when they do not fit.
    private static func blocks(_ needs: [(router: UInt32, network: UInt32)], _ usual: UInt32) -> [Block]? {
        let rowEnd = UInt64(base) + UInt64(needs.count + 1) << UInt64(usual)
        var end = UInt64(siteBase)
        guard rowEnd <= end else { return nil }
        var bases = needs.indices.map { base + UInt32($0 + 1) << usual }
        // The largest first: each block then lies on a multiple of its size without a gap.
        for index in needs.indices.sorted(by: { (needs[$1].network, $0) < (needs[$0].network, $1) }) {
            guard needs[index].network > usual else { break }
            guard needs[index].network < 23, end - rowEnd >= 1 << UInt64(needs[index].network) else { return nil }
            end -= 1 << UInt64(needs[index].network)
            bases[index] = UInt32(truncatingIfNeeded: end)
        }
        return needs.indices.map { row in
            let need = needs[row]
            return Block(row: row, base: bases[row], bits: max(usual, need.network), routerBits: need.router)
        }
    }

    /// What network `index` (from 0) announces.
    public func prefixes(ofNetwork index: Int) -> [IPPrefix] {
        [
            IPPrefix(.v4(IPv4Address(rawValue: blocks[index].base)), length: UInt8(32 - blocks[index].bits)),
            IPPrefix(.v6(IPv6Address(high: networkHigh(index), low: 0)), length: 48),
        ]
    }

    /// The block of router number `router`: its loopback and the links whose addresses it gives.
    public func prefixes(ofRouter router: Int, inNetwork index: Int) -> [IPPrefix] {
        [
            IPPrefix(.v4(routerBase(router, index)), length: UInt8(32 - blocks[index].routerBits)),
            IPPrefix(.v6(IPv6Address(high: networkHigh(index) | UInt64(router), low: 0)), length: 64),
        ]
    }

    /// Where the unicast prefixes of all sites are.
    public static func sites(_ family: AddressFamily) -> IPPrefix {
        switch family {
        case .ipv4: IPPrefix(.v4(IPv4Address(rawValue: siteBase)), length: 9)
        case .ipv6: IPPrefix(.v6(IPv6Address(high: 0x2001_0db8_8000_0000, low: 0)), length: 33)
        }
    }

    /// What site `index` (from 0) announces beside its service.
    public func prefixes(ofSite index: Int) -> [IPPrefix] {
        [
            IPPrefix(.v4(siteBase(index)), length: 24),
            IPPrefix(.v6(IPv6Address(high: siteHigh(index), low: 0)), length: 48),
        ]
    }

    func loopback(ofRouter router: Int, inNetwork index: Int) -> (IPv4Address, IPv6Address) {
        (
            IPv4Address(rawValue: routerBase(router, index).rawValue + 1),
            IPv6Address(high: networkHigh(index) | UInt64(router), low: 1)
        )
    }

    func loopback(ofSite index: Int) -> (IPv4Address, IPv6Address) {
        (IPv4Address(rawValue: siteBase(index).rawValue + 1), IPv6Address(high: siteHigh(index), low: 1))
    }

    /// The addresses of the other end of a link, which follow those of the first.
    static func otherEnd(_ first: (IPv4Address, IPv6Address)) -> (IPv4Address, IPv6Address) {
        (IPv4Address(rawValue: first.0.rawValue + 1), IPv6Address(high: first.1.high, low: first.1.low + 1))
    }

    /// The most links in the prefix of a site.
    static let mostSiteLinks = 127

    /// The first of the two addresses of link `number` (from 0) in the prefix of site `index`; the other follows it.
    func link(_ number: Int, ofSite index: Int) -> (IPv4Address, IPv6Address) {
        let offset = UInt32(truncatingIfNeeded: 2 * number + 2)
        return (
            IPv4Address(rawValue: siteBase(index).rawValue + offset),
            IPv6Address(high: siteHigh(index), low: UInt64(offset))
        )
    }

    /// The first of the two addresses of link `number` (from 0) in a router's block; the other follows it.
    func link(_ number: Int, ofRouter router: Int, inNetwork index: Int) -> (IPv4Address, IPv6Address) {
        let offset = 2 * number + 2
        return (
            IPv4Address(rawValue: routerBase(router, index).rawValue + UInt32(offset)),
            IPv6Address(high: networkHigh(index) | UInt64(router), low: UInt64(offset))
        )
    }

    private func routerBase(_ router: Int, _ index: Int) -> IPv4Address {
        IPv4Address(rawValue: blocks[index].base + UInt32(router) << blocks[index].routerBits)
    }
    private func siteBase(_ index: Int) -> IPv4Address {
        IPv4Address(rawValue: Self.siteBase + UInt32(siteNumbers[index] + 1) << 8)
    }
    private func networkHigh(_ index: Int) -> UInt64 {
        0x2001_0db8_0000_0000 | UInt64(0x1001 + blocks[index].row) << 16
    }
    private func siteHigh(_ index: Int) -> UInt64 { 0x2001_0db8_0000_0000 | UInt64(0x8001 + siteNumbers[index]) << 16 }
}
