import Glibc
import LabModel

extension LabReader {
    /// `on`, `off`, or values of its own.
    func damping(_ node: YAMLNode) -> Damping? {
        switch node.scalar {
        case .boolean(let isOn): return isOn ? Damping() : nil
        case .text where node.plainText == "on": return Damping()
        case .text where node.plainText == "off": return nil
        case .text:
            report.error(
                "there is no damping \(node.kind)", at: node.position, hint: "say on, off, or { half-life: 900s }")
            return nil
        default: break
        }
        guard let fields = Fields(node, .damping, report) else { return nil }
        var damping = Damping()
        if let time = fields.quantity("half-life", Quantity.halfLife) {
            damping.halfLife = time.value
            damping.maximumSuppressTime = 4 * time.value
        }
        if let count = fields.whole("suppress", in: 1...1_000_000) { damping.suppress = count.value }
        if let count = fields.whole("reuse", in: 1...1_000_000) { damping.reuse = count.value }
        if let time = fields.quantity("max-suppress", Quantity.suppressTime) {
            damping.maximumSuppressTime = time.value
        }
        check(damping, fields, node.position)
        return damping
    }

    /// The count of a route has a ceiling, lest it is not used for longer than `max-suppress` (RFC 2439, section 4.5).
    private func check(_ damping: Damping, _ fields: Fields, _ position: Position) {
        guard damping.reuse < damping.suppress else {
            report.error(
                "'reuse' is not less than 'suppress', which is \(damping.suppress)",
                at: fields["reuse"]?.position ?? position, hint: "a route comes back when its count has fallen")
            return
        }
        let halvings = Double(damping.maximumSuppressTime) / Double(damping.halfLife)
        let ceiling = Double(damping.reuse) * exp2(halvings)
        guard ceiling <= Double(damping.suppress) else { return }
        let needed = log2(Double(damping.suppress) / Double(damping.reuse)) * Double(damping.halfLife)
        report.error(
            "no route is ever suppressed: a route that comes back after 'max-suppress' counts at most \(Int(ceiling))",
            at: fields["max-suppress"]?.position ?? fields["suppress"]?.position ?? position,
            hint: "let 'max-suppress' be more than \(Int(needed.rounded(.up)))ms, or 'suppress' less")
    }
}
