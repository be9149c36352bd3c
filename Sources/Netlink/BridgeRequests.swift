import CMnl
import Glibc
public import Net

/// Makes a bridge whose ports forward from the moment at which they are up: without the spanning tree protocol and its forward
/// delay, and without multicast snooping, which drops what no querier has asked for. One that is there already is set to the same.
///
/// ```
/// ifinfomsg
/// IFLA_IFNAME
/// IFLA_LINKINFO
///   IFLA_INFO_KIND "bridge"
///   IFLA_INFO_DATA
///     IFLA_BR_FORWARD_DELAY, IFLA_BR_STP_STATE, IFLA_BR_MCAST_SNOOPING   0 each
/// ```
public struct BridgeCreation: NetlinkRequest {
    /// The name, up to 15 bytes.
    public var name: String
    /// The number of the interface.
    public var index: UInt32

    /// Makes the request.
    public init(_ name: String, index: UInt32) {
        self.name = name
        self.index = index
    }

    /// What errors call the request.
    public var summary: String { "create bridge \(name)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        writer.begin(RTM_NEWLINK, flags: NLM_F_CREATE, ifinfomsg(.index(index)))
        writer.put(IFLA_IFNAME, name)
        writer.nest(IFLA_LINKINFO) { writer in
            writer.put(IFLA_INFO_KIND, "bridge")
            writer.nest(IFLA_INFO_DATA) { writer in
                writer.put(IFLA_BR_FORWARD_DELAY, UInt32(0))
                writer.put(IFLA_BR_STP_STATE, UInt32(0))
                writer.put(IFLA_BR_MCAST_SNOOPING, UInt8(0))
            }
        }
    }
}

/// Tells a bridge behind which of its ports an Ethernet address is, for good: frames to it are never flooded. The entry goes with
/// the port.
public struct ForwardingEntryAddition: NetlinkRequest {
    /// The Ethernet address.
    public var macAddress: MACAddress
    /// The number of the port's interface.
    public var port: UInt32

    /// Makes the request.
    public init(_ macAddress: MACAddress, behind port: UInt32) {
        self.macAddress = macAddress
        self.port = port
    }

    /// What errors call the request.
    public var summary: String { "add \(macAddress) behind port #\(port)" }

    /// Writes the message. An address that is known already, also of its own, is replaced.
    public func encode(into writer: inout MessageWriter) {
        var header = ndmsg()
        header.ndm_family = UInt8(AF_BRIDGE)
        header.ndm_ifindex = Int32(bitPattern: port)
        // What iproute2 calls "static": NUD_PERMANENT would be an address of the bridge itself.
        header.ndm_state = UInt16(NUD_NOARP)
        header.ndm_flags = UInt8(NTF_MASTER)
        writer.begin(RTM_NEWNEIGH, flags: NLM_F_CREATE | NLM_F_REPLACE, header)
        writer.put(NDA_LLADDR, macAddress)
    }
}
