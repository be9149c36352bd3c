import BGPTable
import BGPWire
import JSON
import Net

/// A rule of routing policy as the configuration writes it. What is left out of `match` is not looked at; a rule without
/// `match` is for every route.
///
///     {"match": {"prefixes": ["192.0.2.0/24", {"prefix": "10.0.0.0/8", "ge": 16, "le": 24}],   lies in one of these
///                "family": "ipv4",
///                "communities": ["65010:1"], "large_communities": ["65010:1:2"],               carries all of these
///                "as_path": "^65010 . 65020*$",                                                see ASPathExpression
///                "origins": [65010],                                                           last AS of the path
///                "neighbors": ["eurocore-fra", "10.1.0.1", "local"]},                          learned from one of these
///      "set": {"local_preference": 50, "med": 7,                                              or "med": "none"
///              "communities": {"add": [...], "remove": [...]},                                 or {"replace": [...]}
///              "large_communities": {...}, "prepend": 2, "next_hop": "self"},                  or an address
///      "then": "accept"}                                                                       or "reject" or "next"
///
/// Neighbours are kept by name or address: the table numbers them only when they are there.
struct PolicyRuleConfiguration: Equatable {
    private var rule: PolicyRule
    /// Names or addresses, or `local` for what this speaker originates; empty for any.
    private var neighbours: [String]

    /// The rules under a key, in order.
    static func list(_ fields: ConfigurationFields, _ key: String) throws(ConfigurationError) -> [Self] {
        var rules: [Self] = []
        for (json, path) in try fields.list(key) { rules.append(try Self(json, path)) }
        return rules
    }

    private init(_ json: JSON, _ path: String) throws(ConfigurationError) {
        let fields = try ConfigurationFields(json, path, keys: ["match", "set", "then"])
        var condition = PolicyCondition()
        neighbours = []
        if let match = try fields.object("match", Self.matchKeys) {
            condition = try PolicyCondition(match)
            neighbours = try match.texts("neighbors", "a neighbor's name or address, or local,")
        }
        var actions: [PolicyAction] = []
        if let set = try fields.object("set", Self.setKeys) { actions = try PolicyAction.list(set) }
        rule = PolicyRule(condition, actions, try Self.verdict(fields, changes: !actions.isEmpty))
    }

    private static let matchKeys = [
        "prefixes", "family", "communities", "large_communities", "as_path", "origins", "neighbors",
    ]
    private static let setKeys = [
        "local_preference", "med", "communities", "large_communities", "prepend", "next_hop",
    ]

    /// A rule that changes something may go on without saying so; one that does not must say what it is for.
    private static func verdict(
        _ fields: ConfigurationFields, changes: Bool
    ) throws(ConfigurationError) -> PolicyRule.Verdict {
        guard fields["then"] != nil || !changes else { return .proceed }
        switch try fields.string("then") {
        case "accept": return .accept
        case "reject": return .reject
        case "next": return .proceed
        default: throw fields.error("then", "accept, reject or next expected")
        }
    }

    /// Checks that the neighbours that the rule names are configured. The rule stands at `place`.
    func check(_ neighbours: [NeighbourConfiguration], _ place: String) throws(ConfigurationError) {
        for (index, name) in self.neighbours.enumerated() where name != "local" {
            guard !neighbours.contains(where: { $0.name == name || $0.address.description == name }) else { continue }
            let known = neighbours.map(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            throw ConfigurationError(
                description: "\(place).match.neighbors[\(index)]: no neighbor '\(name)'; there are "
                    + (known + ["local"]).joined(separator: ", "))
        }
    }

    /// The rule as the table takes it, with the numbers that `numbers` has for a name or address; nil when it is for neighbours
    /// of which none is there.
    func resolved(_ numbers: (String) -> [PeerID]) -> PolicyRule? {
        guard !neighbours.isEmpty else { return rule }
        var rule = rule
        rule.condition.neighbours = neighbours.flatMap { $0 == "local" ? [.local] : numbers($0) }
        return rule.condition.neighbours.isEmpty ? nil : rule
    }
}

extension PolicyCondition {
    fileprivate init(_ fields: ConfigurationFields) throws(ConfigurationError) {
        self.init()
        for (json, path) in try fields.list("prefixes") { prefixes.append(try PrefixMatch(json, path)) }
        if let json = fields["family"] {
            family = json.string.flatMap { AddressFamily(rawValue: $0) }
            guard family != nil else { throw fields.error("family", "ipv4 or ipv6 expected") }
        }
        communities = try fields.communities("communities")
        largeCommunities = try fields.largeCommunities("large_communities")
        for (json, path) in try fields.list("origins") {
            guard let number = json.int.flatMap(UInt32.init(exactly:)) else {
                throw ConfigurationError(description: "\(path): an AS number expected, like 65010")
            }
            origins.append(ASN(number))
        }
        guard fields["as_path"] != nil else { return }
        let text = try fields.string("as_path")
        do throws(ASPathExpression.SyntaxError) {
            asPath = try ASPathExpression(text)
        } catch {
            throw fields.error("as_path", "\(error)")
        }
    }
}

extension PrefixMatch {
    /// A prefix is itself alone; with `ge` all in it that are at least so long, with `le` also those that are longer, up to so
    /// long.
    fileprivate init(_ json: JSON, _ path: String) throws(ConfigurationError) {
        guard json.string == nil else {
            guard let prefix = json.string.flatMap(IPPrefix.init) else {
                throw ConfigurationError(description: "\(path): a prefix expected, like 192.0.2.0/24")
            }
            self = .exact(prefix)
            return
        }
        let fields = try ConfigurationFields(json, path, keys: ["prefix", "ge", "le"])
        let prefix: IPPrefix = try fields.text("prefix", "a prefix, like 192.0.2.0/24,")
        let lengths = Int(prefix.length)...Int(prefix.family.bitWidth)
        let least = try fields.number("ge", lengths)
        let most = try fields.number("le", lengths)
        let range = (least ?? lengths.lowerBound, most ?? (least == nil ? lengths.lowerBound : lengths.upperBound))
        guard range.0 <= range.1 else { throw fields.error("le", "at least ge (\(range.0)) expected") }
        self.init(prefix, lengths: UInt8(clamping: range.0)...UInt8(clamping: range.1))
    }
}

extension PolicyAction {
    fileprivate static func list(_ fields: ConfigurationFields) throws(ConfigurationError) -> [PolicyAction] {
        var actions: [PolicyAction] = []
        if let value = try fields.uint32("local_preference") { actions.append(.setLocalPreference(value)) }
        if fields["med"]?.string == "none" {
            actions.append(.setMultiExitDiscriminator(nil))
        } else if let value = try fields.uint32("med") {
            actions.append(.setMultiExitDiscriminator(value))
        }
        if let change = try fields.object("communities", changeKeys) {
            try append(
                &actions, change, ConfigurationFields.communities, replace: setCommunities, add: addCommunities,
                remove: removeCommunities)
        }
        if let change = try fields.object("large_communities", changeKeys) {
            try append(
                &actions, change, ConfigurationFields.largeCommunities, replace: setLargeCommunities,
                add: addLargeCommunities, remove: removeLargeCommunities)
        }
        if let count = try fields.number("prepend", 1...255) { actions.append(.prepend(UInt8(clamping: count))) }
        if fields["next_hop"]?.string == "self" {
            actions.append(.setNextHopSelf)
        } else if fields["next_hop"] != nil {
            actions.append(.setNextHop(try fields.text("next_hop", "an address or self")))
        }
        return actions
    }

    private static let changeKeys = ["add", "remove", "replace"]

    /// What is removed goes before what is added: both of the same is an addition.
    private static func append<Value>(
        _ actions: inout [PolicyAction], _ fields: ConfigurationFields,
        _ read: (ConfigurationFields) -> (String) throws(ConfigurationError) -> [Value],
        replace: ([Value]) -> PolicyAction, add: ([Value]) -> PolicyAction, remove: ([Value]) -> PolicyAction
    ) throws(ConfigurationError) {
        let values = read(fields)
        guard fields["replace"] == nil else {
            guard fields["add"] == nil, fields["remove"] == nil else {
                throw fields.error("replace", "replaces all; take add and remove away, or this")
            }
            return actions.append(replace(try values("replace")))
        }
        let (removed, added) = (try values("remove"), try values("add"))
        if !removed.isEmpty { actions.append(remove(removed)) }
        if !added.isEmpty { actions.append(add(added)) }
    }
}
