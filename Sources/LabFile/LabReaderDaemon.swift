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
}
