import CLinux
import LabModel
import Net
import Netlink
import Sys

/// The namespaces that one call of an ``Observer`` looks into, each opened once.
final class Survey {
    private let atlas: Atlas
    private let namespacePath: (String) -> String
    private var kernels: [Int: NodeKernel] = [:]

    init(atlas: Atlas, namespacePath: @escaping (String) -> String) {
        self.atlas = atlas
        self.namespacePath = namespacePath
        ResourceLimits.raiseDescriptors()
    }

    func kernel(of node: Node) throws(ObservationError) -> NodeKernel {
        if let known = kernels[node.index] { return known }
        let kernel = try NodeKernel(node, lab: atlas.topology.lab.name, path: namespacePath(node.name))
        kernels[node.index] = kernel
        return kernel
    }

    /// Asks all kernels anew what their interfaces are doing.
    func refresh() throws(ObservationError) { for kernel in kernels.values { try kernel.refresh() } }

    /// Closes all namespaces; they are opened again when they are needed.
    func forget() { kernels = [:] }

    func walk(_ packet: Packet, from node: Node) throws(ObservationError) -> Walk {
        let walker = Walker(
            atlas: atlas,
            hasCarrier: { node, interface throws(ObservationError) in
                try self.kernel(of: node).hasCarrier(interface)
            },
            askAll: { node, question, incoming throws(ObservationError) in
                try self.kernel(of: node).forwardings(question, incoming: incoming)
            },
            ask: { node, question, incoming throws(ObservationError) in
                try self.kernel(of: node).forwarding(question, incoming: incoming)
            })
        return try walker.walk(packet, from: node)
    }

    /// Opens a socket in the namespace of `node` and walks the way that its packets will take.
    func inquiry(
        from node: Node, to address: IPAddress, over wanted: Packet.Transport = .udp, wantsAnswer: Bool
    ) throws(ObservationError) -> Inquiry {
        // Where single packets are shared out no connection lives to its answer: the responder beside the server says who is there.
        var transport = wanted
        if wanted == .tcp, try isSpread(from: node, to: address) { transport = .udp }
        var flow: (any Probing)?
        var failure: SystemError?
        try kernel(of: node).perform { () throws(SystemError) in
            do throws(SystemError) {
                flow =
                    switch transport {
                    case .udp: try ProbeFlow(to: address, wantsAnswer: wantsAnswer)
                    case .tcp: try WebProbe(to: address)
                    }
            } catch {
                guard error.call == "connect" else { throw error }
                failure = error
            }
        }
        let packet =
            flow?.packet ?? Packet(destination: address, source: nil, sourcePort: 33434, transport: transport)
        let walk = try walk(packet, from: node)
        flow?.expect(hops: mostHops(walk, wantsAnswer: wantsAnswer), arrives: walk.end != nil)
        return Inquiry(packet: packet, flow: flow, walk: walk, failure: failure)
    }

    /// Whether a router on the way shares out single packets.
    func isSpread(from node: Node, to address: IPAddress) throws(ObservationError) -> Bool {
        // Nobody's namespace is looked into for what the file does not say.
        guard !atlas.spreadingRouters.isEmpty else { return false }
        let packet = Packet(destination: address, source: nil, sourcePort: 33434)
        return try walk(packet, from: node).spread.ends.count > 1
    }

    /// The sites that the other flows like this one come to.
    func equalEnds(_ packet: Packet, from node: Node) throws(ObservationError) -> Set<String> {
        var ends: Set<String> = []
        for port in stride(from: UInt16(32768), to: 60999, by: 441) {
            var other = packet
            other.sourcePort = port
            if let end = try walk(other, from: node).end { ends.insert(end.name) }
        }
        return ends
    }

    /// A catchment checks the hops that the walk foretells. A trace looks a little farther, and when the walk does not
    /// arrive, as far as it can.
    private func mostHops(_ walk: Walk, wantsAnswer: Bool) -> Int {
        if wantsAnswer { return min(walk.hops.count, Trace.mostHops) }
        return walk.end == nil ? Trace.mostHops : min(walk.hops.count + 2, Trace.mostHops)
    }
}

/// What is asked about one node and one address.
struct Inquiry {
    let packet: Packet
    /// Nil when the node has no way to send anything there.
    let flow: (any Probing)?
    let walk: Walk
    let failure: SystemError?

    var report: ProbeReport { flow?.report ?? ProbeReport(failure: failure) }
}
