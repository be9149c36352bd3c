public import Net

/// How the lab's own addresses are laid out. Services use documentation prefixes that the file names; all else is from
/// 10.0.0.0/8 (RFC 1918) and the upper part of 2001:db8::/32 (RFC 3849), decided by the order of the file.
///
///     network n (from 1)   10.n.0.0/16        2001:db8:1000+n::/48     what its routers announce
///       router r (from 0)  10.n.r.0/24        2001:db8:1000+n:r::/64   its block: what the interior protocol carries
///         loopback         10.n.r.1           ...::1
///         link k           10.n.r.2k+2 /31    ...::2k+2 /127
///     site s (from 1)      10.128+ s /24      2001:db8:8000+s::/48     its unicast prefix, loopback .1 and ::1
///
/// Blocks grow when a router has more than 126 links, and shrink when there are more than 127 networks.
public struct Addressing: Hashable, Sendable {
    /// The number of host bits of a router's IPv4 block: 8 or more.
    let routerBits: UInt32
    /// The number of host bits of a network's IPv4 block.
    let networkBits: UInt32

    /// What a service may not use, because the lab itself does.
    public static let reserved: [IPPrefix] = [
        IPPrefix(.v4(IPv4Address(10, 0, 0, 0)), length: 8),
        IPPrefix(.v6(IPv6Address(high: 0x2001_0db8_1000_0000, low: 0)), length: 36),
        IPPrefix(.v6(IPv6Address(high: 0x2001_0db8_2000_0000, low: 0)), length: 35),
        IPPrefix(.v6(IPv6Address(high: 0x2001_0db8_4000_0000, low: 0)), length: 34),
        IPPrefix(.v6(IPv6Address(high: 0x2001_0db8_8000_0000, low: 0)), length: 33),
    ]

    private static let base: UInt32 = 0x0A00_0000
    private static let siteBase: UInt32 = 0x0A80_0000

    /// Lays out addresses for so many networks and sites, of which the largest has so many routers and links at one
    /// router. Throws ``TopologyError`` when they do not fit.
    init(networks: Int, sites: Int, mostRouters: Int, mostLinks: Int) throws(TopologyError) {
        func bits(for count: Int) -> UInt32 { UInt32(Int.bitWidth - max(0, count - 1).leadingZeroBitCount) }
        routerBits = max(8, bits(for: 2 * mostLinks + 3))
        let needed = routerBits + bits(for: mostRouters)
        // A network a /16 reads best, so it is that as long as 127 of them are enough.
        networkBits = networks <= 127 ? max(16, needed) : needed
        guard networkBits < 23, networks < 1 << (23 - networkBits), networks < 0x7000 else {
            throw TopologyError(
                description:
                    "\(networks) networks with up to \(mostRouters) routers of up to \(mostLinks) links do not fit "
                    + "into 10.0.0.0/9")
        }
        guard sites < 0x7FFF else { throw TopologyError(description: "\(sites) sites: at most 32766 fit") }
    }

    /// What network `index` (from 0) announces.
    public func prefixes(ofNetwork index: Int) -> [IPPrefix] {
        [
            IPPrefix(.v4(networkBase(index)), length: UInt8(32 - networkBits)),
            IPPrefix(.v6(IPv6Address(high: networkHigh(index), low: 0)), length: 48),
        ]
    }

    /// The block of one router: its loopback and the links whose addresses it gives.
    public func prefixes(ofRouter router: Int, inNetwork index: Int) -> [IPPrefix] {
        [
            IPPrefix(.v4(routerBase(router, index)), length: UInt8(32 - routerBits)),
            IPPrefix(.v6(IPv6Address(high: networkHigh(index) | UInt64(router), low: 0)), length: 64),
        ]
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

    /// The first of the two addresses of link `number` (from 0) in a router's block; the other follows it.
    func link(_ number: Int, ofRouter router: Int, inNetwork index: Int) -> (IPv4Address, IPv6Address) {
        let offset = 2 * number + 2
        return (
            IPv4Address(rawValue: routerBase(router, index).rawValue + UInt32(offset)),
            IPv6Address(high: networkHigh(index) | UInt64(router), low: UInt64(offset))
        )
    }

    private func networkBase(_ index: Int) -> IPv4Address {
        IPv4Address(rawValue: Self.base + UInt32(index + 1) << networkBits)
    }
    private func routerBase(_ router: Int, _ index: Int) -> IPv4Address {
        IPv4Address(rawValue: networkBase(index).rawValue + UInt32(router) << routerBits)
    }
    private func siteBase(_ index: Int) -> IPv4Address {
        IPv4Address(rawValue: Self.siteBase + UInt32(index + 1) << 8)
    }
    private func networkHigh(_ index: Int) -> UInt64 { 0x2001_0db8_0000_0000 | UInt64(0x1001 + index) << 16 }
    private func siteHigh(_ index: Int) -> UInt64 { 0x2001_0db8_0000_0000 | UInt64(0x8001 + index) << 16 }
}
