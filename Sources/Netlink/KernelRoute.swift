import CMnl
public import Net

/// A route of the kernel's forwarding table (RTM_NEWROUTE): what is asked for, and what dumps and notifications tell.
public struct KernelRoute: Hashable, Sendable {
    /// Which packets it is for.
    public var destination: IPPrefix
    /// Where they go; several for multipath. Empty for the kinds that forward nothing.
    public var nextHops: [NextHop]
    /// What becomes of the packets.
    public var kind: Kind
    /// Who put the route there.
    public var origin: Origin
    /// The table. 254 is main.
    public var table: UInt32
    /// Among routes to one destination the lowest wins. 0 lets the kernel choose: 0 for IPv4, 1024 for IPv6.
    public var metric: UInt32
    /// The source address of packets that the machine itself sends this way.
    public var preferredSource: IPAddress?

    /// The table that is looked up when nothing else is said (RT_TABLE_MAIN).
    public static let mainTable: UInt32 = 254
    /// The table of what is for this machine, which the kernel keeps itself (RT_TABLE_LOCAL).
    public static let localTable: UInt32 = 255

    /// Makes a route of its parts.
    public init(
        _ destination: IPPrefix, via nextHops: [NextHop] = [], kind: Kind = .unicast, origin: Origin = .static,
        table: UInt32 = KernelRoute.mainTable, metric: UInt32 = 0, preferredSource: IPAddress? = nil
    ) {
        self.destination = destination
        self.nextHops = nextHops
        self.kind = kind
        self.origin = origin
        self.table = table
        self.metric = metric
        self.preferredSource = preferredSource
    }

    /// One way to go on.
    public struct NextHop: Hashable, Sendable {
        /// The router; nil when the destination itself is on the link. An IPv4 route may have an IPv6 one (RFC 8950).
        public var gateway: IPAddress?
        /// The interface; nil lets the kernel find it by the gateway.
        public var interface: UInt32?
        /// The share among several next hops: 1 to 256.
        public var weight: Int
        /// Take the gateway to be on the link although no address of the interface says so (RTNH_F_ONLINK).
        public var isOnLink: Bool
        /// Set by the kernel in dumps: the interface is down or has no carrier, and the next hop is not used.
        public var isDead: Bool

        /// Makes a next hop of its parts.
        public init(_ gateway: IPAddress? = nil, interface: UInt32? = nil, weight: Int = 1, isOnLink: Bool = false) {
            self.gateway = gateway
            self.interface = interface
            self.weight = weight
            self.isOnLink = isOnLink
            isDead = false
        }
    }

    /// What becomes of a packet (rtm_type).
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The number of linux/rtnetlink.h.
        public let rawValue: UInt8
        /// Makes a kind of its number.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Whatever the kind: for removals only.
        public static let any = Kind(rawValue: 0)
        /// Goes on to a next hop.
        public static let unicast = Kind(rawValue: 1)
        /// Is for this machine.
        public static let local = Kind(rawValue: 2)
        /// Is for all machines on a link.
        public static let broadcast = Kind(rawValue: 3)
        /// Goes to a group.
        public static let multicast = Kind(rawValue: 5)
        /// Is dropped without a word.
        public static let blackhole = Kind(rawValue: 6)
        /// Is dropped, and the sender is told that the host cannot be reached.
        public static let unreachable = Kind(rawValue: 7)
        /// Is dropped, and the sender is told that it is not allowed.
        public static let prohibit = Kind(rawValue: 8)
    }

    /// Who put a route there (rtm_protocol).
    public struct Origin: RawRepresentable, Hashable, Sendable {
        /// The number of linux/rtnetlink.h.
        public let rawValue: UInt8
        /// Makes an origin of its number.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Not said: answers of an IPv4 look-up that does not ask for the entry.
        public static let unspecified = Origin(rawValue: 0)
        /// The kernel, for the addresses of its interfaces.
        public static let kernel = Origin(rawValue: 2)
        /// `ip route` without a word about it.
        public static let boot = Origin(rawValue: 3)
        /// An administrator.
        public static let `static` = Origin(rawValue: 4)
        /// The Border Gateway Protocol.
        public static let bgp = Origin(rawValue: 186)
    }
}

extension KernelRoute: CustomStringConvertible {
    /// `192.0.2.0/24 via 10.0.0.1 link #3`; kinds other than unicast come first.
    public var description: String {
        var words = kindPrefix + destination.description
        for hop in nextHops {
            if let gateway = hop.gateway { words += " via \(gateway)" }
            if let interface = hop.interface { words += " link #\(interface)" }
        }
        if table != Self.mainTable { words += " table \(table)" }
        return words
    }

    private var kindPrefix: String {
        switch kind {
        case .unicast: ""
        case .local: "local "
        case .blackhole: "blackhole "
        case .unreachable: "unreachable "
        case .prohibit: "prohibit "
        default: "kind \(kind.rawValue) "
        }
    }
}

/// Adds, replaces or removes a route. Replacing takes the place of the route of the same destination, table and metric, all
/// its next hops included; deleting a route that names no next hop removes whichever they are.
public struct RouteChange: NetlinkRequest {
    /// What to do.
    public var change: ChangeKind
    /// The route.
    public var route: KernelRoute
    /// The number of a group of next hops in place of the route's own ones (``ResilientGroupChange``).
    public var group: UInt32?

    /// Makes the request.
    public init(_ change: ChangeKind, _ route: KernelRoute, through group: UInt32? = nil) {
        self.change = change
        self.route = route
        self.group = group
    }

    /// What errors call the request.
    public var summary: String { "\(change.rawValue) route \(route)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        var header = rtmsg()
        header.rtm_family = route.destination.family.number
        header.rtm_dst_len = route.destination.length
        header.rtm_table = UInt8(exactly: route.table) ?? 0
        header.rtm_protocol = route.origin.rawValue
        header.rtm_type = route.kind.rawValue
        header.rtm_scope = group == nil ? scope : 0
        if route.nextHops.count == 1, route.nextHops[0].isOnLink { header.rtm_flags = UInt32(RTNH_F_ONLINK) }
        writer.begin(change == .delete ? RTM_DELROUTE : RTM_NEWROUTE, flags: change.flags, header)
        writer.put(RTA_DST.number, route.destination.address)
        if header.rtm_table == 0 { writer.put(RTA_TABLE.number, route.table) }
        if route.metric != 0 { writer.put(RTA_PRIORITY.number, route.metric) }
        if let source = route.preferredSource { writer.put(RTA_PREFSRC.number, source) }
        if let group {
            writer.put(RTA_NH_ID.number, group)
        } else if route.nextHops.count == 1 {
            encode(route.nextHops[0], into: &writer)
            if let interface = route.nextHops[0].interface { writer.put(RTA_OIF.number, interface) }
        } else if !route.nextHops.isEmpty {
            encodeMultipath(into: &writer)
        }
    }

    /// Scope counts for IPv4 only: a gateway must have a narrower scope than the route that uses it.
    private var scope: UInt8 {
        guard route.destination.family == .ipv4 else { return 0 }
        if route.kind == .any { return UInt8(RT_SCOPE_NOWHERE.rawValue) }
        if route.kind == .local { return UInt8(RT_SCOPE_HOST.rawValue) }
        if route.kind != .unicast { return UInt8(RT_SCOPE_UNIVERSE.rawValue) }
        // Deleting without a next hop must match any scope.
        if route.nextHops.isEmpty { return UInt8((change == .delete ? RT_SCOPE_NOWHERE : RT_SCOPE_LINK).rawValue) }
        let isDirect = route.nextHops.allSatisfy { $0.gateway == nil }
        return UInt8((isDirect ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE).rawValue)
    }

    private func encode(_ hop: KernelRoute.NextHop, into writer: inout MessageWriter) {
        guard let gateway = hop.gateway else { return }
        if gateway.family == route.destination.family {
            writer.put(RTA_GATEWAY.number, gateway)
        } else {
            encodeVia(gateway, into: &writer)
        }
    }

    /// RTA_VIA: a family in two bytes, then the address.
    private func encodeVia(_ gateway: IPAddress, into writer: inout MessageWriter) {
        withUnsafeTemporaryAllocation(byteCount: 18, alignment: 2) { buffer in
            buffer.storeBytes(of: UInt16(gateway.family.number), as: UInt16.self)
            switch gateway {
            case .v4(let v4):
                buffer.storeBytes(of: v4.rawValue.bigEndian, toByteOffset: 2, as: UInt32.self)
            case .v6(let v6):
                buffer.storeBytes(of: v6.high.bigEndian, toByteOffset: 2, as: UInt64.self)
                buffer.storeBytes(of: v6.low.bigEndian, toByteOffset: 10, as: UInt64.self)
            }
            let count = gateway.family == .ipv4 ? 6 : 18
            writer.put(RTA_VIA.number, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private func encodeMultipath(into writer: inout MessageWriter) {
        writer.nest(RTA_MULTIPATH.number) { writer in
            for hop in route.nextHops {
                var header = rtnexthop()
                header.rtnh_hops = UInt8(min(max(hop.weight, 1), 256) - 1)
                header.rtnh_flags = hop.isOnLink ? UInt8(RTNH_F_ONLINK) : 0
                header.rtnh_ifindex = Int32(bitPattern: hop.interface ?? 0)
                writer.nextHop(header) { encode(hop, into: &$0) }
            }
        }
    }
}

extension rtattr_type_t {
    /// The number of a route attribute, in the type that the other attributes have.
    var number: Int { Int(rawValue) }
}
