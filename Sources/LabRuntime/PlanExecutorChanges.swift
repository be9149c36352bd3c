import LabModel
import LabPlan
import Net
import Netlink
import Sys

/// The steps of a ``Difference`` that concern links, addresses and routes. Each can be carried out again: what is there already
/// stays, and what is gone already is no error, so that a change that failed half way can be turned back. All throw
/// `NetlinkError` or `SystemError`.
extension PlanExecutor {
    /// Makes a veth link.
    func create(_ link: Link) throws {
        let a = nodes[link.a.node]
        try a.refreshInterfaces()
        guard a.interfaces[link.a.interface] == nil else { return }
        let session = try NetlinkSession()
        try session.send(
            requests.veth(link) { index in
                NamespaceReference(nodes[index].namespace, name: topology.namespace(of: index))
            })
    }

    /// Removes a veth link by its end in the node called `name`.
    func remove(_ interface: String, at name: String) throws {
        guard let node = namespace(called: name) else { return }
        try node.refreshInterfaces()
        guard let index = node.interfaces[interface] else { return }
        try node.netlink.send(LinkDeletion(.index(index)), ignoring: .alreadyGone)
    }

    /// Gives both ends of a link their addresses and brings them up.
    func address(_ link: Link) throws {
        for end in [link.a, link.b] {
            let node = nodes[end.node]
            try node.refreshInterfaces()
            try node.netlink.send(
                NetlinkBatch(requests.end(end, of: link, interface: try node.index(of: end.interface))))
        }
    }

    /// Gives the connected routes of a link the metric of its delay, and the link's ends the hardware addresses of those that they
    /// can reach, without those that are `gone`. The addresses stay, and so do the sessions over them.
    func refresh(_ link: Link, gone: [LinkEnd]) throws {
        for end in link.addressedEnds {
            let node = nodes[end.node]
            let interface = try node.index(of: end.interface)
            var batch = NetlinkBatch(requests.addresses(end, of: link, interface: interface))
            for request in requests.neighbours(.replace, topology.neighbours(of: end, on: link), interface: interface) {
                batch.add(request)
            }
            for request in requests.neighbours(.delete, gone, interface: interface) {
                batch.add(request, ignoring: .alreadyGone)
            }
            try node.netlink.send(batch)
        }
    }

    /// Gives the loopback interface of a node the addresses of its own and of its services, and takes those of services that it
    /// had `before` and has no longer.
    func address(_ node: Node, before: [IPAddress]) throws {
        let own = nodes[node.index]
        try own.refreshInterfaces()
        let interface = try own.index(of: "lo")
        try own.netlink.send(NetlinkBatch(requests.loopback(node, interface: interface)))
        for address in before where !node.services.contains(address) {
            try own.netlink.send(
                AddressChange(
                    .delete, InterfaceAddress(address, prefixLength: address.family.bitWidth, interface: interface)),
                ignoring: .alreadyGone)
        }
    }

    /// Installs the routes of a node that no protocol brings, and takes those to prefixes that it had `before`.
    func installRoutes(_ node: Node, before: [IPPrefix]) throws {
        let own = nodes[node.index]
        try own.refreshInterfaces()
        let routes = try requests.standingRoutes(node) { try own.index(of: $0) }
        if !routes.isEmpty { try own.netlink.send(NetlinkBatch(routes)) }
        for prefix in before where !node.prefixes.contains(prefix) {
            try own.netlink.send(requests.absence(of: prefix, kind: .delete), ignoring: .alreadyGone)
        }
        guard node.kind == .site, topology.wayToOtherSites(of: node) == nil else { return }
        for removal in requests.removalOfRoutesToOtherSites() { try own.netlink.send(removal, ignoring: .alreadyGone) }
    }
}
