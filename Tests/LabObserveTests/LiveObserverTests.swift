import Foundation
import LabModel
import Net
import Netlink
import Sys
import TestSupport
import Testing

@testable import LabObserve

@Suite("A chain of namespaces with a DNS server at its end", .serialized)
struct LiveObserverTests {
    let lab: LiveLab

    init() throws { lab = try LiveLab() }

    @Test("probe and walk agree, and every hop answers with its own round trip", arguments: AddressFamily.allCases)
    func catchment(_ family: AddressFamily) throws {
        let london = try Answerer(lab, "london", delay: 100_000_000)
        defer { withExtendedLifetime(london) {} }
        let service = family == .ipv4 ? SmallLab.service4 : SmallLab.service6
        let rows = try lab.observer.catchment(addresses: [service])
        #expect(rows.count == 1)
        let row = try #require(rows.first)
        #expect(row.finding == nil)
        #expect(row.agrees)
        #expect(row.client.name == "home")
        #expect(row.service == "resolver")
        #expect(row.family == family)
        #expect(row.site == "london")
        #expect(row.asPath == [ASN(65101), ASN(65010), ASN(64500)])
        #expect(row.hops.map { $0.node?.name } == ["isp-lhr", "core-fra", "london"])
        #expect(row.hops.first?.address == (try lab.end("isp-lhr", towards: "home").address(family)))
        #expect(row.hops.last?.address == service)
        let rtt = try #require(row.rtt)
        #expect((100_000_000..<1_000_000_000).contains(rtt), "\(rtt) ns for an answer after 100 ms")
        for hop in row.hops.dropLast() {
            let rtt = try #require(hop.rtt)
            #expect((1..<100_000_000).contains(rtt), "\(rtt) ns for an answer at once")
        }
    }

    @Test("the site moves when the route does, in both families at once")
    func moving() throws {
        let servers = try ["london", "paris"].map { try Answerer(lab, $0) }
        defer { withExtendedLifetime(servers) {} }
        for site in ["london", "paris", "london"] {
            try lab.serve(by: [site])
            let rows = try lab.observer.catchment()
            #expect(rows.map(\.site) == [site, site])
            #expect(rows.map(\.family) == [.ipv4, .ipv6])
            #expect(rows.map(\.finding) == [nil, nil])
        }
    }

    @Test("a wrong name is found")
    func wrongName() throws {
        let impostor = try Answerer(lab, "london", name: "paris")
        defer { withExtendedLifetime(impostor) {} }
        for row in try lab.observer.catchment() {
            #expect(row.site == "paris")
            #expect(!row.agrees)
            #expect(row.finding?.hasPrefix("paris answers, but the way by the kernels' routes leads to london") == true)
        }
    }

    @Test("a server that is gone is told by ICMP at once, not by waiting")
    func nobodyListens() throws {
        let begin = Clock.monotonic()
        let rows = try lab.observer.catchment(timeout: 30_000_000_000)
        #expect(Clock.monotonic() - begin < 10_000_000_000)
        #expect(rows.count == 2)
        for row in rows {
            #expect(row.site == nil)
            #expect(!row.agrees)
            #expect(row.finding?.contains("says: nobody listens on the port") == true)
            #expect(row.hops.map { $0.node?.name } == ["isp-lhr", "core-fra", "london"])
        }
    }

    @Test("a missing route, a dead end and a loop are seen alike by walk and probe")
    func faults() throws {
        try lab.expectLostWays()
    }

    @Test("a lost carrier ends the walk at the node before")
    func carrier() throws {
        try lab.ip("london", "link", "set", try lab.end("london", towards: "core-fra").interface, "down")
        let home = try lab.topology.require("home").index
        // The IPv6 route of the core is gone with the carrier, its IPv4 route is only marked.
        let walk = try lab.observer.walk(from: home, to: SmallLab.service4)
        #expect(walk.outcome == .linkDown(try lab.topology.require("core-fra")))
    }

    @Test("trace and traceroute see the same", arguments: AddressFamily.allCases)
    func traceroute(_ family: AddressFamily) throws {
        let london = try Answerer(lab, "london")
        defer { withExtendedLifetime(london) {} }
        let service = family == .ipv4 ? SmallLab.service4 : SmallLab.service6
        for (from, to) in [
            ("home", service), ("isp-lhr", service), ("paris", service), ("london", try own("home", family)),
            ("home", try own("core-fra", family)), ("core-fra", try own("paris", family)),
        ] {
            let trace = try lab.observer.trace(from: lab.topology.require(from).index, to: to)
            let text = try run(
                "ip", "netns", "exec", lab.namespace(from), "traceroute", "-n", "-q", "1", "-w", "2", "\(to)")
            let theirs = text.split(separator: "\n").dropFirst().map { $0.split(separator: " ")[1] }
            #expect(trace.hops.map { $0.address?.description ?? "*" } == theirs.map(String.init), "\(from) to \(to)")
            #expect(trace.isReached)
            #expect(trace.finding == nil)
            #expect(trace.hops.allSatisfy { $0.rtt != nil && $0.node != nil })
            // A packet to itself goes nowhere; traceroute shows that as one hop.
            let walked = from == "paris" ? [trace.source.index] : trace.walk.hops.map { $0.node?.index }
            #expect(trace.hops.map { $0.node?.index } == walked)
        }
    }

    private func own(_ name: String, _ family: AddressFamily) throws -> IPAddress {
        let node = try lab.topology.require(name)
        return family == .ipv4 ? .v4(node.address) : .v6(node.address6)
    }

    @Test("a trace ends where the way does, and says why")
    func brokenTrace() throws {
        let prefixes = lab.topology.lab.services.flatMap(\.prefixes)
        for prefix in prefixes { try lab.ip("core-fra", "route", "del", "\(prefix)", "proto", "bgp", "metric", "20") }
        let home = try lab.topology.require("home").index
        for service in [SmallLab.service4, SmallLab.service6] {
            let trace = try lab.observer.trace(from: home, to: service)
            #expect(!trace.isReached)
            #expect(trace.hops.map { $0.node?.name } == ["isp-lhr", "core-fra"])
            #expect(trace.finding == "core-fra says: no route")
        }
    }

    @Test("a trace around a loop has as many hops as there are")
    func loopingTrace() throws {
        try lab.setRoute("core-fra", to: lab.topology.lab.services.flatMap(\.prefixes), via: ["isp-lhr"])
        let home = try lab.topology.require("home").index
        for service in [SmallLab.service4, SmallLab.service6] {
            let trace = try lab.observer.trace(from: home, to: service)
            #expect(!trace.isReached)
            #expect(trace.hops.count == Trace.mostHops)
            for (index, hop) in trace.hops.enumerated() {
                #expect(hop.node?.name == (index % 2 == 0 ? "isp-lhr" : "core-fra"))
            }
        }
    }

    @Test("a hop that keeps silent is nil, and those behind it are there")
    func silentHop() throws {
        let london = try Answerer(lab, "london")
        defer { withExtendedLifetime(london) {} }
        // Nothing of the core's own may go out: no way back for its errors.
        for family in ["-4", "-6"] {
            let prefix = lab.topology.nodes.first { $0.name == "isp-lhr" }?.prefixes
            let block = try #require(prefix?.first { ($0.family == .ipv4) == (family == "-4") })
            try lab.ip(
                "core-fra", family, "rule", "add", "iif", "lo", "to", "\(block)", "blackhole", "priority", "10")
        }
        let home = try lab.topology.require("home").index
        let trace = try lab.observer.trace(from: home, to: SmallLab.service4, timeout: 500_000_000)
        #expect(trace.isReached)
        #expect(trace.hops.map { $0.node?.name } == ["isp-lhr", nil, "london"])
        #expect(trace.hops[1] == Hop(node: nil, address: nil))
        let row = try #require(try lab.observer.catchment(addresses: [SmallLab.service4], timeout: 500_000_000).first)
        #expect(row.agrees)
        #expect(row.site == "london")
        #expect(row.finding == "no answer from core-fra")
        #expect(row.hops[1].node?.name == "core-fra")
        #expect(row.hops[1].rtt == nil)
    }

    @Test("lost queries are sent again after a second, and the round trip is that of the one that was answered")
    func retransmission() throws {
        // One of the usual TTL and one that just arrives.
        let london = try Answerer(lab, "london", ignored: 2)
        defer { withExtendedLifetime(london) {} }
        let begin = Clock.monotonic()
        let rows = try lab.observer.catchment(timeout: 10_000_000_000)
        let took = Clock.monotonic() - begin
        #expect((1_000_000_000..<5_000_000_000).contains(took), "\(took) ns")
        for row in rows {
            #expect(row.site == "london")
            #expect(row.finding == nil)
            #expect(try #require(row.rtt) < 500_000_000)
        }
    }

    @Test("routes are those of the kernel, with the neighbour named")
    func routes() throws {
        try lab.serve(by: ["london", "paris"])
        let core = try lab.topology.require("core-fra")
        let routes = try lab.observer.routes(of: core.index)
        #expect(routes == routes.sorted())
        let service = try #require(routes.first { $0.prefix.contains(SmallLab.service4) })
        #expect(service.originName == "bgp")
        #expect(service.kindName == "unicast")
        #expect(service.metric == 20)
        #expect(Set(service.nextHops.map(\.neighbour)) == ["london", "paris"])
        #expect(
            service.nextHops.map(\.address).contains(.v4(try lab.end("london", towards: "core-fra").address)))
        #expect(Set(routes.map(\.prefix.family)) == [.ipv4, .ipv6])
        let listed = try lab.ip("core-fra", "-4", "-o", "route").split(separator: "\n").count
        #expect(routes.filter { $0.prefix.family == .ipv4 }.count == listed)
    }

    @Test("walk and probes of one flow take the same of several equal ways")
    func multipath() throws {
        let servers = try ["london", "paris"].map { try Answerer(lab, $0) }
        defer { withExtendedLifetime(servers) {} }
        try lab.serve(by: ["london", "paris"])
        var seen: Set<String?> = []
        for _ in 0..<40 {
            for row in try lab.observer.catchment() {
                #expect(row.finding == nil)
                seen.insert(row.site)
            }
        }
        #expect(seen == ["london", "paris"])
    }

    @Test("a lab that is not up is an error that names lab, node and path")
    func notUp() throws {
        let observer = Observer(topology: lab.topology) { "/run/netns/no-such-lab.\($0)" }
        let home = try lab.topology.require("home").index
        let expected = ObservationError.notUp(lab: "small", node: "home", path: "/run/netns/no-such-lab.home")
        #expect(throws: expected) { try observer.catchment() }
        #expect(throws: expected) { try observer.trace(from: home, to: SmallLab.service4) }
        #expect(throws: expected) { try observer.walk(from: home, to: SmallLab.service4) }
        #expect(throws: expected) { try observer.routes(of: home) }
        #expect(
            "\(expected)" == "lab small is not up: home has no namespace at /run/netns/no-such-lab.home")
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let plain = Observer(topology: lab.topology) { _ in file.path }
        #expect(throws: ObservationError.notUp(lab: "small", node: "home", path: file.path)) {
            try plain.routes(of: home)
        }
    }

    @Test("what is not of the lab is an error")
    func unknown() throws {
        #expect(throws: ObservationError.noNode(99)) { try lab.observer.routes(of: 99) }
        #expect(throws: ObservationError.noNode(-1)) { try lab.observer.catchment(clients: [-1]) }
        let london = try lab.topology.require("london").index
        #expect(throws: ObservationError.noClient("london")) { try lab.observer.catchment(clients: [london]) }
        let other = IPAddress.v4(IPv4Address(198, 51, 100, 1))
        #expect(throws: ObservationError.noService(address: other)) {
            try lab.observer.catchment(addresses: [other])
        }
    }

    @Test("nothing stays open, and the thread comes home")
    func leavesNothing() throws {
        let london = try Answerer(lab, "london")
        defer { withExtendedLifetime(london) {} }
        _ = try lab.observer.catchment()
        let home = Files.linkTarget("/proc/thread-self/ns/net")
        let cookies = try Set(
            lab.topology.nodes.map { node in
                let namespace = try NetworkNamespace.open(lab.path(node.name))
                return try namespace.perform { cookie(of: try Socket.open(AF_INET, .datagram)) }
            })
        let before = sockets(in: cookies)
        #expect(before > 0, "the answerer has some")
        let names = Set(lab.topology.nodes.map { node in inode(lab.path(node.name)) })
        _ = try lab.observer.catchment()
        _ = try lab.observer.trace(from: lab.topology.require("home").index, to: SmallLab.service6)
        #expect(Files.linkTarget("/proc/thread-self/ns/net") == home)
        #expect(sockets(in: cookies) == before)
        let held = Files.list("/proc/self/fd").compactMap { Files.linkTarget("/proc/self/fd/\($0)") }
        #expect(held.filter { link in names.contains { link == "net:[\($0)]" } }.isEmpty)
    }

    /// How many of this process's sockets are in the namespaces with these cookies: other tests, which run at the same time,
    /// have sockets in others.
    private func sockets(in cookies: Set<UInt64?>) -> Int {
        Files.list("/proc/self/fd").compactMap { Int32($0) }.filter { raw in
            cookie(raw).map { cookies.contains($0) } ?? false
        }.count
    }

    private func cookie(of socket: borrowing FileDescriptor) -> UInt64? { cookie(socket.raw) }

    /// The cookie of a socket's network namespace (SO_NETNS_COOKIE, 71); nil for what is no socket.
    private func cookie(_ raw: Int32) -> UInt64? {
        var value: UInt64 = 0
        var length = socklen_t(MemoryLayout<UInt64>.size)
        return getsockopt(raw, SOL_SOCKET, 71, &value, &length) == 0 ? value : nil
    }

    private func inode(_ path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }
}
