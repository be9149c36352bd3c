import LabModel
import Net

extension Checks {
    /// Addresses are used once, lie in their service's prefixes, and prefixes overlap neither each other nor what the
    /// lab itself uses.
    static func addresses(_ draft: Draft, _ report: Report) {
        var taken: [IPAddress: Position] = [:]
        for service in draft.services {
            for address in service.addresses {
                if let first = taken[address.value] {
                    report.error("\(address.value) is already used on line \(first.line)", at: address.position)
                    continue
                }
                taken[address.value] = address.position
                if let prefixes = service.prefixes, !prefixes.contains(where: { $0.value.contains(address.value) }) {
                    report.error(
                        "\(address.value) is in none of the service's prefixes", at: address.position,
                        hint: "add \(IPPrefix.announced(for: address.value)) to 'prefixes', or leave 'prefixes' out")
                }
            }
        }
        let announced = draft.services.enumerated().flatMap { index, service in
            announcements(of: service, report).map { (service: index, prefix: $0) }
        }
        for (_, prefix) in announced { checkUse(of: prefix, report) }
        // Sorted by address, and the wider first, a prefix can only lie in one that came before it.
        var wider: (service: Int, prefix: Located<IPPrefix>)?
        for next in announced.sorted(by: { ($0.prefix.value, $0.service) < ($1.prefix.value, $1.service) }) {
            guard let current = wider, current.prefix.value.contains(next.prefix.value) else {
                wider = next
                continue
            }
            guard current.service != next.service else { continue }
            let (first, second) = current.prefix.position < next.prefix.position ? (current, next) : (next, current)
            report.error(
                "\(second.prefix.value) overlaps \(first.prefix.value) of service "
                    + "\(quoted(draft.services[first.service].name.value)) (line \(first.prefix.position.line))",
                at: second.prefix.position, hint: "services that share a prefix cannot be routed apart")
        }
    }

    /// What no router forwards to: this network, loopback, link-local, multicast and what is kept for the future.
    private static let special: [IPPrefix] = [
        IPPrefix(.v4(.any), length: 8), IPPrefix(.v4(IPv4Address(127, 0, 0, 0)), length: 8),
        IPPrefix(.v4(IPv4Address(224, 0, 0, 0)), length: 3), IPPrefix(.v6(.any), length: 8),
        IPPrefix(.v6(IPv6Address(high: 0xFE80 << 48, low: 0)), length: 9),
    ]

    private static func checkUse(of prefix: Located<IPPrefix>, _ report: Report) {
        let hint =
            prefix.value.family == .ipv4
            ? "for documentation are 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24"
            : "for documentation is 2001:db8::/36"
        if let own = Addressing.reserved.first(where: { $0.overlaps(prefix.value) }) {
            report.error(
                "\(prefix.value) overlaps \(own), which the lab uses for networks and sites", at: prefix.position,
                hint: hint)
        } else if special.contains(where: { $0.overlaps(prefix.value) }) {
            report.error("\(prefix.value) cannot be announced", at: prefix.position, hint: hint)
        }
    }

    /// What a service announces, each prefix at the place that made it.
    private static func announcements(of service: Draft.Service, _ report: Report) -> [Located<IPPrefix>] {
        guard let prefixes = service.prefixes else {
            return service.addresses.reduce(into: []) { result, address in
                let prefix = IPPrefix.announced(for: address.value)
                if !result.contains(where: { $0.value == prefix }) {
                    result.append(Located(value: prefix, position: address.position))
                }
            }
        }
        var result: [Located<IPPrefix>] = []
        for prefix in prefixes {
            if let first = result.first(where: { $0.value == prefix.value }) {
                report.error(
                    "\(prefix.value) is there twice: first on line \(first.position.line)", at: prefix.position)
            } else {
                result.append(prefix)
            }
        }
        return result
    }
}

extension IPPrefix {
    /// What is announced for an anycast address when nothing is said: the /24 or /48, the longest that is accepted
    /// everywhere.
    static func announced(for address: IPAddress) -> IPPrefix {
        IPPrefix(address, length: address.family == .ipv4 ? 24 : 48)
    }
}
