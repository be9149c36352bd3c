public import Net
public import Netlink
public import Sys

/// Why something could not be observed. What a probe or a walk finds out about the lab is a result, never an error.
public enum ObservationError: Error, Equatable, Sendable {
    /// The node has no namespace where it should be: the lab is not up, or not whole.
    case notUp(lab: String, node: String, path: String)
    /// The node is no client.
    case noClient(String)
    /// There is no node of this position in the topology.
    case noNode(Int)
    /// No service of the lab has this address.
    case noService(address: IPAddress)
    /// A call to the kernel failed while it worked in or for a node.
    case system(node: String, SystemError)
    /// The kernel of a node refused to tell.
    case netlink(node: String, NetlinkError)
}

extension ObservationError: CustomStringConvertible {
    /// What is wrong, for people.
    public var description: String {
        switch self {
        case .notUp(let lab, let node, let path): "lab \(lab) is not up: \(node) has no namespace at \(path)"
        case .noClient(let name): "\(name) is no client"
        case .noNode(let index): "there is no node #\(index)"
        case .noService(let address): "no service of the lab has the address \(address)"
        case .system(let node, let error): "\(node): \(error)"
        case .netlink(let node, let error): "\(node): \(error)"
        }
    }
}
