import LabModel

extension Checks {
    /// Rules speak of neighbours that exist, and expressions mean something. `checkExpression` answers what is wrong with one.
    static func policy(_ draft: Draft, _ report: Report, _ checkExpression: (String) -> String?) {
        for expression in draft.expressions {
            if let problem = checkExpression(expression.value) {
                report.error(
                    "\(quoted(expression.value)) is not an expression over AS numbers", at: expression.position,
                    hint: problem)
            }
        }
        guard draft.hasStructure else { return }
        let servers = draft.exchanges.filter(\.hasRouteServer).map(\.name.value)
        let known = draft.networks.map(\.name.value) + draft.sites.map(\.name.value) + servers
        let knownSet = Set(known)
        for name in draft.policyNeighbours where name.value != "local" && !knownSet.contains(name.value) {
            report.error(
                "there is no network or site \(quoted(name.value))", at: name.position,
                hint: Nearest.hint(name.value, among: known + ["local"]))
        }
        sides(draft, report)
    }

    /// What both ends of a session have to agree on.
    private static func sides(_ draft: Draft, _ report: Report) {
        let relations = Dictionary(
            draft.networks.flatMap { network in network.relations.map { ([network.name.value, $0.value.network], $0) }
            },
            uniquingKeysWith: { first, _ in first })
        for relation in draft.networks.flatMap(\.relations) + draft.sites.flatMap(\.relations) {
            strictRole(relation, report)
        }
        for (names, relation) in relations.sorted(by: { $0.value.position < $1.value.position }) {
            guard let other = relations[names.reversed()] else { continue }
            if let own = relation.value.password, let password = other.value.password, own != password,
                other.position < relation.position
            {
                report.error(
                    "the other side of this session has another 'md5' (line \(other.position.line))",
                    at: relation.position, hint: "what one side says holds for both: say it once")
            }
            if relation.value.isRoleStrict, other.value.leak {
                report.error(
                    "\(quoted(relation.value.network)) leaks, and names no role (line \(other.position.line)): "
                        + "the session would never come up", at: relation.position, hint: "take 'role-strict' away")
            }
        }
    }

    private static func strictRole(_ relation: Located<Relation>, _ report: Report) {
        guard relation.value.isRoleStrict else { return }
        if relation.value.kind == .sibling {
            report.error("RFC 9234 has no role for siblings", at: relation.position, hint: "take 'role-strict' away")
        } else if relation.value.leak {
            report.error(
                "who leaks names no role, and cannot insist on one", at: relation.position,
                hint: "take 'role-strict' or 'leak' away")
        }
    }
}
