import LabModel
import Net

extension LabReader {
    /// A group's addresses, who sends, and who listens.
    mutating func multicast(_ pair: YAMLNode.Pair) -> Draft.Multicast {
        checkName(pair.key, upTo: 63)
        var group = Draft.Multicast(name: pair.key)
        guard let fields = Fields(pair.value, .multicast, report) else { return group }
        group.addresses = (fields.list("addresses") ?? []).compactMap { groupAddress($0) }
        group.source = fields.text("source")
        group.members = (fields.list("members") ?? []).compactMap { $0.text(report) }
        for key in ["addresses", "members"] {
            guard let node = fields[key], case .sequence(let items) = node.content, items.isEmpty else { continue }
            report.error("a multicast group needs at least one of its '\(key)'", at: node.position)
        }
        return group
    }

    private func groupAddress(_ node: YAMLNode) -> Located<IPAddress>? {
        guard let text = node.text(report) else { return nil }
        if let address = IPAddress(text.value), Self.isRouted(address) {
            return Located(value: address, position: text.position)
        }
        report.error(
            "\(quoted(text.value)) is not the address of a multicast group that routers forward", at: text.position,
            hint: "for documentation are 233.252.0.0/24 (RFC 5771) and ff0e::db8:0:0/96 (RFC 6676)")
        return nil
    }

    /// Multicast beyond a link: not 224.0.0.0/24 (RFC 5771, section 4), and of a scope that is wider than a link (RFC 7346).
    private static func isRouted(_ address: IPAddress) -> Bool {
        switch address {
        case .v4(let v4): v4.isMulticast && v4.rawValue >> 8 != 0xE0_0000
        case .v6(let v6): v6.isMulticast && (v6.high >> 48) & 0xF > 2
        }
    }
}

extension Checks {
    /// The source and the members of every group are clients, each once, and an address is of one group.
    static func multicast(_ draft: Draft, _ report: Report) {
        let clients = draft.clients.map(\.name.value)
        var taken: [IPAddress: Position] = [:]
        for group in draft.multicast {
            for address in group.addresses {
                guard let first = taken.updateValue(address.position, forKey: address.value) else { continue }
                report.error("\(address.value) is already used on line \(first.line)", at: address.position)
            }
            var seen: [String: Position] = [:]
            for name in (group.source.map { [$0] } ?? []) + group.members {
                if !clients.contains(name.value) {
                    report.error(
                        "there is no client \(quoted(name.value))", at: name.position,
                        hint: Nearest.hint(name.value, among: clients))
                } else if let first = seen.updateValue(name.position, forKey: name.value) {
                    report.error(
                        "\(quoted(name.value)) is in the group already (line \(first.line))", at: name.position,
                        hint: "the source hears itself, and a member joins once")
                }
            }
        }
    }
}
