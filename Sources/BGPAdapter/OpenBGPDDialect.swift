import JSON
import Net

/// OpenBGPD, asked through bgpctl. Its portable edition writes nothing into a Linux kernel.
struct OpenBGPDDialect: Dialect {
    let writesKernel = false
    let originatesByCommand = true
    private let own: [IPPrefix]

    init(_ configuration: AdapterConfiguration) {
        own = configuration.originate
    }

    var processes: [DaemonProcess] {
        // Its children shut themselves in the folder that is the home of their account.
        [
            DaemonProcess(
                name: "bgpd", path: "/usr/sbin/bgpd", arguments: ["-d", "-f", "/run/bgpd.conf"],
                folders: ["/run/openbgpd"])
        ]
    }

    private func command(_ words: String...) -> [String] {
        ["/usr/sbin/bgpctl", "-s", "/run/openbgpd/control"] + words
    }

    var sessionQuestions: [[String]] { [command("-j", "show", "neighbor")] }
    var routeQuestions: [[String]] { [command("-j", "show", "rib")] }

    func originate(_ isOn: Bool) -> [[String]] {
        own.map { prefix in
            isOn
                ? command("network", "add", "\(prefix)", "localpref", "400")
                : command("network", "delete", "\(prefix)")
        }
    }

    /// It leaves a session that ended alone for 30 s, and longer each time.
    func hurry(_ peer: IPAddress) -> [String]? { command("neighbor", "\(peer)", "up") }

    /// Reads `show neighbor`.
    func sessions(_ answers: [String]) throws -> [SessionState] {
        try answers.flatMap { answer in
            (try JSON(parsing: answer.utf8)["neighbors"]?.array ?? []).compactMap { each in
                guard let peer = each["remote_addr"]?.string.flatMap({ IPAddress($0) }) else { return nil }
                let counts = each["stats"]?["message"]
                return SessionState(
                    peer: peer, state: each["state"]?.string ?? "Idle",
                    received: counts?["received"]?["updates"]?.int ?? 0, sent: counts?["sent"]?["updates"]?.int ?? 0)
            }
        }
    }

    /// Reads `show rib`.
    func routes(_ answers: [String]) throws -> [KnownRoute] {
        try answers.flatMap { answer in
            (try JSON(parsing: answer.utf8)["rib"]?.array ?? []).compactMap { each in
                guard let prefix = each["prefix"]?.string.flatMap({ IPPrefix($0) }) else { return nil }
                let numbers = (each["aspath"]?.string ?? "").split(separator: " ").compactMap { UInt32($0) }
                return KnownRoute(
                    prefix: prefix, isBest: each["best"]?.bool ?? false, asPath: numbers,
                    nextHop: each["exit_nexthop"]?.string.flatMap { IPAddress($0) },
                    peer: each["neighbor"]?["remote_addr"]?.string.flatMap { IPAddress($0) },
                    localPreference: each["localpref"]?.int, multiExitDiscriminator: each["metric"]?.int)
            }
        }
    }
}
