import LabModel
import Net

extension LabReader {
    /// The rules of policy under `key`, in order.
    mutating func rules(_ fields: Fields, _ key: String) -> [PolicyRule] {
        (fields.list(key) ?? []).compactMap { rule($0) }
    }

    private mutating func rule(_ node: YAMLNode) -> PolicyRule? {
        guard let fields = Fields(node, .rule, report) else { return nil }
        var rule = PolicyRule(.next)
        if let node = fields["match"], let fields = Fields(node, .match, report) { rule.match = match(fields) }
        if let node = fields["set"], let fields = Fields(node, .set, report) { rule.set = changes(fields) }
        if let verdict = fields.word("then", as: PolicyRule.Verdict.self) {
            rule.verdict = verdict
        } else if fields["then"] == nil, fields["set"] == nil {
            report.error(
                "a rule says what it changes, or what becomes of the route", at: fields.position,
                hint: "give it 'set', or 'then': accept or reject")
        }
        return rule
    }

    private mutating func match(_ fields: Fields) -> PolicyRule.Match {
        var match = PolicyRule.Match()
        match.prefixes = (fields.list("prefixes") ?? []).compactMap { range($0) }
        match.family = fields.word("family", as: AddressFamily.self)
        match.communities = communities(fields, "communities")
        match.largeCommunities = largeCommunities(fields, "large-communities")
        if let path = fields.text("as-path") {
            match.asPath = path.value
            draft.expressions.append(path)
        }
        match.origins = (fields.list("origins") ?? []).compactMap { origin($0) }
        let names = (fields.list("neighbors") ?? []).compactMap { $0.text(report) }
        draft.policyNeighbours += names
        match.neighbours = names.map(\.value)
        return match
    }

    /// `192.0.2.0/24`, or `{ prefix: 10.0.0.0/8, ge: 16, le: 24 }`: with `ge` all in it that are at least so long, with `le` also
    /// those that are longer, up to so long.
    private func range(_ node: YAMLNode) -> PrefixRange? {
        guard case .mapping = node.content else {
            return prefix(node).map { PrefixRange($0, $0.length, $0.length) }
        }
        guard let fields = Fields(node, .range, report), let prefix = fields["prefix"].flatMap({ prefix($0) }) else {
            return nil
        }
        let shortest = UInt32(prefix.length)
        let lengths = shortest...UInt32(prefix.family.bitWidth)
        let least = fields.whole("ge", in: lengths)
        let most = fields.whole("le", in: lengths)
        let first = least?.value ?? shortest
        let last = most?.value ?? (least == nil ? shortest : lengths.upperBound)
        guard first <= last else {
            report.error(
                "'le' is less than 'ge'", at: most?.position ?? fields.position, hint: "'ge' is the shorter one")
            return nil
        }
        return PrefixRange(prefix, UInt8(clamping: first), UInt8(clamping: last))
    }

    /// A prefix of policy, which may be any.
    func prefix(_ node: YAMLNode) -> IPPrefix? {
        guard let text = node.text(report) else { return nil }
        if let prefix = IPPrefix(text.value) { return prefix }
        report.error(
            "\(quoted(text.value)) is not a prefix", at: text.position,
            hint: "an address and a length, and no bits behind it, like 192.0.2.0/24")
        return nil
    }

    private func origin(_ node: YAMLNode) -> ASN? {
        if node.scalar == .integer, let number = node.plainText.flatMap(UInt32.init) { return ASN(number) }
        report.error("expected an AS number, not \(node.kind)", at: node.position, hint: "a whole number, like 65010")
        return nil
    }

    private func changes(_ fields: Fields) -> PolicyRule.Changes {
        var changes = PolicyRule.Changes()
        changes.localPreference = fields.whole("local-preference", in: 0...UInt32.max)?.value
        if fields["med"]?.plainText == "none" {
            changes.removesMultiExitDiscriminator = true
        } else {
            changes.multiExitDiscriminator = fields.whole("med", in: 0...UInt32.max)?.value
        }
        if let node = fields["communities"] { changes.communities = change(node, communities) }
        if let node = fields["large-communities"] { changes.largeCommunities = change(node, largeCommunities) }
        changes.prepend = UInt8(clamping: fields.whole("prepend", in: 1...20)?.value ?? 0)
        if let hop = fields.text("next-hop") {
            changes.nextHop = hop.value
            if hop.value != "self", IPAddress(hop.value) == nil {
                report.error(
                    "\(quoted(hop.value)) is not a next hop", at: hop.position, hint: "say self, or an address")
            }
        }
        return changes
    }

    private func change(_ node: YAMLNode, _ read: (Fields, String) -> [String]) -> CommunityChange {
        var change = CommunityChange()
        guard let fields = Fields(node, .change, report) else { return change }
        if let all = fields["replace"] {
            change.replacement = read(fields, "replace")
            if fields["add"] != nil || fields["remove"] != nil {
                report.error(
                    "'replace' leaves nothing for 'add' and 'remove'", at: all.position, hint: "say one or the other")
            }
        }
        change.removed = read(fields, "remove")
        change.added = read(fields, "add")
        return change
    }

    // MARK: Communities

    /// The well-known communities: RFC 1997, RFC 3765, RFC 7999, RFC 8326.
    static let wellKnownCommunities = [
        "NO_EXPORT", "NO_ADVERTISE", "NO_EXPORT_SUBCONFED", "NOPEER", "BLACKHOLE", "GRACEFUL_SHUTDOWN",
    ]

    /// `65000:1`, or a well-known name, each.
    func communities(_ fields: Fields, _ key: String) -> [String] {
        (fields.list(key) ?? []).compactMap { node in
            guard let text = node.text(report) else { return nil }
            if Self.wellKnownCommunities.contains(text.value) { return text.value }
            if Self.isNumbers(text.value, count: 2, upTo: UInt32(UInt16.max)) { return text.value }
            report.error(
                "\(quoted(text.value)) is not a community", at: text.position,
                hint: Nearest.hint(text.value, among: Self.wellKnownCommunities)
                    ?? "two numbers up to 65535, like \"65000:1\", or a well-known name like NO_EXPORT")
            return nil
        }
    }

    /// `65000:1:2` each (RFC 8092).
    private func largeCommunities(_ fields: Fields, _ key: String) -> [String] {
        (fields.list(key) ?? []).compactMap { node in
            guard let text = node.text(report) else { return nil }
            if Self.isNumbers(text.value, count: 3, upTo: .max) { return text.value }
            report.error(
                "\(quoted(text.value)) is not a large community", at: text.position,
                hint: "three numbers up to 4294967295, like \"65000:1:2\"")
            return nil
        }
    }

    private static func isNumbers(_ text: String, count: Int, upTo most: UInt32) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == count
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                    && (part == "0" || !part.hasPrefix("0")) && UInt32(part).map { $0 <= most } == true
            }
    }
}
