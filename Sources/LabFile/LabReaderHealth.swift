import LabModel

extension LabReader {
    /// How the sites of a service are checked; nil without the key.
    mutating func health(_ service: Fields, _ kind: Service.Kind) -> HealthCheck? {
        guard let node = service["health"], let fields = Fields(node, .health, report) else { return nil }
        var check = HealthCheck()
        check.probe = probe(fields, kind)
        if let interval = fields.quantity("interval", Quantity.checkInterval) { check.interval = interval.value }
        check.timeout = min(check.timeout, check.interval)
        if let timeout = fields.quantity("timeout", Quantity.checkInterval) {
            check.timeout = timeout.value
            if timeout.value > check.interval {
                report.error(
                    "a check cannot take longer than until the next one", at: timeout.position,
                    hint: "'timeout' is at most the interval, \(check.interval)ms")
            }
        }
        if let fall = fields.whole("fall", in: 1...255) { check.fall = UInt8(clamping: fall.value) }
        if let rise = fields.whole("rise", in: 1...255) { check.rise = UInt8(clamping: rise.value) }
        if let holdDown = fields.quantity("hold-down", Quantity.timer) { check.holdDown = holdDown.value }
        if let text = fields.text("drain"), let drain = drain(text) { check.drain = drain }
        return check
    }

    private mutating func probe(_ fields: Fields, _ kind: Service.Kind) -> HealthCheck.Probe {
        let command = fields.text("command")
        if let command {
            if command.value.isEmpty { report.error("the command is empty", at: command.position) }
            for key in ["query", "answer"] {
                guard let other = fields[key] else { continue }
                report.error(
                    "a check is either a 'command' or a 'query'", at: other.position,
                    hint: "two things can be one command, joined by &&")
            }
            return .command(command.value)
        }
        if kind == .http {
            for key in ["query", "answer"] {
                guard let node = fields[key] else { continue }
                report.error(
                    "'\(key)' is nothing for a service of kind http", at: node.position,
                    hint: "it is asked for a page over HTTP; a 'command' can check anything else")
            }
            return .http
        }
        let answer = fields.text("answer")
        guard let query = fields.text("query") else {
            if let answer {
                report.error("an 'answer' needs its 'query'", at: answer.position, hint: "query: www.hello.test A")
            }
            return .dns(nil)
        }
        let words = query.value.split(separator: " ").map(String.init)
        guard words.count == 2, Self.isDomainName(words[0]) else {
            report.error(
                "\(quoted(query.value)) is not a name and a type", at: query.position, hint: "like www.hello.test A")
            return .dns(nil)
        }
        let question = HealthCheck.Question(name: words[0], type: words[1], answer: answer?.value)
        draft.healthQuestions.append(Located(value: question, position: query.position))
        return .dns(question)
    }

    /// `withdraw`, `med 100` or `prepend 3`.
    private func drain(_ text: Located<String>) -> HealthCheck.Drain? {
        let words = text.value.split(separator: " ")
        let number = words.count == 2 ? Int(words[1]) : nil
        switch (words.first, words.count, number) {
        case ("withdraw", 1, _): return .withdraw
        case ("med", 2, let value?) where (0...Int(UInt32.max)).contains(value):
            return .multiExitDiscriminator(UInt32(value))
        case ("prepend", 2, let count?) where (1...20).contains(count): return .prepend(UInt8(count))
        default:
            report.error(
                "there is no drain \(quoted(text.value))", at: text.position,
                hint: "say withdraw, med 0 to 4294967295, or prepend 1 to 20")
            return nil
        }
    }

    /// The limit of responses to a prefix; nil without the key.
    func rateLimit(_ service: Fields) -> Service.RateLimit? {
        guard let node = service["rate-limit"], let fields = Fields(node, .rateLimit, report),
            let responses = fields.whole("responses", in: 1...1_000_000)
        else { return nil }
        let slip = fields.whole("slip", in: 0...10)?.value ?? 2
        return Service.RateLimit(responses: responses.value, slip: UInt8(clamping: slip))
    }
}

extension Checks {
    /// Has every question of a health check read by somebody who knows types and their data.
    static func health(_ draft: Draft, _ report: Report, _ check: (HealthCheck.Question) -> String?) {
        for question in draft.healthQuestions {
            if let problem = check(question.value) { report.error("the query: \(problem)", at: question.position) }
        }
    }
}
