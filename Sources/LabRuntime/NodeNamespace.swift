import CLinux
import Glibc
import LabModel
import Netlink
import Sys

/// The namespace of a node while its lab is up: held open, with a netlink session inside.
final class NodeNamespace {
    /// The node; it changes its numbers, never its name, when the lab is changed.
    var node: Node
    let namespace: NetworkNamespace
    let netlink: NetlinkSession
    private(set) var interfaces: [String: UInt32] = [:]

    /// Makes the namespace, tunes it and pins it at `path`, which must be in the journal. The calling thread is inside the
    /// new namespace when this returns, also when it throws. Throws `SystemError` or `NetlinkError`.
    init(creating node: Node, at path: String, _ settings: KernelSettings) throws {
        self.node = node
        namespace = try NetworkNamespace.createAndEnter()
        try settings.write(Self.settings(node))
        netlink = try NetlinkSession()
        // The file is new: a namespace of somebody else under this name is an error and stays as it is.
        let pin = try FileDescriptor.open(path, O_RDONLY | O_CREAT | O_EXCL, mode: 0)
        _ = consume pin
        try systemCall("mount --bind", path) { mount("/proc/thread-self/ns/net", path, nil, UInt(MS_BIND), nil) }
    }

    /// Reads the interfaces' numbers again. Throws `NetlinkError`.
    func refreshInterfaces() throws {
        interfaces = Dictionary(
            try netlink.interfaces().map { ($0.name, $0.index) }, uniquingKeysWith: { first, _ in first })
    }

    /// The number of an interface. Throws `SystemError` when there is none of that name.
    func index(of interface: String) throws(SystemError) -> UInt32 {
        guard let index = interfaces[interface] else {
            throw SystemError(code: ENODEV, call: "interface", object: "\(interface) of \(node.name)")
        }
        return index
    }

    /// The kernel's settings of a namespace that is a router or host of a lab, below /proc/sys/net.
    private static func settings(_ node: Node) -> [(name: String, value: String)] {
        var settings = [
            // Traffic to an anycast address comes in by one way and leaves by another.
            ("ipv4/conf/all/rp_filter", "0"), ("ipv4/conf/default/rp_filter", "0"),
            // Every hop answers every traceroute probe: no message is of a kind that has a limit, per destination or for all.
            ("ipv4/icmp_ratemask", "0"), ("ipv6/icmp/ratemask", ""),
            // A hop shows the address of the interface that the probe came in by, as routers do.
            ("ipv4/icmp_errors_use_inbound_ifaddr", "1"),
            // Addresses are assigned, not found out: duplicates cannot happen, and nobody waits for the check.
            ("ipv6/conf/all/accept_dad", "0"), ("ipv6/conf/default/accept_dad", "0"),
            ("ipv6/conf/default/accept_ra", "0"),
            // An interface that comes back has its IPv6 addresses again, as it has its IPv4 ones.
            ("ipv6/conf/all/keep_addr_on_down", "1"),
            // Several ways are told apart by ports too, so that a flow keeps to one.
            ("ipv4/fib_multipath_hash_policy", "1"), ("ipv6/fib_multipath_hash_policy", "1"),
            // A connection whose process has died is given up after some seconds, for as long as it is there the kernel keeps
            // the namespace, too: with its own eight tries, two minutes after the lab is down.
            ("ipv4/tcp_orphan_retries", "3"),
            // Probes and ping need no raw socket, the daemons no capability for port 53.
            // In an ordinary user's namespaces there is one group, 0.
            ("ipv4/ping_group_range", LabPlace.current == .machine ? "0 2147483647" : "0 0"),
            ("ipv4/ip_unprivileged_port_start", "0"),
        ]
        if node.forwards {
            settings += [("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1")]
        }
        // Who has joined a multicast group answers a ping to it.
        if node.kind == .client { settings.append(("ipv4/icmp_echo_ignore_broadcasts", "0")) }
        if node.kind == .exchange {
            // A switch has no address, not even a link-local one.
            settings += [("ipv6/conf/all/disable_ipv6", "1"), ("ipv6/conf/default/disable_ipv6", "1")]
        }
        return settings
    }
}
