import Foundation
import Sys
import TestSupport
import Testing

@testable import LabRuntime

/// Packets of one flow on veth links, over which a packet keeps the hash that it has:
///
///     source --- first --- second === sink        from second to sink there are two equal ways
@Suite struct PacketSpreadingTests {
    private static let packets = 400

    private static let setUp = """
        for node in source first second sink; do
          ip netns add $lab-$node
          ip -n $lab-$node link set lo up
          ip netns exec $lab-$node sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 \\
            net.ipv4.conf.default.rp_filter=0 net.ipv4.fib_multipath_hash_policy=1
        done
        join() { # one, its address, other, its address, the name of the interface at both
          ip link add $5 netns $lab-$1 type veth peer name $5 netns $lab-$3
          ip -n $lab-$1 address add $2/30 dev $5
          ip -n $lab-$3 address add $4/30 dev $5
          ip -n $lab-$1 link set $5 up
          ip -n $lab-$3 link set $5 up
        }
        join source 10.0.0.1 first 10.0.0.2 left
        join first 10.0.1.1 second 10.0.1.2 middle
        join second 10.0.2.1 sink 10.0.2.2 upper
        join second 10.0.3.1 sink 10.0.3.2 lower
        ip -n $lab-sink address add 198.51.100.1/32 dev lo
        ip -n $lab-source route add default via 10.0.0.2
        ip -n $lab-first route add 198.51.100.1 via 10.0.1.2
        ip -n $lab-second route add 198.51.100.1 nexthop via 10.0.2.2 nexthop via 10.0.3.2
        """
    private static let send = """
        ip netns exec $lab-source python3 -c "
        import socket
        flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        flow.bind(('', 4444))
        for number in range(\(packets)): flow.sendto(b'x', ('198.51.100.1', 9))"
        """
    private static let received = """
        for interface in upper lower; do
          ip netns exec $lab-sink cat /sys/class/net/$interface/statistics/rx_packets
        done
        """

    private func run(_ lab: String, _ script: String) throws -> String {
        try TestSupport.run("sh", "-c", "set -e; PATH=$PATH:/usr/sbin:/sbin; lab=\(lab)\n" + script)
    }

    /// How many packets of a flow come to the sink by each way.
    private func shares(_ lab: String) throws -> [Int] {
        func counters() throws -> [Int] { try run(lab, Self.received).split(separator: "\n").compactMap { Int($0) } }
        let before = try counters()
        _ = try run(lab, Self.send)
        let end = Clock.monotonic() + 30_000_000_000
        while true {
            let shares = zip(try counters(), before).map { $0 - $1 }
            // What asks for addresses comes besides.
            if shares.reduce(0, +) >= Self.packets || Clock.monotonic() > end { return shares }
        }
    }

    private func begin(_ spreading: PacketSpreading, _ lab: String, _ node: String, _ interfaces: [String]) throws {
        let namespace = try NetworkNamespace.open("/run/netns/\(lab)-\(node)")
        for interface in interfaces {
            let text = try run(lab, "ip netns exec \(lab)-\(node) cat /sys/class/net/\(interface)/ifindex")
            let index = try #require(UInt32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            try namespace.perform { try spreading.begin(on: index) }
        }
    }

    @Test("A router that shares out packets leaves it to the next one to share out flows") func theNextRouter() throws {
        let lab = "spread-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { _ = try? run(lab, "for node in source first second sink; do ip netns del $lab-$node || true; done") }
        _ = try run(lab, Self.setUp)
        let spreading = try PacketSpreading()
        try begin(spreading, lab, "first", ["left", "middle"])
        let whole = try shares(lab)
        #expect(whole.contains { $0 >= Self.packets } && whole.contains { $0 < 10 }, "\(whole)")
        try begin(spreading, lab, "second", ["upper", "lower", "middle"])
        let shared = try shares(lab)
        // A half has a standard deviation of 10.
        #expect(shared.allSatisfy { abs($0 - Self.packets / 2) < 80 }, "\(shared)")
    }
}
