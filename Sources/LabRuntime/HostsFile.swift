import LabModel

/// The hosts file of a lab: every address of it with the name of its node, so that plain `traceroute` prints names.
enum HostsFile {
    static func text(_ topology: Topology) -> String {
        var lines = ["127.0.0.1 localhost", "::1 localhost"]
        for node in topology.nodes where node.hasOwnAddress {
            lines += ["\(node.address) \(node.name)", "\(node.address6) \(node.name)"]
        }
        for link in topology.links {
            for end in link.addressedEnds {
                let name = topology.nodes[end.node].name
                lines += ["\(end.address) \(name)", "\(end.address6) \(name)"]
            }
        }
        for service in topology.lab.services {
            lines += service.addresses.map { "\($0) \(service.name)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
