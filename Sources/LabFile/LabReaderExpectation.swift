import LabModel

extension LabReader {
    /// Claims by their kinds, and the times that they have.
    mutating func expectation(_ node: YAMLNode) -> Expectation? {
        guard let fields = Fields(node, .expectation, report) else { return nil }
        var claims = catchments(fields)
        claims += entries(fields, "share", .site, bound: Self.share).map { .share(site: $0, $1) }
        claims += entries(fields, "rtt", .client, bound: Self.time).map { .roundTrip(client: $0, $1) }
        claims += paths(fields)
        claims += entries(fields, "gap", .client, bound: Self.time).map { .gap(client: $0, $1) }
        claims += lost(fields)
        claims += broken(fields)
        claims += resolutions(fields)
        claims += sessions(fields)
        claims += misfortunes(fields)
        claims += entries(fields, "served", .served, bound: Self.share).map { .served($0, $1) }
        claims += entries(fields, "offered", .site, bound: Self.share).map { .offered(site: $0, $1) }
        for key in ["served", "offered"] {
            guard let value = fields[key], !draft.isFlooded else { continue }
            report.error("'\(key)' counts the queries of a flood, and there is none before", at: value.position)
        }
        for key in ["gap", "lost"] {
            guard let value = fields[key], !draft.isDisturbed else { continue }
            report.error(
                "'\(key)' counts from the last fail, heal, drain or apply, and there is none before", at: value.position
            )
        }
        // An empty claim would hold whatever happens.
        for key in Keys.claims {
            guard let value = fields[key], value.isEmpty else { continue }
            report.error(
                "'\(key)' expects nothing", at: value.position, hint: "say what has to be so, or leave '\(key)' out")
        }
        if case .mapping(let pairs) = node.content, pairs.allSatisfy({ Self.times.contains($0.key.value) }) {
            report.error(
                "nothing is expected", at: node.position, hint: "expect one of: \(Keys.claims.joined(separator: ", "))")
        }
        return Expectation(
            claims: claims, service: fields.text("service").map { mention(.service, $0) },
            within: fields.quantity("within", Quantity.waiting)?.value,
            duration: fields.quantity("for", Quantity.waiting)?.value)
    }

    /// The keys of an expectation that expect nothing by themselves.
    private static let times = ["service", "within", "for"]

    private mutating func catchments(_ fields: Fields) -> [Claim] {
        fields.entries("catchment").compactMap { pair in
            guard let site = pair.value.text(report) else { return nil }
            let client = mention(.client, pair.key)
            if site.value == "nobody" { return .catchment(client: client, site: nil) }
            return .catchment(client: client, site: mention(.site, site))
        }
    }

    private mutating func paths(_ fields: Fields) -> [Claim] {
        fields.entries("path").flatMap { pair -> [Claim] in
            let client = mention(.client, pair.key)
            guard let rules = Fields(pair.value, .path, report) else { return [] }
            if Keys.path.all.allSatisfy({ rules[$0] == nil }) {
                report.error(
                    "it does not say how the path has to be", at: pair.value.position,
                    hint: "like { contains: NETWORK } or { avoids: US }")
            }
            return Claim.PathRule.allCases.compactMap { rule in
                rules.text(rule.rawValue).map { .path(client: client, rule, part($0)) }
            }
        }
    }

    /// Countries have capital letters, which names in a lab have not.
    private mutating func part(_ text: Located<String>) -> Claim.PathPart {
        Country.isCode(text.value) ? .country(text.value) : .network(mention(.part, text))
    }

    private func lost(_ fields: Fields) -> [Claim] {
        guard let node = fields["lost"] else { return [] }
        if node.scalar == .integer, let count = node.plainText.flatMap({ Int64($0) }), count >= 0 {
            return [.lost(Bound(.equal, count))]
        }
        return bound(node, "lost", "< 100", Quantity.count).map { [.lost($0)] } ?? []
    }

    private mutating func resolutions(_ fields: Fields) -> [Claim] {
        fields.entries("resolved").compactMap { pair in
            let client = mention(.client, pair.key)
            guard let fields = Fields(pair.value, .resolution, report), let name = fields.text("name") else {
                return nil
            }
            if !Self.isDomainName(name.value) {
                report.error(
                    "\(quoted(name.value)) is not a domain name", at: name.position, hint: "like www.hello.test")
            }
            let type = fields.text("type")
            if let type, !Self.recordTypes.contains(type.value) {
                report.error(
                    "there is no record type \(quoted(type.value))", at: type.position,
                    hint: Nearest.hint(type.value, among: Self.recordTypes)
                        ?? "the types are: \(Self.recordTypes.joined(separator: ", "))")
            }
            guard let answer = fields["answer"], let type else { return nil }
            let items: [YAMLNode] = if case .sequence(let items) = answer.content { items } else { [answer] }
            return .resolved(
                client: client, .init(name: name.value, type: type.value, answers: texts(items, of: "answer")))
        }
    }

    /// The texts of a list under `key`; what is none is reported.
    func texts(_ items: [YAMLNode], of key: String) -> [String] {
        items.compactMap { item in
            if let text = item.plainText { return text }
            report.error("'\(key)' has to be a text or a list of texts", at: item.position)
            return nil
        }
    }

    /// The types whose data the answers are compared with.
    private static let recordTypes = ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT"]

    private mutating func sessions(_ fields: Fields) -> [Claim] {
        fields.entries("session").compactMap { pair in
            guard let dashes = pair.key.value.firstRange(of: "--") else {
                report.error(
                    "\(quoted(pair.key.value)) does not name two ends", at: pair.key.position,
                    hint: "like 'london--eurocore: Established'")
                return nil
            }
            let names = [pair.key.value[..<dashes.lowerBound], pair.key.value[dashes.upperBound...]].map { name in
                mention(.node, Located(value: String(name), position: pair.key.position))
            }
            guard let word = pair.value.text(report) else { return nil }
            guard let state = Claim.SessionState(rawValue: word.value) else {
                report.error(
                    "a session cannot be \(quoted(word.value))", at: word.position, hint: "say Established or down")
                return nil
            }
            return .session(names[0], names[1], state)
        }
    }

    private func misfortunes(_ fields: Fields) -> [Claim] {
        guard let node = fields["never"] else { return [] }
        let items: [YAMLNode] = if case .sequence(let items) = node.content { items } else { [node] }
        let known = Claim.Misfortune.allCases.map(\.rawValue)
        return items.compactMap { item in
            guard let word = item.text(report) else { return nil }
            if let misfortune = Claim.Misfortune(rawValue: word.value) { return .never(misfortune) }
            report.error(
                "'never' cannot be \(quoted(word.value))", at: word.position,
                hint: Nearest.hint(word.value, among: known) ?? "say \(known.joined(separator: " or "))")
            return nil
        }
    }

    // MARK: Bounds

    private typealias BoundReader<Value: Comparable & Hashable & Sendable> =
        (LabReader) -> (YAMLNode, String) -> Bound<Value>?

    /// The entries under `key`, each with a bound.
    private mutating func entries<Value>(
        _ fields: Fields, _ key: String, _ kind: Draft.Mention.Kind, bound: BoundReader<Value>
    ) -> [(String, Bound<Value>)] {
        fields.entries(key).compactMap { pair in
            let name = mention(kind, pair.key)
            return bound(self)(pair.value, key).map { (name, $0) }
        }
    }

    private func share(_ node: YAMLNode, _ key: String) -> Bound<Double>? { bound(node, key, ">= 40%", Quantity.share) }
    private func time(_ node: YAMLNode, _ key: String) -> Bound<Int64>? { bound(node, key, "< 30ms", Quantity.waiting) }

    /// `< 30ms`: a relation and a limit.
    func bound<Value>(
        _ node: YAMLNode, _ key: String, _ example: String, _ read: (String) throws(Quantity.Wrong) -> Value
    ) -> Bound<Value>? {
        guard let text = node.plainText else {
            report.error(
                "'\(key)' has to be a bound, not \(node.kind)", at: node.position, hint: "like \"\(example)\"")
            return nil
        }
        let relation = text.prefix { "<>=".contains($0) }
        guard let found = Bound<Value>.Relation(rawValue: String(relation)) else {
            let isMissing = relation.isEmpty
            report.error(
                "\(quoted(text)) " + (isMissing ? "is no bound" : "begins with no relation"), at: node.position,
                hint: isMissing
                    ? "say whether it is more or less, like \"< \(text)\"" : "the relations are: < <= > >= =")
            return nil
        }
        do {
            return Bound(found, try read(String(text[relation.endIndex...].drop { $0 == " " })))
        } catch {
            report.error("\(quoted(text)) \(error.message) for '\(key)'", at: node.position, hint: error.hint)
            return nil
        }
    }
}

extension YAMLNode {
    /// Whether it is a mapping or a list with nothing in it.
    fileprivate var isEmpty: Bool {
        switch content {
        case .mapping(let pairs): pairs.isEmpty
        case .sequence(let items): items.isEmpty
        default: false
        }
    }
}
