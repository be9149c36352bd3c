import CLinux
import LabModel
import Net
import Netlink
import Sys

/// What a node does with a packet.
enum Forwarding: Equatable {
    /// Takes it for its own.
    case local
    /// Sends it out by an interface; to the destination itself when there is no gateway. `source` is the address that the
    /// node's own packets would have.
    case onward(interface: String, gateway: IPAddress?, hasCarrier: Bool, source: IPAddress?)
    /// Has no route.
    case noRoute
    /// Has a route that says so.
    case unreachable
    /// Has a route that drops.
    case blackhole
}

/// The namespace of a node, held open with a netlink session inside.
final class NodeKernel {
    private let name: String
    private let namespace: NetworkNamespace
    private let session: NetlinkSession
    private var interfaces: [UInt32: Interface] = [:]
    private var numbers: [String: UInt32] = [:]

    init(_ node: Node, lab: String, path: String) throws(ObservationError) {
        name = node.name
        do throws(SystemError) {
            namespace = try NetworkNamespace.open(path)
            session = try NetlinkSession(in: namespace, name: node.name)
        } catch {
            // EINVAL: a file without a namespace, as an unclean end may leave.
            let isMissing = error.code == ENOENT || (error.call == "setns" && error.code == EINVAL)
            throw isMissing ? .notUp(lab: lab, node: node.name, path: path) : .system(node: node.name, error)
        }
        try refresh()
    }

    /// Looks what the interfaces are doing now.
    func refresh() throws(ObservationError) {
        do throws(NetlinkError) {
            let all = try session.interfaces()
            interfaces = Dictionary(all.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
            numbers = Dictionary(all.map { ($0.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        } catch {
            throw .netlink(node: name, error)
        }
    }

    /// Runs `body` inside of the namespace.
    func perform<Result>(_ body: () throws(SystemError) -> Result) throws(ObservationError) -> Result {
        do throws(SystemError) {
            let home = try NetworkNamespace.current()
            try namespace.enter()
            let result: Result
            do throws(SystemError) {
                result = try body()
            } catch {
                try home.enter()
                throw error
            }
            try home.enter()
            return result
        } catch {
            throw .system(node: name, error)
        }
    }

    /// Whether an interface is up and has a carrier.
    func hasCarrier(_ interface: String) -> Bool {
        numbers[interface].flatMap { interfaces[$0] }.map { $0.isUp && $0.hasCarrier } ?? false
    }

    /// What becomes of a packet that comes in by an interface, or that is made here.
    func forwarding(_ question: RouteLookup, incoming: String?) throws(ObservationError) -> Forwarding {
        try forwardings(question, incoming: incoming).first ?? .unreachable
    }

    /// All that may become of it: several where the question wants the table's entry, which has several next hops.
    func forwardings(_ question: RouteLookup, incoming: String?) throws(ObservationError) -> [Forwarding] {
        var question = question
        question.inputInterface = incoming.flatMap { numbers[$0] }
        do throws(NetlinkError) {
            let route = try session.lookup(question)
            if route.kind == .local { return [.local] }
            return route.nextHops.map { hop in
                guard let interface = hop.interface.flatMap({ interfaces[$0] }) else { return .unreachable }
                return .onward(
                    interface: interface.name, gateway: hop.gateway,
                    hasCarrier: interface.isUp && interface.hasCarrier, source: route.preferredSource)
            }
        } catch {
            switch error.code {
            case ENETUNREACH, ESRCH: return [.noRoute]
            case EHOSTUNREACH, EACCES: return [.unreachable]
            case EINVAL: return [.blackhole]
            default: throw .netlink(node: name, error)
            }
        }
    }

    /// The routes of the main table, of both families, with the name of each next hop's interface.
    func routes() throws(ObservationError) -> [(route: KernelRoute, interfaces: [String?])] {
        do throws(NetlinkError) {
            return (try session.routes(.ipv4) + session.routes(.ipv6)).map { route in
                (route, route.nextHops.map { $0.interface.flatMap { interfaces[$0]?.name } })
            }
        } catch {
            throw .netlink(node: name, error)
        }
    }
}
