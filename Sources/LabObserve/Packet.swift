import LabModel
import Net
import Netlink

/// The packet that probes send and walks speak of: a query of UDP to the DNS port, or a segment of TCP to the HTTP port.
///
/// Probes with a limited TTL go to the same port from the same one. Where several equal ways exist the kernel chooses by protocol,
/// addresses and ports, so only a probe of the same flow sees the way of the question; traceroute's own ports would see another one.
struct Packet {
    /// What a service is asked over.
    enum Transport {
        case udp, tcp

        init(_ kind: Service.Kind) { self = kind == .http ? .tcp : .udp }

        var port: UInt16 { self == .tcp ? 80 : 53 }
        /// As in the IP header.
        var number: UInt8 { self == .tcp ? 6 : 17 }
    }

    /// The port of ``Transport/udp``.
    static let port = Transport.udp.port

    let destination: IPAddress
    /// Nil before the kernel has chosen one.
    let source: IPAddress?
    var sourcePort: UInt16
    var transport = Transport.udp

    var flow: RouteLookup.Flow {
        RouteLookup.Flow(
            protocolNumber: transport.number, sourcePort: sourcePort, destinationPort: transport.port)
    }
}
