import Net
import Netlink

/// The groups of next hops of a speaker whose routes share flows so that a way which goes or comes moves as few of them as can be.
///
/// Each prefix that ever had several ways has a group of its own, which stays while the prefix has a route: also with one way left, so
/// that flows find their buckets again. Each way is a next hop of its own that all groups share.
struct ResilientGroups {
    private struct Way: Hashable {
        let gateway: IPAddress
        let interface: UInt32
    }

    private var hops: [Way: UInt32] = [:]
    private var groups: [IPPrefix: UInt32] = [:]
    private var lastGroup = firstGroup

    /// Groups have higher numbers than next hops.
    private static let firstGroup: UInt32 = 1 << 20

    /// What brings a prefix's group to the ways, in order, and its number; nil where the prefix has one way and never had more.
    mutating func group(
        _ prefix: IPPrefix, _ ways: [(gateway: IPAddress, interface: UInt32)]
    ) -> (requests: [any NetlinkRequest], number: UInt32)? {
        guard !ways.isEmpty, ways.count > 1 || groups[prefix] != nil else { return nil }
        if groups[prefix] == nil { lastGroup += 1 }
        let number = groups[prefix] ?? lastGroup
        groups[prefix] = number
        var requests: [any NetlinkRequest] = []
        var members: [UInt32] = []
        for way in ways.map({ Way(gateway: $0.gateway, interface: $0.interface) }) {
            let hop = hops[way] ?? UInt32(hops.count + 1)
            hops[way] = hop
            // The kernel forgets a next hop whose link has lost its carrier, so it is said each time.
            requests.append(NexthopChange(.replace, hop, via: way.gateway, interface: way.interface))
            if !members.contains(hop) { members.append(hop) }
        }
        requests.append(ResilientGroupChange(.replace, number, of: members))
        return (requests, number)
    }

    /// What removes a prefix's group, once its route is gone; nil where there is none.
    mutating func removal(_ prefix: IPPrefix) -> (any NetlinkRequest)? {
        groups.removeValue(forKey: prefix).map { ResilientGroupChange(.delete, $0, of: []) }
    }

    /// What removes all groups and next hops.
    mutating func removeAll() -> [any NetlinkRequest] {
        defer { self = ResilientGroups() }
        return groups.values.map { ResilientGroupChange(.delete, $0, of: []) }
            + hops.map { NexthopChange(.delete, $1, via: $0.gateway, interface: $0.interface) }
    }
}
