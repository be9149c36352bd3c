import Foundation
import Net
import Netlink
import TestSupport
import Testing

@Suite("Addresses, routes and neighbours, in namespaces of their own", .serialized)
struct LiveRouteTests {
    /// Two namespaces joined by two links, with addresses of both families on the left.
    struct Pair {
        let left: TestNamespace
        let right: TestNamespace
        let a: UInt32
        let b: UInt32

        init() throws {
            left = try TestNamespace()
            right = try TestNamespace()
            a = try left.veth("a", to: right, "a").here
            b = try left.veth("b", to: right, "b").here
            var batch = NetlinkBatch()
            batch.add(LinkChange(.index(1), isUp: true))
            for (text, length, link) in [
                ("10.0.0.0", 31, a), ("10.0.0.2", 31, b), ("192.0.2.1", 32, 1), ("2001:db8::", 127, a),
                ("2001:db8::2", 127, b), ("2001:db8:1::1", 128, 1),
            ] as [(String, UInt8, UInt32)] {
                batch.add(
                    AddressChange(.add, InterfaceAddress(try address(text), prefixLength: length, interface: link)))
            }
            try left.session.send(batch)
        }
    }

    @Test("addresses of both families appear at once, without peers and without duplicate address detection")
    func addresses() throws {
        let pair = try Pair()
        let shown = try pair.left.ip("addr", "show", "dev", "a")
        let entries = try #require(shown.first?["addr_info"] as? [[String: Any]])
        let v4 = try #require(entries.first { $0["family"] as? String == "inet" })
        #expect(v4["local"] as? String == "10.0.0.0")
        #expect(v4["prefixlen"] as? Int == 31)
        #expect(v4["address"] == nil, "no peer")
        #expect(v4["scope"] as? String == "global")
        let v6 = try #require(entries.first { $0["local"] as? String == "2001:db8::" })
        #expect(v6["nodad"] as? Bool == true)
        #expect(v6["tentative"] == nil)

        let ours = try pair.left.session.addresses(.ipv4)
        #expect(ours.map(\.description).sorted() == ["10.0.0.0/31", "10.0.0.2/31", "127.0.0.1/8", "192.0.2.1/32"])
        let sixes = try pair.left.session.addresses(.ipv6)
        #expect(
            sixes.contains(InterfaceAddress(try address("2001:db8::2"), prefixLength: 127, interface: pair.b)))
        #expect(try pair.left.session.addresses().count == ours.count + sixes.count)

        let gone = InterfaceAddress(try address("192.0.2.1"), prefixLength: 32, interface: 1)
        try pair.left.session.send(AddressChange(.delete, gone))
        #expect(try pair.left.session.addresses(.ipv4).contains(gone) == false)
        try pair.left.session.send(AddressChange(.delete, gone), ignoring: .alreadyGone)
        let v6gone = InterfaceAddress(try address("2001:db8:1::1"), prefixLength: 128, interface: 1)
        try pair.left.session.send(AddressChange(.delete, v6gone))
        try pair.left.session.send(AddressChange(.delete, v6gone), ignoring: .alreadyGone)
    }

    @Test("single, multipath, on-link and dropping routes of both families read back as they were sent")
    func routes() throws {
        let pair = try Pair()
        let (a, b) = (pair.a, pair.b)
        let routes: [KernelRoute] = try [
            KernelRoute(
                prefix("198.51.100.0/24"), via: [.init(address("10.0.0.1"), interface: a)], origin: .bgp,
                metric: 20, preferredSource: address("192.0.2.1")),
            KernelRoute(
                prefix("198.51.101.0/24"),
                via: [.init(address("10.0.0.1"), interface: a, weight: 3), .init(address("10.0.0.3"), interface: b)],
                origin: .bgp),
            KernelRoute(prefix("198.51.102.0/24"), via: [.init(interface: a)]),
            KernelRoute(
                prefix("198.51.103.0/24"), via: [.init(address("172.16.0.1"), interface: a, isOnLink: true)]),
            KernelRoute(prefix("198.51.104.0/24"), kind: .blackhole, origin: .bgp),
            KernelRoute(prefix("198.51.105.0/24"), kind: .unreachable),
            KernelRoute(
                prefix("198.51.106.0/24"), via: [.init(address("2001:db8::1"), interface: a)], origin: .bgp),
            KernelRoute(
                prefix("198.51.107.0/24"),
                via: [
                    .init(address("2001:db8::1"), interface: a), .init(address("2001:db8::3"), interface: b),
                ]),
            KernelRoute(
                prefix("198.51.108.0/24"), via: [.init(address("10.0.0.1"), interface: a)], table: 1000),
            KernelRoute(
                prefix("2001:db8:100::/48"), via: [.init(address("2001:db8::1"), interface: a)], origin: .bgp,
                metric: 20, preferredSource: address("2001:db8:1::1")),
            KernelRoute(
                prefix("2001:db8:101::/48"),
                via: [
                    .init(address("2001:db8::1"), interface: a, weight: 2), .init(address("2001:db8::3"), interface: b),
                ],
                origin: .bgp, metric: 1024),
            KernelRoute(prefix("2001:db8:102::/48"), via: [.init(interface: b)], metric: 7),
            KernelRoute(
                prefix("2001:db8:103::/48"), via: [.init(address("2001:db8:9::9"), interface: a, isOnLink: true)],
                metric: 1024),
        ]
        try pair.left.session.send(NetlinkBatch(routes.map { RouteChange(.add, $0) }))
        let read =
            try pair.left.session.routes(.ipv4, table: nil) + pair.left.session.routes(.ipv6, table: nil)
        for route in routes { #expect(read.contains(route), "\(route)") }

        try pair.left.session.send(
            RouteChange(.add, KernelRoute(prefix("2001:db8:104::/48"), kind: .blackhole, metric: 5)))
        let dropping = try pair.left.session.routes(.ipv6).first {
            $0.destination == (try? prefix("2001:db8:104::/48"))
        }
        #expect(dropping?.kind == .blackhole)

        let shown = try pair.left.ip("-d", "route", "show", "198.51.101.0/24")
        let first = try #require(shown.first)
        #expect(first["protocol"] as? String == "bgp")
        let hops = try #require(first["nexthops"] as? [[String: Any]])
        #expect(hops.map { $0["gateway"] as? String } == ["10.0.0.1", "10.0.0.3"])
        #expect(hops.map { $0["weight"] as? Int } == [3, 1])
        #expect(hops.map { $0["dev"] as? String } == ["a", "b"])
        let single = try #require(try pair.left.ip("-d", "route", "show", "198.51.100.0/24").first)
        #expect(single["metric"] as? Int == 20)
        #expect(single["prefsrc"] as? String == "192.0.2.1")
        #expect(single["gateway"] as? String == "10.0.0.1")
        let via = try #require(try pair.left.ip("-d", "route", "show", "198.51.106.0/24").first)
        #expect((via["via"] as? [String: Any])?["host"] as? String == "2001:db8::1")
        let six = try #require(try pair.left.ip("-d", "-6", "route", "show", "2001:db8:101::/48").first)
        #expect((six["nexthops"] as? [[String: Any]])?.count == 2)

        let bgp = try pair.left.session.routes(.ipv4, origin: .bgp)
        #expect(bgp.count == 4)
        #expect(bgp.allSatisfy { $0.origin == .bgp && $0.table == KernelRoute.mainTable })
        #expect(try pair.left.session.routes(.ipv4, table: 1000).count == 1)
        #expect(try pair.left.session.routes(.ipv4, table: 77).isEmpty)
        #expect(try pair.left.session.routes(.ipv6, origin: .bgp).count == 2)

        for route in routes {
            var bare = KernelRoute(route.destination, kind: route.kind, table: route.table, metric: route.metric)
            bare.origin = route.origin
            try pair.left.session.send(RouteChange(.delete, bare))
        }
        let left = try pair.left.session.routes(.ipv4, table: nil) + pair.left.session.routes(.ipv6, table: nil)
        for route in routes { #expect(!left.contains { $0.destination == route.destination }, "\(route)") }
    }

    @Test("replacing takes all next hops of the old route away", arguments: [AddressFamily.ipv4, .ipv6])
    func replacing(_ family: AddressFamily) throws {
        let pair = try Pair()
        let target = try prefix(family == .ipv4 ? "198.51.100.0/24" : "2001:db8:100::/48")
        let one = KernelRoute.NextHop(try address(family == .ipv4 ? "10.0.0.1" : "2001:db8::1"), interface: pair.a)
        let two = KernelRoute.NextHop(try address(family == .ipv4 ? "10.0.0.3" : "2001:db8::3"), interface: pair.b)
        for hops in [[one], [one, two], [two], [two, one], [one, two], [one]] {
            try pair.left.session.send(RouteChange(.replace, KernelRoute(target, via: hops, origin: .bgp, metric: 10)))
            let read = try pair.left.session.routes(family).filter { $0.destination == target }
            #expect(read.count == 1)
            #expect(Set(read.flatMap(\.nextHops)) == Set(hops))
        }
        try pair.left.session.send(RouteChange(.delete, KernelRoute(target, origin: .bgp, metric: 10)))
        #expect(try pair.left.session.routes(family).contains { $0.destination == target } == false)
    }

    @Test("a look-up answers the way, and the entry when that is asked for")
    func lookups() throws {
        let pair = try Pair()
        let session = pair.left.session
        for (target, gateways, inside) in [
            ("198.51.100.0/24", ["10.0.0.1", "10.0.0.3"], "198.51.100.9"),
            ("2001:db8:100::/48", ["2001:db8::1", "2001:db8::3"], "2001:db8:100::9"),
        ] {
            let hops = try zip(gateways, [pair.a, pair.b]).map { KernelRoute.NextHop(try address($0), interface: $1) }
            let destination = try address(inside)
            let missing = #expect(throws: NetlinkError.self) { try session.lookup(RouteLookup(destination)) }
            #expect(missing?.code == ENETUNREACH)
            try session.send(RouteChange(.add, KernelRoute(prefix(target), via: hops, origin: .bgp, metric: 9)))

            let way = try session.lookup(RouteLookup(destination))
            #expect(way.destination == IPPrefix(destination, length: destination.family.bitWidth))
            #expect(way.nextHops.count == 1)
            #expect(way.preferredSource != nil)
            #expect(
                hops.contains {
                    $0.gateway == way.nextHops.first?.gateway && $0.interface == way.nextHops.first?.interface
                })

            let entry = try session.lookup(RouteLookup(destination, wantsEntry: true))
            #expect(entry.destination == (try prefix(target)))
            #expect(entry.origin == .bgp)
            // IPv6 names the next hop first that this packet would take (rt6_fill_node), the others after it.
            #expect(entry.nextHops.count == 2 && Set(entry.nextHops) == Set(hops))
            #expect(entry.metric == 9)
        }
    }

    @Test("ports choose among the next hops when the kernel hashes on them")
    func hashing() throws {
        let pair = try Pair()
        try run("ip", "netns", "exec", pair.left.name, "sysctl", "-qw", "net.ipv4.fib_multipath_hash_policy=1")
        let hops = try [("10.0.0.1", pair.a), ("10.0.0.3", pair.b)].map {
            KernelRoute.NextHop(try address($0.0), interface: $0.1)
        }
        try pair.left.session.send(RouteChange(.add, KernelRoute(prefix("198.51.100.0/24"), via: hops)))
        var used: Set<UInt32?> = []
        for port in 1000..<1064 as Range<UInt16> {
            let flow = RouteLookup.Flow(protocolNumber: 17, sourcePort: port, destinationPort: 53)
            let question = try RouteLookup(address("198.51.100.9"), from: address("192.0.2.1"), flow: flow)
            let answer = try pair.left.session.lookup(question)
            #expect(
                answer.nextHops.first?.interface == (try pair.left.session.lookup(question)).nextHops.first?.interface)
            used.insert(answer.nextHops.first?.interface)
        }
        #expect(used == [pair.a, pair.b])
    }

    @Test("permanent neighbours of both families", arguments: ["10.0.0.1", "2001:db8::1"])
    func neighbours(_ text: String) throws {
        let pair = try Pair()
        let target = try address(text)
        let entry = NeighbourEntry(target, try mac("02:00:00:00:00:63"), interface: pair.a)
        try pair.left.session.send(NeighbourChange(.add, entry))
        #expect(throws: NetlinkError.self) { try pair.left.session.send(NeighbourChange(.add, entry)) }
        let shown = try pair.left.ip("neigh", "show", text)
        #expect(shown.first?["lladdr"] as? String == "02:00:00:00:00:63")
        #expect(shown.first?["state"] as? [String] == ["PERMANENT"])
        let other = NeighbourEntry(target, try mac("02:00:00:00:00:64"), interface: pair.a)
        try pair.left.session.send(NeighbourChange(.replace, other))
        #expect(try pair.left.session.neighbours(target.family).filter { $0.address == target } == [other])
        try pair.left.session.send(NeighbourChange(.delete, other))
        #expect(try pair.left.session.neighbours(target.family).contains { $0 == other } == false)
    }

    @Test("a batch of 1,000 routes is done, its bad ones are named, and tolerated ones pass")
    func largeBatch() throws {
        let pair = try Pair()
        var batch = NetlinkBatch()
        let bad = [0, 127, 128, 500, 999]
        for index in 0..<1000 {
            let destination = IPAddress.v4(IPv4Address(198, 18, UInt8(index / 256), UInt8(index % 256)))
            let gateway = try address(bad.contains(index) ? "10.77.0.1" : "10.0.0.1")
            batch.add(
                RouteChange(.add, KernelRoute(IPPrefix(destination, length: 32), via: [.init(gateway)], origin: .bgp)))
        }
        let refusals = try pair.left.session.attempt(batch)
        #expect(refusals.map(\.position) == bad)
        #expect(refusals[3].error.request == "add route 198.18.1.244/32 via 10.77.0.1 in \(pair.left.name)")
        #expect(try pair.left.session.routes(.ipv4, origin: .bgp).count == 995)
        #expect(throws: NetlinkError.self) { try pair.left.session.send(batch) }

        var again = NetlinkBatch()
        for entry in 0..<1000 where !bad.contains(entry) {
            let destination = IPAddress.v4(IPv4Address(198, 18, UInt8(entry / 256), UInt8(entry % 256)))
            let route = KernelRoute(IPPrefix(destination, length: 32), via: [.init(try address("10.0.0.1"))])
            again.add(RouteChange(.add, route), ignoring: .alreadyThere)
        }
        #expect(try pair.left.session.attempt(again) == [])
    }
}
