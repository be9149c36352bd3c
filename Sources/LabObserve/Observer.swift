import CLinux
public import LabModel
public import Net
import Netlink
public import Sys

/// Looks at a lab that is up: how packets go, who answers, what the kernels' tables hold.
///
/// It works on the calling thread, which visits the namespaces of the nodes and comes home; it keeps nothing open between
/// calls.
public final class Observer {
    private let topology: Topology
    private let namespacePath: (String) -> String
    private let atlas: Atlas

    /// Makes an observer of a lab. `namespacePath` tells where the namespace of the node of a name is pinned.
    public init(topology: Topology, namespacePath: @escaping (String) -> String) {
        self.topology = topology
        self.namespacePath = namespacePath
        atlas = Atlas(topology)
    }

    /// Which site serves the clients at the services' addresses: all of them unless told otherwise. Each pair is probed
    /// from inside the client's namespace, all at the same time, and compared with a walk; a web service over TCP, others by a query. Rows are in the order of the
    /// topology and of the file. It returns when everything has answered, or after `timeout` nanoseconds. Throws
    /// ``ObservationError``.
    public func catchment(
        clients: [Int]? = nil, addresses: [IPAddress]? = nil, timeout: Nanoseconds = 3_000_000_000
    ) throws(ObservationError) -> [CatchmentRow] {
        let targets = try targets(addresses)
        let survey = survey()
        var pairs: [(client: Node, service: String, inquiry: Inquiry)] = []
        for client in try self.clients(clients) {
            for (service, address) in targets {
                let inquiry = try survey.inquiry(
                    from: client, to: address, over: Packet.Transport(service.kind), wantsAnswer: true)
                pairs.append((client, service.name, inquiry))
            }
        }
        try probe(pairs.map(\.inquiry), timeout)
        let later = self.survey()
        var rows: [CatchmentRow] = []
        for (client, service, inquiry) in pairs {
            func compared(_ walk: Walk, _ equal: Set<String> = []) -> CatchmentRow {
                CatchmentRow(
                    client, service: service, walk: walk, report: inquiry.report, equalEnds: equal, atlas: atlas)
            }
            var row = compared(inquiry.walk)
            // Routes may have moved while the probes were on their way; what disagrees still is a finding.
            if !row.agrees {
                let walk = try later.walk(inquiry.packet, from: client)
                row = compared(walk)
                // The kernel gives packets of a connection a random hash, by which routers on veth links choose among equal ways
                // (``ProbeSocket``): it is one of those, and no look-up tells which.
                if !row.agrees, inquiry.packet.transport == .tcp, row.site != nil {
                    row = compared(walk, try later.equalEnds(inquiry.packet, from: client))
                }
            }
            rows.append(row)
        }
        return rows
    }

    /// The way to an address as probes see it, from any node to any address. It returns when every hop has answered, or
    /// after `timeout` nanoseconds. Throws ``ObservationError``.
    public func trace(
        from node: Int, to address: IPAddress, timeout: Nanoseconds = 3_000_000_000
    ) throws(ObservationError) -> Trace {
        let inquiry = try survey().inquiry(from: try self.node(node), to: address, wantsAnswer: false)
        try probe([inquiry], timeout)
        return Trace(walk: inquiry.walk, report: inquiry.report, atlas: atlas)
    }

    /// The way to an address as the kernels' tables say it, for a packet of UDP from `sourcePort` to port 53, from the
    /// address that the node would send from. The ports count where there are several equal ways. Throws
    /// ``ObservationError``.
    public func walk(
        from node: Int, to address: IPAddress, sourcePort: UInt16 = 33434
    ) throws(ObservationError) -> Walk {
        try survey().walk(
            Packet(destination: address, source: nil, sourcePort: sourcePort), from: try self.node(node))
    }

    /// The routes of a node's main table, of both families, sorted by prefix and metric. Throws ``ObservationError``.
    public func routes(of node: Int) throws(ObservationError) -> [NodeRoute] {
        let node = try self.node(node)
        let routes = try survey().kernel(of: node).routes()
        return routes.map { NodeRoute($0.route, interfaces: $0.interfaces, of: node, atlas: atlas) }.sorted()
    }

    func kernel(of node: Node) throws(ObservationError) -> NodeKernel { try survey().kernel(of: node) }

    /// The ways of all clients to all service addresses as the kernels' tables say them, as rows without a probe: the site
    /// is the walk's. In the order of ``catchment(clients:addresses:timeout:)``. Throws ``ObservationError``.
    public func foreseen() throws(ObservationError) -> (rows: [CatchmentRow], walks: [Walk]) {
        let survey = survey()
        var (rows, walks) = ([CatchmentRow](), [Walk]())
        for client in try clients(nil) {
            for (service, address) in try targets(nil) {
                let packet = Packet(
                    destination: address, source: nil, sourcePort: 33434, transport: .init(service.kind))
                let walk = try survey.walk(packet, from: client)
                walks.append(walk)
                rows.append(CatchmentRow(client, service: service.name, foreseen: walk))
            }
        }
        return (rows, walks)
    }

    private func survey() -> Survey { Survey(atlas: atlas, namespacePath: namespacePath) }

    private func probe(_ inquiries: [Inquiry], _ timeout: Nanoseconds) throws(ObservationError) {
        do throws(SystemError) {
            try ProbeRun.run(inquiries.compactMap(\.flow), timeout: timeout)
        } catch {
            throw .system(node: topology.lab.name, error)
        }
    }

    private func node(_ index: Int) throws(ObservationError) -> Node {
        guard topology.nodes.indices.contains(index) else { throw .noNode(index) }
        return topology.nodes[index]
    }

    private func clients(_ wanted: [Int]?) throws(ObservationError) -> [Node] {
        guard let wanted else { return topology.nodes.filter { $0.kind == .client } }
        var nodes: [Node] = []
        for index in wanted {
            let node = try self.node(index)
            guard node.kind == .client else { throw .noClient(node.name) }
            nodes.append(node)
        }
        return nodes
    }

    private func targets(_ wanted: [IPAddress]?) throws(ObservationError) -> [(service: Service, address: IPAddress)] {
        let all = topology.lab.services.flatMap { service in service.addresses.map { (service, $0) } }
        guard let wanted else { return all }
        for address in wanted where !all.contains(where: { $0.1 == address }) {
            throw .noService(address: address)
        }
        return all.filter { wanted.contains($0.1) }
    }
}
