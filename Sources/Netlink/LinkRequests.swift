import CMnl
public import Net
public import Sys

/// Names an interface to the kernel, in the namespace of the session.
public enum LinkReference: Hashable, Sendable, CustomStringConvertible {
    /// By its number.
    case index(UInt32)
    /// By its name: one look-up more for the kernel, one dump less for the caller.
    case name(String)

    /// The name, or the number with a `#`.
    public var description: String {
        switch self {
        case .index(let index): "#\(index)"
        case .name(let name): name
        }
    }
}

/// A namespace that a link is put into. The descriptor must be open when the request is sent.
public struct NamespaceReference: Hashable, Sendable {
    /// The number of the descriptor.
    public let descriptor: Int32
    /// How errors call the namespace: `hello.isp-uk`.
    public let name: String

    /// Refers to a namespace that the caller keeps open.
    public init(_ namespace: borrowing NetworkNamespace, name: String) {
        descriptor = namespace.descriptor.raw
        self.name = name
    }

    /// Refers to a namespace by the number of a descriptor that the caller keeps open.
    public init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }
}

/// Makes a veth: two interfaces, each in its place, by one message. They come down; setting IFF_UP here would make the
/// kernel fail (ENOTCONN) and roll back slowly. The kernel takes no alias here either: ``LinkChange`` sets both.
///
/// ```
/// ifinfomsg
/// IFLA_IFNAME, IFLA_ADDRESS, IFLA_MTU, IFLA_NET_NS_FD     the first end
/// IFLA_LINKINFO
///   IFLA_INFO_KIND "veth"
///   IFLA_INFO_DATA
///     VETH_INFO_PEER
///       ifinfomsg
///       IFLA_IFNAME, IFLA_ADDRESS, IFLA_MTU, IFLA_NET_NS_FD   the second end
/// ```
public struct VethCreation: NetlinkRequest {
    /// One end of the pair.
    public struct End: Hashable, Sendable {
        /// The name, up to 15 bytes.
        public var name: String
        /// Where the end belongs; nil for the namespace of the session.
        public var namespace: NamespaceReference?
        /// The number of the interface; nil for the next free one of the namespace. Give both ends one or none. Two ends of
        /// the same number, which is what fresh namespaces choose, are a trap: the kernel then takes a lost carrier for
        /// nothing urgent and tells of it up to a second late (linkwatch_urgent_event).
        public var index: UInt32?
        /// The Ethernet address; nil lets the kernel choose one at random.
        public var macAddress: MACAddress?
        /// Largest packet in bytes; nil for 1500.
        public var mtu: UInt32?

        /// Makes an end of its parts.
        public init(
            _ name: String, in namespace: NamespaceReference? = nil, index: UInt32? = nil,
            macAddress: MACAddress? = nil, mtu: UInt32? = nil
        ) {
            self.name = name
            self.namespace = namespace
            self.index = index
            self.macAddress = macAddress
            self.mtu = mtu
        }

        var header: ifinfomsg { ifinfomsg(.index(index ?? 0)) }

        func encodeAttributes(into writer: inout MessageWriter) {
            writer.put(IFLA_IFNAME, name)
            if let macAddress { writer.put(IFLA_ADDRESS, macAddress) }
            if let mtu { writer.put(IFLA_MTU, mtu) }
            if let namespace { writer.put(IFLA_NET_NS_FD, UInt32(bitPattern: namespace.descriptor)) }
        }

        var summary: String { namespace.map { "\(name) in \($0.name)" } ?? name }
    }

    /// The first end.
    public var first: End
    /// The second end.
    public var second: End

    /// Makes the request of the two ends.
    public init(_ first: End, _ second: End) {
        self.first = first
        self.second = second
    }

    /// What errors call the request.
    public var summary: String { "create veth \(first.summary) to \(second.summary)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        writer.begin(RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, first.header)
        first.encodeAttributes(into: &writer)
        writer.nest(IFLA_LINKINFO) { writer in
            writer.put(IFLA_INFO_KIND, "veth")
            writer.nest(IFLA_INFO_DATA) { writer in
                writer.nest(VETH_INFO_PEER) { writer in
                    writer.put(header: second.header)
                    second.encodeAttributes(into: &writer)
                }
            }
        }
    }
}

/// Changes an interface; what is nil stays as it is.
public struct LinkChange: NetlinkRequest {
    /// Which interface.
    public var link: LinkReference
    /// Sets it up or down.
    public var isUp: Bool?
    /// A text for people, up to 255 bytes; empty removes it.
    public var alias: String?
    /// Largest packet in bytes.
    public var mtu: UInt32?
    /// A new Ethernet address.
    public var macAddress: MACAddress?
    /// Moves the interface. About 30 ms: a veth is better made in its place.
    public var namespace: NamespaceReference?
    /// The number of the bridge that it becomes a port of.
    public var master: UInt32?

    /// Makes the request of what is to change.
    public init(
        _ link: LinkReference, isUp: Bool? = nil, alias: String? = nil, mtu: UInt32? = nil,
        macAddress: MACAddress? = nil, namespace: NamespaceReference? = nil, master: UInt32? = nil
    ) {
        self.link = link
        self.isUp = isUp
        self.alias = alias
        self.mtu = mtu
        self.macAddress = macAddress
        self.namespace = namespace
        self.master = master
    }

    /// What errors call the request.
    public var summary: String {
        var words = "set link \(link)"
        if let isUp { words += isUp ? " up" : " down" }
        if let alias { words += " alias \(alias)" }
        if let mtu { words += " mtu \(mtu)" }
        if let macAddress { words += " address \(macAddress)" }
        if let namespace { words += " into \(namespace.name)" }
        if let master { words += " master #\(master)" }
        return words
    }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        var header = ifinfomsg(link)
        if let isUp {
            header.ifi_change = UInt32(CM_IFF_UP)
            header.ifi_flags = isUp ? UInt32(CM_IFF_UP) : 0
        }
        writer.begin(RTM_SETLINK, header)
        if case .name(let name) = link { writer.put(IFLA_IFNAME, name) }
        if let alias { writer.put(IFLA_IFALIAS, alias) }
        if let macAddress { writer.put(IFLA_ADDRESS, macAddress) }
        if let mtu { writer.put(IFLA_MTU, mtu) }
        if let namespace { writer.put(IFLA_NET_NS_FD, UInt32(bitPattern: namespace.descriptor)) }
        if let master { writer.put(IFLA_MASTER, master) }
    }
}

/// Gives an interface a new name. By index only: where a name is given without one, the kernel takes it for the name to
/// look for.
public struct LinkRenaming: NetlinkRequest {
    /// The number of the interface.
    public var index: UInt32
    /// The new name, up to 15 bytes. A name that is in use gives EEXIST.
    public var name: String

    /// Makes the request.
    public init(_ index: UInt32, to name: String) {
        self.index = index
        self.name = name
    }

    /// What errors call the request.
    public var summary: String { "rename link #\(index) to \(name)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        writer.begin(RTM_SETLINK, ifinfomsg(.index(index)))
        writer.put(IFLA_IFNAME, name)
    }
}

/// Removes an interface; for a veth, both ends.
public struct LinkDeletion: NetlinkRequest {
    /// Which interface.
    public var link: LinkReference

    /// Makes the request.
    public init(_ link: LinkReference) { self.link = link }

    /// What errors call the request.
    public var summary: String { "delete link \(link)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        writer.begin(RTM_DELLINK, ifinfomsg(link))
        if case .name(let name) = link { writer.put(IFLA_IFNAME, name) }
    }
}

extension ifinfomsg {
    init(_ link: LinkReference) {
        self.init()
        if case .index(let index) = link { ifi_index = Int32(bitPattern: index) }
    }
}
