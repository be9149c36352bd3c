import CMnl
public import Net

/// A next hop as an object of its own (RTM_NEWNEXTHOP), for groups to have it.
public struct NexthopChange: NetlinkRequest {
    /// What to do.
    public var change: ChangeKind
    /// Its number: 1 or more.
    public var number: UInt32
    /// The router.
    public var gateway: IPAddress
    /// The interface.
    public var interface: UInt32

    /// Makes the request.
    public init(_ change: ChangeKind, _ number: UInt32, via gateway: IPAddress, interface: UInt32) {
        (self.change, self.number, self.gateway, self.interface) = (change, number, gateway, interface)
    }

    /// What errors call the request.
    public var summary: String { "\(change.rawValue) next hop #\(number) via \(gateway) link #\(interface)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        var header = nhmsg()
        header.nh_family = gateway.family.number
        header.nh_protocol = change == .delete ? 0 : KernelRoute.Origin.bgp.rawValue
        writer.begin(change == .delete ? RTM_DELNEXTHOP : RTM_NEWNEXTHOP, flags: change.flags, header)
        writer.put(NHA_ID, number)
        guard change != .delete else { return }
        writer.put(NHA_OIF, interface)
        writer.put(NHA_GATEWAY, gateway)
    }
}

/// A group of next hops that share flows by a table of buckets (NEXTHOP_GRP_TYPE_RES). A hop that leaves gives its buckets to the
/// others, and no other bucket changes hands; one that comes takes those that have been idle. So flows of the other hops stay with them,
/// where hashing by thresholds (RFC 2992) moves a part of them.
public struct ResilientGroupChange: NetlinkRequest {
    /// What to do.
    public var change: ChangeKind
    /// Its number, from the same row as those of next hops.
    public var number: UInt32
    /// The numbers of its next hops.
    public var hops: [UInt32]

    /// How many buckets a group has. With 256 the shares of 64 hops are still within a third of each other.
    public static let buckets: UInt16 = 256

    /// Makes the request.
    public init(_ change: ChangeKind, _ number: UInt32, of hops: [UInt32]) {
        (self.change, self.number, self.hops) = (change, number, hops)
    }

    /// What errors call the request.
    public var summary: String { "\(change.rawValue) resilient group #\(number) of \(hops.count) next hops" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        var header = nhmsg()
        header.nh_protocol = change == .delete ? 0 : KernelRoute.Origin.bgp.rawValue
        writer.begin(change == .delete ? RTM_DELNEXTHOP : RTM_NEWNEXTHOP, flags: change.flags, header)
        writer.put(NHA_ID, number)
        guard change != .delete else { return }
        let members = hops.map { hop in
            var member = nexthop_grp()
            member.id = hop
            return member
        }
        members.withUnsafeBytes { writer.put(NHA_GROUP, $0) }
        writer.put(NHA_GROUP_TYPE, UInt16(NEXTHOP_GRP_TYPE_RES))
        writer.nest(NHA_RES_GROUP) { $0.put(NHA_RES_GROUP_BUCKETS, Self.buckets) }
    }
}
