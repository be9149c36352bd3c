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

    /// The well-known communities that routers honour (RFC 1997).
    static let wellKnownCommunities = ["NO_EXPORT", "NO_ADVERTISE", "NO_EXPORT_SUBCONFED"]

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
}
