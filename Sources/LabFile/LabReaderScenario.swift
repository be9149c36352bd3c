import LabModel

extension LabReader {
    /// The steps under `scenario`; empty without the key.
    mutating func scenario(_ fields: Fields) {
        guard let node = fields["scenario"], let items = fields.list("scenario") else { return }
        if items.isEmpty {
            report.error(
                "a scenario needs at least one step", at: node.position,
                hint: "like '- expect: { catchment: { CLIENT: SITE } }', or leave 'scenario' out")
        }
        let steps = steps(items)
        if Scenario(steps: steps).count > Scenario.mostSteps {
            report.error(
                "with its repetitions the scenario has more than \(Scenario.mostSteps) steps", at: node.position)
        }
        draft.scenario = steps
    }

    private mutating func steps(_ items: [YAMLNode]) -> [Scenario.Step] {
        items.compactMap { node in
            step(node).map { Scenario.Step(line: node.position.line, action: $0) }
        }
    }

    /// A mapping of one key, which says what is done.
    private mutating func step(_ node: YAMLNode) -> Scenario.Action? {
        guard let fields = Fields(node, .step, report), case .mapping(let pairs) = node.content else { return nil }
        guard pairs.count == 1, let pair = pairs.first else {
            report.error(
                pairs.isEmpty ? "a step is empty" : "a step does one thing, and this one has \(pairs.count) keys",
                at: pairs.dropFirst().first?.key.position ?? node.position,
                hint: pairs.isEmpty ? nil : "put a step of its own, with a '-' before it, for each")
            return nil
        }
        let action = action(pair, fields)
        if action?.isDisturbance == true { draft.isDisturbed = true }
        return action
    }

    private mutating func action(_ pair: YAMLNode.Pair, _ fields: Fields) -> Scenario.Action? {
        switch pair.key.value {
        case "expect": return expectation(pair.value).map { .expect($0) }
        case "fail": return fault(pair.value)
        case "heal": return target(pair.value).map { .heal(target: $0) }
        case "drain": return drain(pair.value)
        case "apply":
            draft.isApplied = true
            return fields.text("apply").map { .apply(path: $0.value) }
        case "flood": return flood(pair.value).map { .flood($0) }
        case "run": return command(pair.value).map { .run($0) }
        case "wait": return fields.quantity("wait", Quantity.waiting).map { .wait($0.value) }
        case "connect": return connections(pair.value)
        case "repeat": return repetition(pair.value)
        default: return nil
        }
    }

    private mutating func repetition(_ node: YAMLNode) -> Scenario.Action? {
        guard let fields = Fields(node, .repetition, report) else { return nil }
        let times = fields.whole("times", in: 1...10_000)
        let items = fields.list("steps") ?? []
        if let list = fields["steps"], case .sequence = list.content, items.isEmpty {
            report.error("'repeat' needs at least one step", at: list.position)
        }
        let steps = steps(items)
        return times.map { .repeat(times: Int($0.value), steps: steps) }
    }

    // MARK: Faults

    private mutating func fault(_ node: YAMLNode) -> Scenario.Action? {
        guard let fields = Fields(node, .fault, report) else { return nil }
        let kind = fields.text("how").flatMap { faultKind($0) }
        guard let target = target(fields, node), let kind else { return nil }
        let fault = Fault(target, kind)
        note(fault, node)
        return .fail(fault)
    }

    private mutating func drain(_ node: YAMLNode) -> Scenario.Action? {
        guard let target = target(node) else { return nil }
        note(Fault(target, .drain(limit: FaultKind.drainLimit)), node)
        return .drain(target: target)
    }

    /// Notes a fault, for the checks to find out whether it makes sense. What a changed lab has is known when it is changed.
    private mutating func note(_ fault: Fault, _ node: YAMLNode) {
        if !draft.isApplied { draft.faults.append(Located(value: fault, position: node.position)) }
    }

    private func faultKind(_ text: Located<String>) -> FaultKind? {
        do {
            return try FaultKind(text.value)
        } catch {
            let name = text.value.split(separator: " ").first.map(String.init) ?? ""
            report.error(
                error.description, at: text.position,
                hint: Nearest.hint(name, among: FaultName.allCases.map(\.rawValue)))
            return nil
        }
    }

    /// A target by its name, or under the key that says what it is.
    private mutating func target(_ node: YAMLNode) -> String? {
        guard case .mapping = node.content else {
            return node.text(report).map { mention(.target, $0) }
        }
        return Fields(node, .target, report).flatMap { target($0, node) }
    }

    private mutating func target(_ fields: Fields, _ node: YAMLNode) -> String? {
        let given = Keys.target.all.filter { fields[$0] != nil }
        guard given.count == 1, let key = given.first else {
            let all = Keys.target.all.joined(separator: ", ")
            report.error(
                given.isEmpty
                    ? "it does not say what is meant" : "\(given.joined(separator: " and ")) exclude each other",
                at: node.position, hint: "give one of: \(all)")
            return nil
        }
        if key == "link", case .sequence = fields["link"]?.content {
            let ends = (fields.list("link") ?? []).compactMap { $0.text(report) }
            guard ends.count == 2 else {
                report.error("a link has two ends", at: node.position, hint: "like [london, eurocore]")
                return nil
            }
            return ends.map { mention(.node, $0) }.joined(separator: "--")
        }
        let mentioned: Draft.Mention.Kind =
            switch key {
            case "site": .site
            case "network": .network
            default: .target
            }
        return fields.text(key).map { mention(mentioned, $0) }
    }

    // MARK: Commands

    private mutating func command(_ node: YAMLNode) -> Scenario.Command? {
        guard let fields = Fields(node, .command, report) else { return nil }
        let name = fields.text("node").map { mention(.node, $0) }
        var words: [String]?
        if case .sequence(let items) = fields["command"]?.content {
            words = texts(items, of: "command")
            if items.isEmpty, let position = fields["command"]?.position {
                report.error("a command needs a program", at: position)
            }
        } else {
            words = fields.text("command").map { ["sh", "-c", $0.value] }
        }
        let status = fields.whole("status", in: 0...255)?.value ?? 0
        let expected = fields["output"].flatMap { output($0) }
        guard let name, let words, !words.isEmpty else { return nil }
        return Scenario.Command(node: name, words: words, status: Int32(status), output: expected)
    }

    private func output(_ node: YAMLNode) -> Scenario.Command.Output? {
        guard let fields = Fields(node, .output, report) else { return nil }
        if let text = fields["contains"]?.plainText, fields["equals"] == nil { return .contains(text) }
        if let text = fields["equals"]?.plainText, fields["contains"] == nil { return .equals(text) }
        report.error(
            "'output' has either 'contains' or 'equals', with a text", at: node.position,
            hint: "like { contains: 192.0.2.53 }")
        return nil
    }

    /// Notes that a name was said, for the checks to find out whether there is such a thing.
    mutating func mention(_ kind: Draft.Mention.Kind, _ name: Located<String>) -> String {
        // What a changed lab has is known when it is changed.
        if !draft.isApplied { draft.mentions.append(.init(kind: kind, name: name)) }
        return name.value
    }
}

extension Quantity {
    /// The nanoseconds of a time to wait: up to an hour.
    static func waiting(_ text: String) throws(Wrong) -> Int64 {
        try duration(text, upTo: 3_600_000_000_000)
    }
}
