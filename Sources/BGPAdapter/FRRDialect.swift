import JSON
import Net

/// FRR: zebra for the kernel's routes and bgpd, asked through vtysh.
struct FRRDialect: Dialect {
    let writesKernel = true
    let originatesByCommand = false
    private let asn: ASN
    private let own: [IPPrefix]

    init(_ configuration: AdapterConfiguration) {
        asn = configuration.asn
        own = configuration.originate
    }

    var processes: [DaemonProcess] {
        func process(_ name: String, _ file: String, socket: String?) -> DaemonProcess {
            DaemonProcess(
                name: name, path: "/usr/lib/frr/\(name)",
                arguments: [
                    "--vty_socket", "/run/frr", "-z", "/run/frr/zserv", "-f", "/run/\(file)", "-i",
                    "/run/frr/\(name).pid", "-P", "0",
                ], socket: socket, account: "frr", folders: ["/run/frr"])
        }
        return [process("zebra", "zebra.conf", socket: "/run/frr/zserv"), process("bgpd", "frr.conf", socket: nil)]
    }

    private func command(_ lines: String...) -> [String] {
        ["/usr/bin/vtysh", "--vty_socket", "/run/frr", "-d", "bgpd"] + lines.flatMap { ["-c", $0] }
    }

    var sessionQuestions: [[String]] { [command("show bgp neighbors json")] }
    var routeQuestions: [[String]] {
        [command("show bgp ipv4 unicast json"), command("show bgp ipv6 unicast json")]
    }

    func originate(_ isOn: Bool) -> [[String]] {
        AddressFamily.allCases.map { family in
            let lines = own.filter { $0.family == family }.map { "\(isOn ? "" : "no ")network \($0) route-map own" }
            let place = ["configure terminal", "router bgp \(asn)", "address-family \(family.rawValue) unicast"]
            return ["/usr/bin/vtysh", "--vty_socket", "/run/frr", "-d", "bgpd"]
                + (place + lines).flatMap { ["-c", $0] }
        }
    }

    /// Reads `show bgp neighbors json`: an object for each neighbour, under its address.
    func sessions(_ answers: [String]) throws -> [SessionState] {
        try answers.flatMap { answer in
            (try JSON(parsing: answer.utf8).members ?? []).compactMap { member in
                guard let peer = IPAddress(member.name), let state = member.value["bgpState"]?.string else {
                    return nil
                }
                let counts = member.value["messageStats"]
                return SessionState(
                    peer: peer, state: state, received: counts?["updatesRecv"]?.int ?? 0,
                    sent: counts?["updatesSent"]?.int ?? 0)
            }
        }
    }

    /// Reads `show bgp FAMILY unicast json`: a list of paths for each prefix.
    func routes(_ answers: [String]) throws -> [KnownRoute] {
        try answers.flatMap { answer in
            (try JSON(parsing: answer.utf8)["routes"]?.members ?? []).flatMap { member -> [KnownRoute] in
                guard let prefix = IPPrefix(member.name) else { return [] }
                return (member.value.array ?? []).map { Self.route(prefix, $0) }
            }
        }
    }

    private static func route(_ prefix: IPPrefix, _ path: JSON) -> KnownRoute {
        // An IPv6 path may have a link-local next hop beside the global one.
        let hops = (path["nexthops"]?.array ?? []).filter { $0["scope"]?.string != "link-local" }
        let numbers = (path["path"]?.string ?? "").split(separator: " ").compactMap { UInt32($0) }
        return KnownRoute(
            prefix: prefix, isBest: path["bestpath"]?.bool ?? false, asPath: numbers,
            nextHop: hops.first?["ip"]?.string.flatMap { IPAddress($0) },
            peer: path["peerId"]?.string.flatMap { IPAddress($0) },
            localPreference: path["locPrf"]?.int, multiExitDiscriminator: path["metric"]?.int)
    }
}
