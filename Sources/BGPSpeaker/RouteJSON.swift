import BGPTable
import BGPWire
import JSON
import Net
import Sys

extension JSON {
    /// The numbers, nearest first; a set is a list inside the list.
    init(_ path: ASPath) {
        self = .array(
            path.segments.flatMap { segment -> [JSON] in
                let numbers = segment.numbers.map { JSON.int(Int($0.rawValue)) }
                return segment.kind == .sequence ? numbers : [.array(numbers)]
            })
    }
}

extension PathAttributes {
    /// The attributes as members of a route: those that each route has, and of the others those that are there.
    var members: [JSON.Member] {
        var members: [JSON.Member] = [
            .init("next_hop", .string(nextHop.address.description)), .init("as_path", JSON(asPath)),
            .init("origin", .string(origin.description)),
            .init("local_preference", localPreference.map { .int(Int($0)) } ?? .null),
            .init("med", multiExitDiscriminator.map { .int(Int($0)) } ?? .null),
        ]
        func add(_ name: String, _ texts: [some CustomStringConvertible]) {
            if !texts.isEmpty { members.append(.init(name, .array(texts.map { .string($0.description) }))) }
        }
        add("communities", communities)
        add("large_communities", largeCommunities)
        add("cluster_list", clusterList)
        if let address = nextHop.linkLocal {
            members.append(.init("next_hop_link_local", .string(address.description)))
        }
        if let originatorID { members.append(.init("originator_id", .string(originatorID.description))) }
        if let onlyToCustomer { members.append(.init("only_to_customer", .int(Int(onlyToCustomer.rawValue)))) }
        if let aggregator {
            members.append(.init("aggregator", .string("\(aggregator.asn) \(aggregator.identifier)")))
        }
        if atomicAggregate { members.append(.init("atomic_aggregate", true)) }
        if !unknown.isEmpty { members.append(.init("unknown_attributes", .array(unknown.map { .int(Int($0.type)) }))) }
        return members
    }
}

extension [JSON.Member] {
    /// The path identifier of a route (RFC 7911); nothing where the session has none.
    init(path: UInt32) { self = path == 0 ? [] : [.init("path_id", .int(Int(path)))] }
}

extension Exclusion {
    /// Why a route takes no part in the decision process, for people: `damped, reuse in 12 s`.
    func text(_ reuseTime: UInt64?) -> String {
        guard let reuseTime else { return text }
        let left = max(0, Nanoseconds(clamping: reuseTime) - Clock.monotonic())
        return "\(text), reuse in \((left + 999_999_999) / 1_000_000_000) s"
    }

    private var text: String {
        switch self {
        case .asPathLoop: "own AS in AS path"
        case .originatorLoop: "own originator ID"
        case .clusterLoop: "own cluster ID"
        case .routeLeak: "route leak"
        case .policy: "rejected by policy"
        case .damped: "damped"
        }
    }
}

extension DecisionStep {
    /// The step for people.
    var text: String {
        switch self {
        case .onlyRoute: "only route"
        case .nextHopReachable: "next hop reachable"
        case .originatedHere: "originated here"
        case .localPreference: "local preference"
        case .asPathLength: "AS path length"
        case .origin: "origin"
        case .multiExitDiscriminator: "MED"
        case .externalOverInternal: "eBGP over iBGP"
        case .interiorMetric: "IGP metric"
        case .oldestExternal: "oldest eBGP route"
        case .identifier: "router ID"
        case .clusterListLength: "cluster list length"
        case .peerAddress: "neighbor address"
        case .pathIdentifier: "path identifier"
        }
    }
}
