import LabModel

extension LabReader {
    /// `fast`, `internet`, or a mapping of single timers that may start from one of these.
    func timers(_ node: YAMLNode) -> TimerOverrides {
        guard case .mapping = node.content else { return preset(node) ?? TimerOverrides() }
        guard let fields = Fields(node, .timers, report) else { return TimerOverrides() }
        var timers = fields["preset"].flatMap { preset($0) } ?? TimerOverrides()
        if let hold = fields.quantity("hold", Quantity.holdTime) { timers.hold = hold.value }
        if let retry = fields.quantity("connect-retry", Quantity.timer) {
            if retry.value == 0 {
                report.error("'connect-retry' cannot be 0", at: retry.position, hint: "say 250ms")
            }
            timers.connectRetry = retry.value
        }
        if let mrai = fields.quantity("mrai", Quantity.timer) {
            timers.advertisementExternal = mrai.value
        }
        if let mrai = fields.quantity("mrai-ibgp", Quantity.timer) {
            timers.advertisementInternal = mrai.value
        }
        if let node = fields["bfd"] { bfd(node, &timers) }
        return timers
    }

    /// `off`, or an interval and a multiplier.
    private func bfd(_ node: YAMLNode, _ timers: inout TimerOverrides) {
        if node.scalar == .text || node.scalar == .boolean(false) {
            guard node.plainText == "off" || node.scalar == .boolean(false) else {
                report.error(
                    "there is no BFD \(node.kind)", at: node.position,
                    hint: "say off, or { interval: 50ms, multiplier: 3 }")
                return
            }
            (timers.bfd, timers.isWithoutBFD) = (nil, true)
            return
        }
        guard let fields = Fields(node, .bfd, report),
            let interval = fields.quantity("interval", Quantity.detectionInterval)
        else { return }
        let multiplier = fields.whole("multiplier", in: 1...255)?.value ?? 3
        timers.bfd = BFDTimers(interval: interval.value, multiplier: UInt8(clamping: multiplier))
        timers.isWithoutBFD = false
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
        timers.bfd = preset.bfd
        timers.isWithoutBFD = preset.bfd == nil
        return timers
    }

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
        rule.delay = fields.quantity("delay", Quantity.delay)?.value
        rule.jitter = fields.quantity("jitter", Quantity.delay)?.value
        rule.loss = fields.quantity("loss", Quantity.share)?.value
        rule.duplicate = fields.quantity("duplicate", Quantity.share)?.value
        rule.reorder = fields.quantity("reorder", Quantity.share)?.value
        rule.rate = fields.quantity("rate") { text throws(Quantity.Wrong) in try Quantity.rate(text) }?.value
        if let node = fields["timers"] { rule.timers = timers(node) }
        return Draft.Link(position: fields["between"]?.position ?? node.position, between: names, rule: rule)
    }
}
