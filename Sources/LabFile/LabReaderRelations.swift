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
    private mutating func relation(_ node: YAMLNode, _ kind: RelationKind) -> Located<Relation>? {
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
        relation.communities = communities(fields, "communities")
        relation.noExport = fields.flag("no-export") ?? false
        relation.leak = fields.flag("leak") ?? false
        relation.imports = rules(fields, "import")
        relation.exports = rules(fields, "export")
        relation.blackholes = (fields.list("blackholes") ?? []).compactMap { prefix($0) }
        relation.maximumPrefixes = fields.whole("max-prefixes", in: 1...UInt32.max)?.value
        relation.isRoleStrict = fields.flag("role-strict") ?? false
        relation.password = password(fields)
        relation.hasTTLSecurity = fields.flag("ttl-security") ?? false
        relation.paths = paths(fields)
        relation.hasExtendedNextHop = fields.flag("extended-next-hop") ?? false
        return name.map { Located(value: relation, position: $0.position) }
    }

    /// The key of TCP-MD5, as long as the kernel takes one.
    private func password(_ fields: Fields) -> String? {
        guard let text = fields.text("md5") else { return nil }
        if (1...80).contains(text.value.utf8.count) { return text.value }
        report.error(
            "a password has 1 to 80 octets, and this one has \(text.value.utf8.count)", at: text.position,
            hint: "RFC 2385; the kernel takes 80")
        return nil
    }
}
