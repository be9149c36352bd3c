import Foundation
import LabModel
import Net
import Netlink
import Sys
import TestSupport
import Testing

@testable import LabObserve

/// The nodes of ``SmallLab`` as namespaces with links, addresses and static routes, built without the rest of the program.
/// Removed whatever the test does.
final class LiveLab {
    let topology: Topology
    private let prefix = "obs\(getpid())-\(UInt32.random(in: 0 ... .max))"
    private var made: [String] = []

    init(_ kind: Service.Kind = .dns) throws {
        topology = try SmallLab.topology("small", kind)
        do {
            for node in topology.nodes { try createNamespace(node) }
            for link in topology.links { try join(link) }
            for node in topology.nodes { try address(node) }
            try route()
            for node in topology.nodes { try awaitAddresses(node) }
        } catch {
            remove()
            throw error
        }
    }

    deinit { remove() }

    private func remove() {
        for name in made { _ = try? run("ip", "netns", "del", name) }
    }

    func namespace(_ node: String) -> String { "\(prefix).\(node)" }
    func path(_ node: String) -> String { "/run/netns/\(namespace(node))" }
    var observer: Observer { Observer(topology: topology, namespacePath: path) }

    /// Runs ip(8) inside of a node.
    @discardableResult
    func ip(_ node: String, _ arguments: String...) throws -> String {
        try run("ip", ["-n", namespace(node)] + arguments)
    }

    /// The end of the link of two nodes that is at the first.
    func end(_ node: String, towards other: String) throws -> LinkEnd {
        let other = try topology.require(other).index
        return try #require(topology.links(of: topology.require(node).index).first { $0.other.node == other }).end
    }

    private func createNamespace(_ node: Node) throws {
        try run("ip", "netns", "add", namespace(node.name))
        made.append(namespace(node.name))
        var settings = [
            "net.ipv4.icmp_ratelimit=0", "net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratelimit=0",
            "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
            "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
            "net.ipv4.fib_multipath_hash_policy=1", "net.ipv6.fib_multipath_hash_policy=1",
        ]
        if node.kind == .router { settings += ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"] }
        try run("ip", ["netns", "exec", namespace(node.name), "sysctl", "-qw"] + settings)
    }

    private func session(_ node: String) throws -> NetlinkSession {
        try NetlinkSession(in: NetworkNamespace.open(path(node)), name: node)
    }

    private func join(_ link: Link) throws {
        let names = [link.a, link.b].map { topology.nodes[$0.node].name }
        let left = try NetworkNamespace.open(path(names[0]))
        let right = try NetworkNamespace.open(path(names[1]))
        let index = UInt32(link.index * 2 + 10)
        try NetlinkSession().send(
            VethCreation(
                .init(link.a.interface, in: .init(left, name: names[0]), index: index, macAddress: link.a.mac),
                .init(link.b.interface, in: .init(right, name: names[1]), index: index + 1, macAddress: link.b.mac)))
    }

    private func address(_ node: Node) throws {
        let session = try session(node.name)
        let indexes = try session.interfaceIndexes()
        var batch = NetlinkBatch([LinkChange(.index(1), isUp: true)])
        var own: [IPAddress] = node.services
        if node.kind != .client { own += [.v4(node.address), .v6(node.address6)] }
        for address in own {
            batch.add(
                AddressChange(
                    .add, InterfaceAddress(address, prefixLength: address.family.bitWidth, interface: 1)))
        }
        for (_, end, _) in topology.links(of: node.index) {
            let index = try #require(indexes[end.interface])
            batch.add(LinkChange(.index(index), isUp: true))
            batch.add(AddressChange(.add, InterfaceAddress(.v4(end.address), prefixLength: 31, interface: index)))
            batch.add(AddressChange(.add, InterfaceAddress(.v6(end.address6), prefixLength: 127, interface: index)))
        }
        try session.send(batch)
    }

    /// The kernel makes IPv6 addresses its own in a work queue, some time after it said yes.
    private func awaitAddresses(_ node: Node) throws {
        let session = try session(node.name)
        let links = topology.links(of: node.index).map { IPAddress.v6($0.end.address6) }
        for address in links + node.services + [.v6(node.address6)] {
            let deadline = Clock.monotonic() + 10_000_000_000
            while try session.lookup(RouteLookup(address)).kind != .local {
                try #require(Clock.monotonic() < deadline, "\(address) of \(node.name)")
                usleep(1000)
            }
        }
    }

    /// Everything towards the core goes by default; the core knows the rest, and takes london for the service.
    private func route() throws {
        for (node, next) in [
            ("home", "isp-lhr"), ("isp-lhr", "core-fra"), ("london", "core-fra"), ("paris", "core-fra"),
        ] {
            try setDefault(node, via: next)
        }
        try setRoute("core-fra", to: topology.require("isp-lhr").prefixes, via: ["isp-lhr"])
        for site in ["london", "paris"] {
            let own = try topology.require(site).prefixes.filter { !SmallLab.isService($0) }
            try setRoute("core-fra", to: own, via: [site])
        }
        try serve(by: ["london"])
    }

    func setDefault(_ node: String, via next: String) throws {
        let everything = [IPAddress.v4(.any), .v6(.any)].map { IPPrefix($0, length: 0) }
        try setRoute(node, to: everything, via: [next])
    }

    /// Makes the core send the service's packets to these sites.
    func serve(by sites: [String]) throws {
        try setRoute("core-fra", to: topology.lab.services.flatMap(\.prefixes), via: sites)
    }

    func setRoute(_ node: String, to prefixes: [IPPrefix], via neighbours: [String]) throws {
        let session = try session(node)
        let indexes = try session.interfaceIndexes()
        for prefix in prefixes {
            let hops = try neighbours.map { neighbour -> KernelRoute.NextHop in
                let end = try end(node, towards: neighbour)
                let other = try self.end(neighbour, towards: node)
                return KernelRoute.NextHop(other.address(prefix.family), interface: indexes[end.interface])
            }
            try session.send(RouteChange(.replace, KernelRoute(prefix, via: hops, origin: .bgp, metric: 20)))
        }
    }
}

extension SmallLab {
    static func isService(_ prefix: IPPrefix) -> Bool { prefix.contains(service4) || prefix.contains(service6) }
}
