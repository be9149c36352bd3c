import Net

/// BIRD 2, asked through birdc.
struct BIRDDialect: Dialect {
    let writesKernel = true
    let originatesByCommand = false

    var processes: [DaemonProcess] {
        [
            DaemonProcess(
                name: "bird", path: "/usr/sbin/bird",
                arguments: ["-f", "-c", "/run/bird.conf", "-s", "/run/bird.ctl", "-P", "/run/bird.pid"])
        ]
    }

    private func command(_ words: String...) -> [String] { ["/usr/sbin/birdc", "-r", "-s", "/run/bird.ctl"] + words }

    var sessionQuestions: [[String]] { [command("show", "protocols", "all")] }
    var routeQuestions: [[String]] { [command("show", "route", "all")] }

    func originate(_ isOn: Bool) -> [[String]] {
        [["/usr/sbin/birdc", "-s", "/run/bird.ctl", isOn ? "enable" : "disable", "\"own*\""]]
    }

    /// Reads the answer of `show protocols all`: what is indented belongs to the protocol above.
    ///
    ///     session0   BGP        ---        up     13:06:07.123  Established
    ///       BGP state:          Established
    ///         Neighbor address: 10.1.0.3
    ///         Import updates:              9          0          0          0          9
    func sessions(_ answers: [String]) throws -> [SessionState] {
        var sessions: [SessionState] = []
        var (peer, state, received, sent) = (IPAddress?.none, "Idle", 0, 0)
        func finish() {
            guard let peer else { return }
            sessions.append(SessionState(peer: peer, state: state, received: received, sent: sent))
        }
        for line in answers.joined().split(separator: "\n") {
            guard line.hasPrefix(" ") else {
                finish()
                (peer, state, received, sent) = (nil, "Idle", 0, 0)
                continue
            }
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let words = parts[1].split(separator: " ")
            switch parts[0].drop(while: { $0 == " " }) {
            case "BGP state": state = Self.state(words.first)
            case "Neighbor address": peer = words.first.flatMap { IPAddress(String($0.prefix { $0 != "%" })) }
            case "Import updates", "Import withdraws": received += words.first.flatMap { Int($0) } ?? 0
            case "Export updates", "Export withdraws": sent += words.last.flatMap { Int($0) } ?? 0
            default: break
            }
        }
        finish()
        return sessions
    }

    /// BIRD has names of its own for a session that is not tried, and for one that waits.
    private static func state(_ word: Substring?) -> String {
        switch word {
        case nil, "Down", "Close": "Idle"
        case "Passive": "Active"
        case .some(let word): String(word)
        }
    }

    /// Reads the answer of `show route all`. The routes of a prefix follow each other; only the first names it.
    ///
    ///     192.0.2.0/24         unicast [session0 13:06:07.123] * (100/10) [AS64500i]
    ///     	via 10.1.0.3 on eurocore-fra
    ///     	BGP.as_path: 65030 64500
    ///                          unicast [session2 13:06:07.456] (100/20) [AS64500i]
    func routes(_ answers: [String]) throws -> [KnownRoute] {
        var routes: [KnownRoute] = []
        var prefix: IPPrefix?
        for line in answers.joined().split(separator: "\n") {
            if line.hasPrefix("\t") {
                guard !routes.isEmpty else { continue }
                Self.read(line.dropFirst(), into: &routes[routes.count - 1])
            } else if let bracket = line.firstIndex(of: "[") {
                if let word = line.split(separator: " ").first, let named = IPPrefix(String(word)) { prefix = named }
                guard let prefix else { continue }
                let rest = line[bracket...]
                routes.append(KnownRoute(prefix: prefix, isBest: rest.contains("] * ")))
            }
        }
        // The interior and the links are in the same table.
        return routes.filter { $0.nextHop != nil }
    }

    private static func read(_ line: Substring, into route: inout KnownRoute) {
        let parts = line.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { return }
        let words = parts[1].split(separator: " ")
        switch parts[0] {
        case "BGP.as_path": route.asPath = words.compactMap { UInt32($0) }
        case "BGP.next_hop": route.nextHop = words.first.flatMap { IPAddress(String($0)) }
        case "BGP.local_pref": route.localPreference = words.first.flatMap { Int($0) }
        case "BGP.med": route.multiExitDiscriminator = words.first.flatMap { Int($0) }
        default: break
        }
    }
}
