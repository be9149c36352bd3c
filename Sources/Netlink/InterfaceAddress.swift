import CMnl
public import Net

/// An address on an interface (RTM_NEWADDR).
public struct InterfaceAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address.
    public var address: IPAddress
    /// How many leading bits are the network: 0 to 32 or 0 to 128. 31 and 127 serve point-to-point links (RFC 3021,
    /// RFC 6164).
    public var prefixLength: UInt8
    /// The interface.
    public var interface: UInt32
    /// The metric of the route to the prefix that comes with the address; 0 leaves it to the kernel. Dumps do not tell it.
    public var metric: UInt32

    /// Makes an address of its parts.
    public init(_ address: IPAddress, prefixLength: UInt8, interface: UInt32, metric: UInt32 = 0) {
        self.address = address
        self.prefixLength = prefixLength
        self.interface = interface
        self.metric = metric
    }

    /// `192.0.2.1/31`.
    public var description: String { "\(address)/\(prefixLength)" }

    /// Reads the payload of RTM_NEWADDR or RTM_DELADDR: an ifaddrmsg and attributes. Nil when it is cut short or has no
    /// address.
    init?(_ payload: RawSpan) {
        guard payload.byteCount >= MemoryLayout<ifaddrmsg>.size, let length = payload.number(at: 1, as: UInt8.self),
            let interface = payload.number(at: 4, as: UInt32.self)
        else { return nil }
        var local: IPAddress?
        var other: IPAddress?
        var attributes = AttributeReader(payload, from: MemoryLayout<ifaddrmsg>.size)
        while let attribute = attributes.next() {
            switch attribute.type {
            case IFA_LOCAL: local = attribute.value.address
            case IFA_ADDRESS: other = attribute.value.address
            default: break
            }
        }
        // With a peer, IFA_ADDRESS is the peer's. IPv6 without one sends no IFA_LOCAL.
        guard !attributes.isBroken, let address = local ?? other else { return nil }
        self.init(address, prefixLength: length, interface: interface)
    }
}

/// Adds or removes an address. IPv6 addresses are usable at once: duplicate address detection is off (IFA_F_NODAD).
public struct AddressChange: NetlinkRequest {
    /// What to do.
    public var kind: ChangeKind
    /// The address.
    public var address: InterfaceAddress

    /// Makes the request.
    public init(_ kind: ChangeKind, _ address: InterfaceAddress) {
        self.kind = kind
        self.address = address
    }

    /// What errors call the request.
    public var summary: String { "\(kind.rawValue) address \(address) on link #\(address.interface)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        var header = ifaddrmsg()
        header.ifa_family = address.address.family.number
        header.ifa_prefixlen = address.prefixLength
        header.ifa_index = address.interface
        header.ifa_scope = UInt8((address.isLoopback ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE).rawValue)
        if kind != .delete, address.address.family == .ipv6 { header.ifa_flags = UInt8(IFA_F_NODAD) }
        writer.begin(kind == .delete ? RTM_DELADDR : RTM_NEWADDR, flags: kind.flags, header)
        writer.put(IFA_LOCAL, address.address)
        writer.put(IFA_ADDRESS, address.address)
        if kind != .delete, address.metric != 0 { writer.put(IFA_RT_PRIORITY, address.metric) }
    }
}

extension InterfaceAddress {
    /// Addresses of 127.0.0.0/8 never leave the machine.
    fileprivate var isLoopback: Bool {
        if case .v4(let v4) = address { v4.isLoopback } else { false }
    }
}
