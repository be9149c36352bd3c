import CMnl
public import Net

/// Which Ethernet address stands behind an IP address: an entry of the ARP or neighbour discovery cache (RTM_NEWNEIGH).
public struct NeighbourEntry: Hashable, Sendable {
    /// The IP address.
    public var address: IPAddress
    /// The Ethernet address; nil while it is not known.
    public var macAddress: MACAddress?
    /// The interface.
    public var interface: UInt32
    /// Whether the entry was set by hand and never expires (NUD_PERMANENT).
    public var isPermanent: Bool

    /// Makes a permanent entry.
    public init(_ address: IPAddress, _ macAddress: MACAddress, interface: UInt32) {
        self.address = address
        self.macAddress = macAddress
        self.interface = interface
        isPermanent = true
    }

    /// Reads the payload of RTM_NEWNEIGH: an ndmsg and attributes. Nil when it is cut short or of another family.
    init?(_ payload: RawSpan) {
        guard payload.byteCount >= MemoryLayout<ndmsg>.size, let interface = payload.number(at: 4, as: UInt32.self),
            let state = payload.number(at: 8, as: UInt16.self)
        else { return nil }
        var address: IPAddress?
        var attributes = AttributeReader(payload, from: MemoryLayout<ndmsg>.size)
        while let attribute = attributes.next() {
            switch attribute.type {
            case NDA_DST: address = attribute.value.address
            case NDA_LLADDR: macAddress = attribute.value.macAddress
            default: break
            }
        }
        guard !attributes.isBroken, let address else { return nil }
        self.address = address
        self.interface = interface
        isPermanent = Int32(state) & NUD_PERMANENT != 0
    }
}

/// Adds, replaces or removes a permanent neighbour entry.
public struct NeighbourChange: NetlinkRequest {
    /// What to do.
    public var kind: ChangeKind
    /// The entry.
    public var neighbour: NeighbourEntry

    /// Makes the request.
    public init(_ kind: ChangeKind, _ neighbour: NeighbourEntry) {
        self.kind = kind
        self.neighbour = neighbour
    }

    /// What errors call the request.
    public var summary: String {
        let hardware = neighbour.macAddress.map { " at \($0)" } ?? ""
        return "\(kind.rawValue) neighbour \(neighbour.address)\(hardware) on link #\(neighbour.interface)"
    }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        var header = ndmsg()
        header.ndm_family = neighbour.address.family.number
        header.ndm_ifindex = Int32(bitPattern: neighbour.interface)
        if kind != .delete { header.ndm_state = UInt16(NUD_PERMANENT) }
        writer.begin(kind == .delete ? RTM_DELNEIGH : RTM_NEWNEIGH, flags: kind.flags, header)
        writer.put(NDA_DST, neighbour.address)
        if kind != .delete, let macAddress = neighbour.macAddress { writer.put(NDA_LLADDR, macAddress) }
    }
}
