import LabModel
import Net
import Sys
import TestSupport
import Testing

@testable import LabObserve

@Suite("Probes that are counted in namespaces", .serialized)
struct LiveLedgerTests {
    let lab: LiveLab

    init() throws { lab = try LiveLab() }

    /// The way of IPv4 ends at a site that cannot be asked, that of IPv6 at a route that drops.
    @Test("a node that cannot be asked leaves the ways of others known")
    func aNodeThatCannotBeAsked() throws {
        try lab.serve(by: ["paris"])
        let prefix = try #require(lab.topology.lab.services.flatMap(\.prefixes).first { $0.family == .ipv6 })
        try lab.ip("core-fra", "route", "del", "\(prefix)", "proto", "bgp", "metric", "20")
        try lab.ip("core-fra", "route", "add", "blackhole", "\(prefix)")
        let namespaces = lab.topology.nodes.map {
            $0.name == "paris" ? "/run/netns/no-such-lab.paris" : lab.path($0.name)
        }
        let ledger = try Ledger(topology: lab.topology, namespaces: namespaces)
        let deadline = Clock.monotonic() + 30_000_000_000
        while try sent() < 20 { try #require(Clock.monotonic() < deadline) }
        let report = try ledger.close()
        let flow = try #require(report.flows.first { $0.address == SmallLab.service6 })
        #expect(flow.sent > 0 && flow.sent == flow.accounted)
        #expect(flow.lost == [.init(place: "core-fra", why: "a route that drops"): flow.sent])
    }

    /// How many datagrams the client has sent over IPv6.
    private func sent() throws -> Int {
        let text = try run("ip", "netns", "exec", lab.namespace("home"), "cat", "/proc/net/snmp6")
        let line = text.split(separator: "\n").first { $0.hasPrefix("Udp6OutDatagrams") }
        return line?.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) } ?? 0
    }
}
