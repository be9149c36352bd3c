import JSON
import LabModel
import LabPlan
import Sys

extension Supervisor {
    /// Which version of its zones each site serves: `[{"site", "zone", "serial", "state"}]`. `state` is `current`, or `behind` or `ahead`
    /// of the zone's primary (of the newest one where there is none).
    func zones(_ answer: @escaping ([JSON]) -> Void) {
        let responders = daemons.filter { $0.role == .dns && $0.state == .running && $0.node != nil }
        var served: [ServedZone] = []
        var missing = responders.count
        guard missing > 0 else { return answer([]) }
        for responder in responders {
            responder.ask([.init("do", "zones")]) { [self] reply in
                for zone in reply["zones"]?.array ?? [] {
                    guard let node = responder.node, let name = zone["zone"]?.string, let serial = zone["serial"]?.int
                    else { continue }
                    served.append(
                        ServedZone(site: topology.nodes[node], name: name, serial: UInt32(truncatingIfNeeded: serial)))
                }
                missing -= 1
                if missing == 0 { answer(compared(served.sorted { $0.site.index < $1.site.index })) }
            }
        }
    }

    private struct ServedZone {
        let site: Node
        let name: String
        let serial: UInt32
    }

    private func compared(_ served: [ServedZone]) -> [JSON] {
        served.map { zone in
            let primary = topology.lab.services.first { $0.name == zone.site.network }?.zone?.primary
            let same = served.filter { $0.site.network == zone.site.network && $0.name == zone.name }
            let reference = same.first { $0.site.name == primary }?.serial ?? Self.newest(same.map(\.serial))
            let difference = Int32(truncatingIfNeeded: zone.serial &- (reference ?? zone.serial))
            return [
                "site": .string(zone.site.name), "zone": .string(zone.name), "serial": .int(Int(zone.serial)),
                "state": .string(difference == 0 ? "current" : difference < 0 ? "behind" : "ahead"),
            ]
        }
    }

    /// The newest of serials (RFC 1982).
    private static func newest(_ serials: [UInt32]) -> UInt32? {
        serials.reduce(nil) { best, serial in
            guard let best else { return serial }
            return Int32(truncatingIfNeeded: serial &- best) > 0 ? serial : best
        }
    }

    /// Gives one site another version of its zone: `{"target", "text", "includes"}`. It is written into the responder's
    /// configuration, so that it is there after a restart too, until the site is changed by the lab file.
    func loadZone(_ request: JSON, _ answer: @escaping (JSON) -> Void) throws {
        let name = request["target"]?.string ?? ""
        guard let node = topology.node(named: name), node.kind == .site,
            let responder = daemons.first(where: { $0.node == node.index && $0.role == .dns })
        else { throw RequestError("there is no site '\(name)'") }
        guard var zone = topology.lab.services.first(where: { $0.name == node.network })?.zone else {
            throw RequestError("\(node.network) has no zone")
        }
        guard responder.state == .running else {
            throw RequestError("the responder of \(name) is \(responder.state.rawValue)")
        }
        guard let text = request["text"]?.string else { throw RequestError("\"text\" expected") }
        zone.text = text
        zone.includes = [:]
        for member in request["includes"]?.members ?? [] { zone.includes[member.name] = member.value.string }
        let path = paths.configuration(responder.name)
        let before = try Files.read(path)
        try Files.replace(path, DaemonConfiguration.dns(topology, node: node.index, zone: zone).description.utf8)
        responder.ask([.init("do", "reload")]) { [self] reply in
            if let reason = reply == .null ? "the responder of \(name) ended" : reply["error"]?.string {
                try? Files.replace(path, before)
                return answer(["error": .string(reason)])
            }
            events.record("zone", [.init("node", .string(name)), .init("zone", .string(zone.origin))])
            zones { answer(["zones": .array($0)]) }
        }
    }
}
