import LabModel

extension LabReader {
    /// The neighbours under `providers`, `peers`, `customers` and `siblings`.
    mutating func relations(_ fields: Fields, _ kinds: [RelationKind]) -> [Located<Relation>] {
        var relations: [Located<Relation>] = []
        for kind in kinds {
            let key = kind.rawValue + "s"
            guard fields[key] != nil else { continue }
            guard let items = fields.list(key) else {
                draft.hasStructure = false
                continue
            }
            for item in items {
                if let relation = relation(item, kind) {
                    relations.append(relation)
                } else {
                    draft.hasStructure = false
                }
            }
        }
        return relations
    }

    /// A name, or a mapping that says how our announcements are bent.
    private func relation(_ node: YAMLNode, _ kind: RelationKind) -> Located<Relation>? {
        guard case .mapping = node.content else {
            return node.text(report).map {
                Located(value: Relation(network: $0.value, kind: kind), position: $0.position)
            }
        }
        guard let fields = Fields(node, .relation, report) else { return nil }
        let name = fields.text("network")
        var relation = Relation(network: name?.value ?? "", kind: kind)
        relation.prepend = UInt8(clamping: fields.whole("prepend", in: 0...20)?.value ?? 0)
        relation.localPreference = fields.whole("local-preference", in: 0...UInt32.max)?.value
        relation.multiExitDiscriminator = fields.whole("med", in: 0...UInt32.max)?.value
        relation.communities = (fields.list("communities") ?? []).compactMap { community($0) }
        relation.noExport = fields.flag("no-export") ?? false
        relation.leak = fields.flag("leak") ?? false
        return name.map { Located(value: relation, position: $0.position) }
    }

    /// The well-known communities that can be named (RFC 1997, RFC 3765).
    static let wellKnownCommunities = ["NO_EXPORT", "NO_ADVERTISE", "NO_EXPORT_SUBCONFED", "NOPEER"]

    /// `65000:1`, or a well-known name.
    private func community(_ node: YAMLNode) -> String? {
        guard let text = node.text(report) else { return nil }
        if Self.wellKnownCommunities.contains(text.value) { return text.value }
        let parts = text.value.split(separator: ":", omittingEmptySubsequences: false)
        let isPair =
            parts.count == 2
            && parts.allSatisfy { (1...5).contains($0.utf8.count) && $0.allSatisfy(\.isNumber) && UInt16($0) != nil }
        guard isPair else {
            report.error(
                "\(quoted(text.value)) is not a community", at: text.position,
                hint: Nearest.hint(text.value, among: Self.wellKnownCommunities)
                    ?? "two numbers up to 65535, like \"65000:1\", or a well-known name like NO_EXPORT")
            return nil
        }
        return text.value
    }

    // MARK: Timers

    /// `fast`, `internet`, or a mapping of single timers that may start from one of these.
    func timers(_ node: YAMLNode) -> TimerOverrides {
        guard case .mapping = node.content else { return preset(node) ?? TimerOverrides() }
        guard let fields = Fields(node, .timers, report) else { return TimerOverrides() }
        var timers = fields["preset"].flatMap { preset($0) } ?? TimerOverrides()
        let hour: Int64 = 3_600_000_000_000
        if let hold = fields.quantity("hold", Quantity.holdTime) { timers.hold = hold.value }
        if let retry = fields.quantity(
            "connect-retry", { text throws(Quantity.Wrong) in try Quantity.milliseconds(text, upTo: hour) })
        {
            if retry.value == 0 {
                report.error("'connect-retry' cannot be 0", at: retry.position, hint: "say 250ms")
            }
            timers.connectRetry = retry.value
        }
        if let mrai = fields.quantity(
            "mrai", { text throws(Quantity.Wrong) in try Quantity.milliseconds(text, upTo: hour) })
        {
            timers.advertisementExternal = mrai.value
        }
        if let mrai = fields.quantity(
            "mrai-ibgp", { text throws(Quantity.Wrong) in try Quantity.milliseconds(text, upTo: hour) })
        {
            timers.advertisementInternal = mrai.value
        }
        return timers
    }

    private static let presets: [(name: String, timers: Timers)] = [("fast", .fast), ("internet", .internet)]

    private func preset(_ node: YAMLNode) -> TimerOverrides? {
        guard let name = node.text(report) else { return nil }
        guard let preset = Self.presets.first(where: { $0.name == name.value })?.timers else {
            report.error(
                "there are no timers \(quoted(name.value))", at: name.position,
                hint: "say fast or internet, or give single timers: { hold: 9s }")
            return nil
        }
        var timers = TimerOverrides()
        timers.hold = preset.hold
        timers.connectRetry = preset.connectRetry
        timers.advertisementExternal = preset.advertisementExternal
        timers.advertisementInternal = preset.advertisementInternal
        return timers
    }

    // MARK: Links

    func link(_ node: YAMLNode) -> Draft.Link? {
        guard let fields = Fields(node, .link, report), fields["between"] != nil else { return nil }
        guard let items = fields.list("between") else { return nil }
        let names = items.compactMap { $0.text(report) }
        guard items.count == 2, names.count == 2 else {
            if names.count == items.count {
                report.error(
                    "'between' has two names, not \(items.count)", at: fields["between"]?.position ?? node.position)
            }
            return nil
        }
        var rule = LinkRule(between: names[0].value, and: names[1].value)
        let most: Int64 = 10_000_000_000
        rule.delay =
            fields.quantity("delay") { text throws(Quantity.Wrong) in try Quantity.duration(text, upTo: most) }?.value
        rule.jitter =
            fields.quantity("jitter") { text throws(Quantity.Wrong) in try Quantity.duration(text, upTo: most) }?.value
        rule.loss = fields.quantity("loss", Quantity.share)?.value
        rule.duplicate = fields.quantity("duplicate", Quantity.share)?.value
        rule.reorder = fields.quantity("reorder", Quantity.share)?.value
        rule.rate = fields.quantity("rate", Quantity.rate)?.value
        if let node = fields["timers"] { rule.timers = timers(node) }
        return Draft.Link(position: fields["between"]?.position ?? node.position, between: names, rule: rule)
    }
}
