import CLinux
import Glibc
import LabModel
import Net
import Sys

/// The multicast groups of a lab in the kernels: forwarding in the routers, membership of the clients.
///
/// Both last as long as a socket in the node's namespace does, so the supervisor holds them, and its end is theirs. Trees are made anew as
/// a whole when one differs: a lab has a few groups, and a kernel's cache of them is no place for a difference.
final class MulticastRouting {
    /// The kernel's limit of a multicast router (MAXVIFS, MAXMIFS).
    private static let mostInterfaces = 32

    /// What there is to do in one node for one group and family.
    private struct Entry: Hashable {
        let node: String
        let group: IPAddress
        let source: IPAddress
        /// The interfaces' numbers; nil for the interface of a member, which is the only one of `outgoing`.
        let incoming: UInt32?
        let outgoing: [UInt32]
    }

    private final class Held {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    private var entries: [Entry] = []
    private var sockets: [Held] = []

    /// Brings the kernels to the trees that the links give which are up. Throws `SystemError`.
    func follow(_ topology: Topology, _ nodes: [NodeNamespace], isUp: (Link) -> Bool) throws {
        let wanted = try topology.lab.multicast.flatMap { try Self.entries($0, topology, nodes, isUp) }
        guard wanted != entries else { return }
        (entries, sockets) = ([], [])
        var routers: [String: [AddressFamily: Router]] = [:]
        for entry in wanted {
            guard let node = nodes.first(where: { $0.node.name == entry.node }) else { continue }
            if entry.incoming == nil {
                sockets.append(try node.namespace.perform { Held(try Self.join(entry)) })
            } else {
                let family = entry.group.family
                let router = try routers[entry.node]?[family] ?? node.namespace.perform { try Router(family) }
                routers[entry.node, default: [:]][family] = router
                try router.add(entry)
            }
        }
        sockets += routers.values.flatMap(\.values).map(\.held)
        entries = wanted
    }

    private static func entries(
        _ group: MulticastGroup, _ topology: Topology, _ nodes: [NodeNamespace], _ isUp: (Link) -> Bool
    ) throws(SystemError) -> [Entry] {
        guard let source = topology.node(named: group.source) else { return [] }
        let tree = topology.multicastTree(group, isUp: isUp)
        var entries: [Entry] = []
        for address in group.addresses {
            let origin: IPAddress = address.family == .ipv4 ? .v4(source.address) : .v6(source.address6)
            for route in tree {
                var outgoing: [UInt32] = []
                for interface in route.outgoing { outgoing.append(try nodes[route.node].index(of: interface)) }
                let incoming = try nodes[route.node].index(of: route.incoming)
                entries.append(
                    Entry(
                        node: nodes[route.node].node.name, group: address, source: origin, incoming: incoming,
                        outgoing: outgoing))
            }
            for member in group.members.compactMap({ topology.node(named: $0) }) {
                for (_, end, _) in topology.links(of: member.index) {
                    entries.append(
                        Entry(
                            node: member.name, group: address, source: origin, incoming: nil,
                            outgoing: [try nodes[member.index].index(of: end.interface)]))
                }
            }
        }
        return entries
    }

    private static func join(_ entry: Entry) throws(SystemError) -> FileDescriptor {
        let domain = SocketAddress(entry.group, port: 0).domain
        let socket = try Socket.open(domain, .datagram)
        let raw = socket.raw
        for interface in entry.outgoing {
            try systemCall("join", "\(entry.group)") { cl_multicast_join(raw, domain, entry.group.octets, interface) }
        }
        return socket
    }

    /// The routing socket of one router and family.
    private final class Router {
        let held: Held
        private let domain: Int32
        private var numbers: [UInt32: UInt32] = [:]

        /// Opens it in the namespace of the calling thread.
        init(_ family: AddressFamily) throws(SystemError) {
            domain = family == .ipv4 ? AF_INET : AF_INET6
            let domain = domain
            held = Held(FileDescriptor(owning: try systemCall("multicast routing") { cl_multicast_open(domain) }))
        }

        func add(_ entry: Entry) throws(SystemError) {
            guard let incoming = entry.incoming else { return }
            let number = try number(of: incoming)
            var outgoing: UInt32 = 0
            for interface in entry.outgoing { outgoing |= 1 << (try self.number(of: interface)) }
            let (raw, domain) = (held.descriptor.raw, domain)
            try systemCall("multicast route", "\(entry.node) \(entry.group)") {
                cl_multicast_add_route(raw, domain, entry.source.octets, entry.group.octets, number, outgoing)
            }
        }

        private func number(of interface: UInt32) throws(SystemError) -> UInt32 {
            if let known = numbers[interface] { return known }
            let number = UInt32(numbers.count)
            guard number < MulticastRouting.mostInterfaces else {
                throw SystemError(code: ENOSPC, call: "multicast routing over more than 32 interfaces")
            }
            let (raw, domain) = (held.descriptor.raw, domain)
            try systemCall("multicast interface") { cl_multicast_add_interface(raw, domain, number, interface) }
            numbers[interface] = number
            return number
        }
    }
}

extension IPAddress {
    /// In network byte order.
    fileprivate var octets: [UInt8] {
        switch self {
        case .v4(let address): (0..<4).map { UInt8(truncatingIfNeeded: address.rawValue >> (24 - 8 * UInt32($0))) }
        case .v6(let address):
            [address.high, address.low].flatMap { half in
                (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
            }
        }
    }
}
