import LabModel

extension LabReader {
    /// The daemon of a network's routers; nil for ours, which is what a network without the key has.
    func otherDaemon(_ fields: Fields) -> OtherDaemon? {
        guard let name = fields.text("daemon") else { return nil }
        if let daemon = OtherDaemon(rawValue: name.value) { return daemon }
        let known = OtherDaemon.allCases.map(\.rawValue)
        let meant = Self.otherNames[name.value.lowercased()] ?? Nearest.to(name.value, among: known)
        report.error(
            "there is no daemon \(quoted(name.value))", at: name.position,
            hint: (meant.map { "did you mean '\($0)'? " } ?? "")
                + "the daemons are \(known.joined(separator: ", ")); without the key the routers run our own")
        return nil
    }

    /// What people call the daemons elsewhere.
    private static let otherNames = [
        "bird2": "bird", "bird 2": "bird", "frrouting": "frr", "quagga": "frr", "zebra": "frr", "gobgpd": "gobgp",
        "bgpd": "openbgpd", "openbgp": "openbgpd",
    ]

    /// What leaks has to take the OTC attribute away, or the neighbour drops it (RFC 9234, section 5).
    func checkLeak(_ relation: Located<Relation>, by daemon: OtherDaemon?) {
        guard let daemon, !daemon.canLeak, relation.value.leak else { return }
        report.error(
            "\(daemon.title) cannot leak routes to \(quoted(relation.value.network)): it has no way to take the attribute OTC "
                + "away, by which the neighbour knows a leak (RFC 9234)", at: relation.position,
            hint: "let the network that leaks run our own daemon or bird")
    }
}
