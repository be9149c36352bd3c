import CMnl
public import Net

/// A network interface, as the kernel describes it (RTM_NEWLINK).
public struct Interface: Equatable, Sendable {
    /// The number of the interface in its namespace.
    public var index: UInt32
    /// The name, up to 15 bytes.
    public var name: String
    /// IFF_UP: somebody has set it up.
    public var isUp: Bool
    /// IFF_LOWER_UP: there is a carrier; for veth, the other end is up too.
    public var hasCarrier: Bool
    /// Whether it is the loopback interface.
    public var isLoopback: Bool
    /// The state of RFC 2863.
    public var operationalState: OperationalState
    /// The Ethernet address; nil for interfaces that have none.
    public var macAddress: MACAddress?
    /// Largest packet in bytes.
    public var mtu: UInt32
    /// A text for people (IFLA_IFALIAS); empty when not set.
    public var alias: String
    /// `veth`, `tun`, `bridge`; empty for hardware and loopback.
    public var kind: String
    /// The index of the other end of a veth, in its own namespace.
    public var peerIndex: UInt32?
    /// The number by which this namespace knows the one of the other end; nil when that is the same namespace.
    public var peerNamespaceID: Int32?

    /// The states of RFC 2863, section 3.1.14, as linux/if.h numbers them.
    public enum OperationalState: UInt8, Sendable {
        /// Nobody says.
        case unknown
        /// Some component is missing.
        case notPresent
        /// Does not pass packets.
        case down
        /// Something below is down.
        case lowerLayerDown
        /// In a test mode.
        case testing
        /// Waits for something.
        case dormant
        /// Passes packets.
        case up
    }

    /// Reads the payload of RTM_NEWLINK or RTM_DELLINK: an ifinfomsg and attributes. Nil when it is cut short.
    init?(_ payload: RawSpan) {
        guard let index = payload.number(at: 4, as: UInt32.self), let flags = payload.number(at: 8, as: UInt32.self),
            payload.byteCount >= MemoryLayout<ifinfomsg>.size
        else { return nil }
        self.index = index
        isUp = flags & UInt32(CM_IFF_UP) != 0
        hasCarrier = flags & UInt32(CM_IFF_LOWER_UP) != 0
        isLoopback = flags & UInt32(CM_IFF_LOOPBACK) != 0
        operationalState = .unknown
        (name, alias, kind, mtu) = ("", "", "", 0)
        var attributes = AttributeReader(payload, from: MemoryLayout<ifinfomsg>.size)
        while let attribute = attributes.next() {
            guard read(attribute) else { return nil }
        }
        if attributes.isBroken { return nil }
    }

    private mutating func read(_ attribute: Attribute) -> Bool {
        let value = attribute.value
        switch attribute.type {
        case IFLA_IFNAME: name = value.text
        case IFLA_IFALIAS: alias = value.text
        case IFLA_ADDRESS: macAddress = value.macAddress
        case IFLA_OPERSTATE: operationalState = value.number(as: UInt8.self).flatMap(OperationalState.init) ?? .unknown
        case IFLA_MTU: mtu = value.number(as: UInt32.self) ?? 0
        case IFLA_LINK: peerIndex = value.number(as: UInt32.self)
        case IFLA_LINK_NETNSID: peerNamespaceID = value.number(as: Int32.self)
        case IFLA_LINKINFO:
            var nested = AttributeReader(value)
            while let inner = nested.next() {
                if inner.type == IFLA_INFO_KIND { kind = inner.value.text }
            }
            return !nested.isBroken
        default: break
        }
        return true
    }
}
