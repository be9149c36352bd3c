import Net
import Netlink

/// The packet that probes send and walks speak of: a query of UDP to the DNS port.
///
/// Probes with a limited TTL are queries to the same port from the same socket. Where several equal ways exist the kernel
/// chooses by addresses and ports, so only a probe of the same flow sees the way of the query; traceroute's own ports
/// would see another one.
struct Packet {
    static let port: UInt16 = 53

    let destination: IPAddress
    /// Nil before the kernel has chosen one.
    let source: IPAddress?
    let sourcePort: UInt16

    /// 17 is UDP.
    var flow: RouteLookup.Flow {
        RouteLookup.Flow(protocolNumber: 17, sourcePort: sourcePort, destinationPort: Self.port)
    }
}
