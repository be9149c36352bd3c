import JSON
import LabModel
import Net

/// Routing policy as the BGP speaker's configuration writes it.
enum PolicyConfiguration {
    /// The rules of a relation and those of the network behind them, for one router. `neighbours` has the names by which this
    /// router knows its neighbours in a network, or the site of that name; a rule for neighbours that it has none of can never
    /// match, and is left out.
    static func rules(_ rules: [PolicyRule], neighbours: (String) -> [String]) -> JSON {
        .array(rules.compactMap { rule($0, neighbours) })
    }

    private static func rule(_ rule: PolicyRule, _ neighbours: (String) -> [String]) -> JSON? {
        var members: [JSON.Member] = []
        let names = rule.match.neighbours.flatMap { $0 == "local" ? [$0] : neighbours($0) }
        guard names.isEmpty == rule.match.neighbours.isEmpty else { return nil }
        let match = match(rule.match) + list("neighbors", names)
        if !match.isEmpty { members.append(.init("match", .object(match))) }
        let set = set(rule.set)
        if !set.isEmpty { members.append(.init("set", .object(set))) }
        members.append(.init("then", .string(rule.verdict.rawValue)))
        return .object(members)
    }

    private static func match(_ match: PolicyRule.Match) -> [JSON.Member] {
        var members: [JSON.Member] = []
        if !match.prefixes.isEmpty {
            members.append(.init("prefixes", .array(match.prefixes.map(range))))
        }
        if let family = match.family { members.append(.init("family", .string(family.rawValue))) }
        members += list("communities", match.communities) + list("large_communities", match.largeCommunities)
        if let expression = match.asPath { members.append(.init("as_path", .string(expression))) }
        if !match.origins.isEmpty {
            members.append(.init("origins", .array(match.origins.map { .int(Int($0.rawValue)) })))
        }
        return members
    }

    private static func range(_ range: PrefixRange) -> JSON {
        [
            "prefix": .string(range.prefix.description), "ge": .int(Int(range.least)), "le": .int(Int(range.most)),
        ]
    }

    private static func set(_ changes: PolicyRule.Changes) -> [JSON.Member] {
        var members: [JSON.Member] = []
        if let value = changes.localPreference { members.append(.init("local_preference", .int(Int(value)))) }
        if changes.removesMultiExitDiscriminator {
            members.append(.init("med", "none"))
        } else if let value = changes.multiExitDiscriminator {
            members.append(.init("med", .int(Int(value))))
        }
        members += change("communities", changes.communities) + change("large_communities", changes.largeCommunities)
        if changes.prepend > 0 { members.append(.init("prepend", .int(Int(changes.prepend)))) }
        if let nextHop = changes.nextHop { members.append(.init("next_hop", .string(nextHop))) }
        return members
    }

    private static func change(_ name: String, _ change: CommunityChange) -> [JSON.Member] {
        if let all = change.replacement {
            return [.init(name, ["replace": .array(all.map { .string($0) })])]
        }
        let members = list("remove", change.removed) + list("add", change.added)
        return members.isEmpty ? [] : [.init(name, .object(members))]
    }

    private static func list(_ name: String, _ values: [String]) -> [JSON.Member] {
        values.isEmpty ? [] : [.init(name, .array(values.map { .string($0) }))]
    }
}
