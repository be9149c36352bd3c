import JSON
import Net

/// GoBGP, asked through its command line. It writes nothing into the kernel without a zebra.
struct GoBGPDialect: Dialect {
    let writesKernel = false
    let originatesByCommand = true
    private let own: [IPPrefix]
    private let address6: IPv6Address

    init(_ configuration: AdapterConfiguration) {
        own = configuration.originate
        address6 = configuration.address6
    }

    var processes: [DaemonProcess] {
        [
            DaemonProcess(
                name: "gobgpd", path: "/usr/bin/gobgpd",
                arguments: ["-f", "/run/gobgpd.toml", "--api-hosts", "127.0.0.1:50051", "--pprof-disable"])
        ]
    }

    private func command(_ words: String...) -> [String] {
        ["/usr/bin/gobgp", "-u", "127.0.0.1", "-p", "50051"] + words
    }

    var sessionQuestions: [[String]] { [command("neighbor", "-j")] }
    var routeQuestions: [[String]] {
        AddressFamily.allCases.map { command("global", "rib", "-a", $0.rawValue, "-j") }
    }

    func originate(_ isOn: Bool) -> [[String]] {
        own.map { prefix in
            isOn
                ? command(
                    "global", "rib", "add", "\(prefix)", "origin", "igp", "local-pref", "400", "-a",
                    prefix.family.rawValue)
                : command("global", "rib", "del", "\(prefix)", "-a", prefix.family.rawValue)
        }
    }

    /// The states by their numbers in its API.
    private static let states = ["Idle", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"]

    /// Reads `neighbor`: a list.
    func sessions(_ answers: [String]) throws -> [SessionState] {
        try answers.flatMap { answer in
            (try JSON(parsing: answer.utf8).array ?? []).compactMap { each in
                guard let state = each["state"], let peer = state["neighbor_address"]?.string.flatMap({ IPAddress($0) })
                else { return nil }
                let number = state["session_state"]?.int ?? 0
                let counts = state["messages"]
                return SessionState(
                    peer: peer, state: Self.states.indices.contains(number) ? Self.states[number] : "Idle",
                    received: counts?["received"]?["update"]?.int ?? 0, sent: counts?["sent"]?["update"]?.int ?? 0)
            }
        }
    }

    /// Reads `global rib`: a list of paths for each prefix, with attributes by the numbers of their types.
    func routes(_ answers: [String]) throws -> [KnownRoute] {
        try answers.flatMap { answer in
            (try JSON(parsing: answer.utf8).members ?? []).flatMap { member -> [KnownRoute] in
                guard let prefix = IPPrefix(member.name) else { return [] }
                return (member.value.array ?? []).map { Self.route(prefix, $0) }
            }
        }
    }

    private static func route(_ prefix: IPPrefix, _ path: JSON) -> KnownRoute {
        var route = KnownRoute(prefix: prefix, isBest: path["best"]?.bool ?? false)
        route.peer = path["neighbor-ip"]?.string.flatMap { IPAddress($0) }
        for attribute in path["attrs"]?.array ?? [] {
            switch attribute["type"]?.int {
            case 2:
                let segments = attribute["as_paths"]?.array ?? []
                let numbers = segments.flatMap { $0["asns"]?.array ?? [] }
                route.asPath = numbers.compactMap { $0.int.map(UInt32.init(clamping:)) }
            case 3, 14: route.nextHop = attribute["nexthop"]?.string.flatMap { IPAddress($0) }
            case 4: route.multiExitDiscriminator = attribute["metric"]?.int
            case 5: route.localPreference = attribute["value"]?.int
            default: break
            }
        }
        return route
    }
}
