import DNSWire
import DNSZone
import JSON
import LabModel
import LabPlan
import Sys

extension Supervisor {
    /// A zone that a site has been given in place of the one of the lab file.
    struct LoadedZone {
        let zone: Service.Zone
        let inPlaceOf: Service.Zone
    }

    /// Which version of its zones each site serves: `[{"site", "zone", "serial", "state", "reason"}]`. `state` is `current`, or `behind`
    /// or `ahead` of the zone's primary (of the newest one where there is none), or `expired`; `reason` is why the primary could not
    /// be asked the last time, or null.
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
                        ServedZone(
                            site: topology.nodes[node], name: name, serial: UInt32(truncatingIfNeeded: serial),
                            isExpired: zone["expired"]?.bool == true, reason: zone["reason"] ?? .null))
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
        let isExpired: Bool
        let reason: JSON

        func state(besides reference: UInt32) -> String {
            if isExpired { return "expired" }
            return serial == reference ? "current" : serial.isNewer(than: reference) ? "ahead" : "behind"
        }
    }

    private func compared(_ served: [ServedZone]) -> [JSON] {
        served.map { zone in
            let primary = topology.lab.services.first { $0.name == zone.site.network }?.zone?.primary
            let same = served.filter { $0.site.network == zone.site.network && $0.name == zone.name }
            let reference = same.first { $0.site.name == primary }?.serial ?? Self.newest(same.map(\.serial))
            return [
                "site": .string(zone.site.name), "zone": .string(zone.name), "serial": .int(Int(zone.serial)),
                "state": .string(zone.state(besides: reference ?? zone.serial)), "reason": zone.reason,
            ]
        }
    }

    /// The newest of serials.
    private static func newest(_ serials: [UInt32]) -> UInt32? {
        serials.reduce(nil) { best, serial in
            guard let best else { return serial }
            return serial.isNewer(than: best) ? serial : best
        }
    }

    /// Gives one site another version of its zone: `{"target", "text", "includes"}`. It is written into the responder's
    /// configuration, so that it is there after a restart too, until the lab file has another zone. Of the zone's primary
    /// nothing older is taken: the other sites would keep what they have.
    func loadZone(_ request: JSON, _ answer: @escaping (JSON) -> Void) throws {
        let name = request["target"]?.string ?? ""
        if let server = topology.nodes.first(where: { $0.site == name }) {
            throw RequestError("each server of \(name) has its zone: name one, like \(server.name)")
        }
        guard let node = topology.node(named: name), node.serves != nil,
            let responder = daemons.first(where: { $0.node == node.index && $0.role == .dns })
        else { throw RequestError("there is no site '\(name)'") }
        guard let inFile = topology.lab.services.first(where: { $0.name == node.network })?.zone else {
            throw RequestError("\(node.network) has no zone")
        }
        guard responder.state == .running else {
            throw RequestError("the responder of \(name) is \(responder.state.rawValue)")
        }
        guard let text = request["text"]?.string else { throw RequestError("\"text\" expected") }
        var zone = inFile
        zone.text = text
        zone.includes = [:]
        for member in request["includes"]?.members ?? [] { zone.includes[member.name] = member.value.string }
        let loaded = LoadedZone(zone: zone, inPlaceOf: inFile)
        guard inFile.primary == name else { return load(loaded, into: responder, node, answer) }
        let serial = try Self.serial(of: zone)
        responder.ask([.init("do", "zones")]) { [self] reply in
            let known = reply["zones"]?.array?.first { $0["zone"]?.string == Self.name(of: zone) }
            if let known = known?["serial"]?.int.flatMap(UInt32.init(exactly:)), !serial.isNewer(than: known) {
                return answer([
                    "error": .string(
                        "it is the primary of \(zone.origin) with serial \(known), and \(serial) is not newer: "
                            + "no other site would fetch it")
                ])
            }
            load(loaded, into: responder, node, answer)
        }
    }

    private func load(
        _ loaded: LoadedZone, into responder: Daemon, _ node: Node, _ answer: @escaping (JSON) -> Void
    ) {
        let before = loadedZones.updateValue(loaded, forKey: node.name)
        reload(responder, node) { [self] reason in
            if let reason {
                loadedZones[node.name] = before
                try? writeConfiguration(of: responder, node)
                return answer(["error": .string(reason)])
            }
            events.record("zone", [.init("node", .string(node.name)), .init("zone", .string(loaded.zone.origin))])
            zones { answer(["zones": .array($0)]) }
        }
    }

    /// Tells a responder its configuration, which it goes over to while it answers; `done` hears why it did not.
    func reload(_ responder: Daemon, _ node: Node, _ done: @escaping (String?) -> Void) {
        do {
            try writeConfiguration(of: responder, node)
        } catch {
            return done(error.description)
        }
        responder.ask([.init("do", "reload")]) { reply in
            done(reply == .null ? "the responder of \(node.name) ended or does not answer" : reply["error"]?.string)
        }
    }

    private func writeConfiguration(of responder: Daemon, _ node: Node) throws(SystemError) {
        try Files.replace(
            paths.configuration(responder.name), configuration(responder.role, node.index).description.utf8)
    }

    /// The responder of a site, with the zone that it has been given if there is one.
    func responderConfiguration(_ index: Int) -> JSON {
        let node = topology.nodes[index]
        guard let loaded = loadedZones[node.name], isInPlace(loaded, at: node),
            var zone = topology.lab.services.first(where: { $0.name == node.network })?.zone
        else { return DaemonConfiguration.dns(topology, node: index) }
        (zone.text, zone.includes) = (loaded.zone.text, loaded.zone.includes)
        return DaemonConfiguration.dns(topology, node: index, zone: zone)
    }

    /// Forgets the zones that sites have been given where the lab file has another one now.
    func forgetReplacedZones() {
        loadedZones = loadedZones.filter { name, loaded in
            topology.node(named: name).map { isInPlace(loaded, at: $0) } ?? false
        }
    }

    private func isInPlace(_ loaded: LoadedZone, at node: Node) -> Bool {
        guard let zone = topology.lab.services.first(where: { $0.name == node.network })?.zone else { return false }
        let before = loaded.inPlaceOf
        return zone.origin == before.origin && zone.text == before.text && zone.includes == before.includes
    }

    private static func serial(of zone: Service.Zone) throws(RequestError) -> UInt32 {
        do {
            let origin = try DomainName(zone.origin)
            return try Zone(origin: origin, text: zone.text, includes: zone.includes).serial
        } catch {
            throw RequestError("\(error)")
        }
    }

    /// The zone's name as the responder gives it.
    private static func name(of zone: Service.Zone) -> String? { (try? DomainName(zone.origin))?.description }
}
