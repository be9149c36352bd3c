import BGPWire
import Net

/// A route on its way through the rules of policy.
struct PolicyRoute {
    let prefix: IPPrefix
    /// Who it was learned from.
    let source: PeerID
    /// The AS number that a rule prepends; nil on iBGP.
    let prepended: ASN?
    var attributes: PathAttributes
    /// Whether a rule has set MULTI_EXIT_DISC.
    var setsMultiExitDiscriminator = false
    /// The address that a rule has set as the next hop; it goes before `nextHopSelf`.
    var nextHop: IPAddress?
    /// Whether our own address is to be the next hop.
    var nextHopSelf = false

    init(_ attributes: PathAttributes, to prefix: IPPrefix, from source: PeerID, prepended: ASN?) {
        self.attributes = attributes
        self.prefix = prefix
        self.source = source
        self.prepended = prepended
    }

    /// Asks the rules in order. False if one rejects the route.
    mutating func apply(_ rules: [PolicyRule]) -> Bool {
        for rule in rules where holds(rule.condition) {
            for action in rule.actions { perform(action) }
            switch rule.verdict {
            case .accept: return true
            case .reject: return false
            case .proceed: continue
            }
        }
        return true
    }

    private func holds(_ condition: PolicyCondition) -> Bool {
        if let family = condition.family, prefix.family != family { return false }
        if !condition.neighbours.isEmpty, !condition.neighbours.contains(source) { return false }
        if !condition.prefixes.isEmpty, !condition.prefixes.contains(where: { $0.contains(prefix) }) { return false }
        guard condition.communities.allSatisfy(attributes.communities.contains),
            condition.largeCommunities.allSatisfy(attributes.largeCommunities.contains)
        else { return false }
        if !condition.origins.isEmpty {
            guard let origin = attributes.asPath.origin, condition.origins.contains(origin) else { return false }
        }
        return condition.asPath?.matches(attributes.asPath) ?? true
    }

    private mutating func perform(_ action: PolicyAction) {
        switch action {
        case .setLocalPreference(let value): attributes.localPreference = value
        case .setMultiExitDiscriminator(let value):
            attributes.multiExitDiscriminator = value
            setsMultiExitDiscriminator = true
        case .addCommunities(let added): attributes.add(added)
        case .removeCommunities(let removed): attributes.communities.removeAll { removed.contains($0) }
        case .setCommunities(let communities):
            attributes.communities = []
            attributes.add(communities)
        case .addLargeCommunities(let added): attributes.add(added)
        case .removeLargeCommunities(let removed): attributes.largeCommunities.removeAll { removed.contains($0) }
        case .setLargeCommunities(let communities):
            attributes.largeCommunities = []
            attributes.add(communities)
        case .prepend(let count):
            if let prepended { attributes.asPath.prepend(prepended, count: Int(count)) }
        case .setNextHop(let address):
            if address.family == prefix.family { nextHop = address }
        case .setNextHopSelf:
            nextHop = nil
            nextHopSelf = true
        }
    }
}

extension Array<PolicyRule> {
    /// Whether what the rules do to a route may hang on its prefix, beyond the family.
    var lookAtPrefix: Bool { contains { !$0.condition.prefixes.isEmpty } }
}

extension PathAttributes {
    /// Adds communities, which stay sorted and without duplicates.
    mutating func add(_ added: [Community]) {
        guard !added.isEmpty else { return }
        var all = communities
        for community in added where !all.contains(community) { all.append(community) }
        communities = all.sorted()
    }

    /// Adds large communities that are not there yet.
    mutating func add(_ added: [LargeCommunity]) {
        for community in added where !largeCommunities.contains(community) { largeCommunities.append(community) }
    }
}

extension ASPath {
    /// The AS that originated the route; nil if the path is empty or ends in a set.
    fileprivate var origin: ASN? {
        guard let last = segments.last, last.kind == .sequence else { return nil }
        return last.numbers.last
    }
}
