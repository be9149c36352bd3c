public import LabModel
public import Net
public import Sys

/// Looks at a lab that is up: how packets go, who answers, what the kernels' tables hold.
///
/// It works on the calling thread, which visits the namespaces of the nodes and comes home; it keeps nothing open between
/// calls.
public final class Observer {
    let topology: Topology
    let namespacePath: (String) -> String

    /// Makes an observer of a lab. `namespacePath` tells where the namespace of the node of a name is pinned.
    public init(topology: Topology, namespacePath: @escaping (String) -> String) {
        self.topology = topology
        self.namespacePath = namespacePath
    }

    /// Which site serves the clients at the services' addresses: all of them unless told otherwise. Each pair is probed
    /// from inside the client's namespace, all at the same time, and compared with a walk. Rows are in the order of the
    /// topology and of the file. It returns when everything has answered, or after `timeout` nanoseconds. Throws
    /// ``ObservationError``.
    public func catchment(
        clients: [Int]? = nil, addresses: [IPAddress]? = nil, timeout: Nanoseconds = 3_000_000_000
    ) throws(ObservationError) -> [CatchmentRow] {
        []
    }

    /// The way to an address as probes see it, from any node to any address. It returns when every hop has answered, or
    /// after `timeout` nanoseconds. Throws ``ObservationError``.
    public func trace(
        from node: Int, to address: IPAddress, timeout: Nanoseconds = 3_000_000_000
    ) throws(ObservationError) -> Trace {
        throw .noNode(node)
    }

    /// The way to an address as the kernels' tables say it, for a packet of UDP from `sourcePort` to port 53, from the
    /// address that the node would send from. The ports count where there are several equal ways. Throws
    /// ``ObservationError``.
    public func walk(
        from node: Int, to address: IPAddress, sourcePort: UInt16 = 33434
    ) throws(ObservationError) -> Walk {
        throw .noNode(node)
    }

    /// The routes of a node's main table, of both families, sorted by prefix and metric. Throws ``ObservationError``.
    public func routes(of node: Int) throws(ObservationError) -> [NodeRoute] {
        throw .noNode(node)
    }
}
