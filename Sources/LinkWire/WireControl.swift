import JSON
import Sys

/// The links, and the commands that change them.
final class WireControl {
    private let wire: Wire
    private let home: NetworkNamespace
    private var links: [Int: Link] = [:]

    /// Called with what the supervisor is to know unasked.
    var onEvent: ((JSON) -> Void)?

    /// A link that exists: its devices and lanes.
    private struct Link {
        let a: TapDevice
        let b: TapDevice
        let aToB: Int
        let bToA: Int
        var isUp: Bool
    }

    /// Throws ``SystemError``.
    init(_ wire: Wire) throws(SystemError) {
        self.wire = wire
        home = try .current()
        wire.onLostDevice = { [unowned self] in reportLost($0) }
    }

    /// Makes all of `links` or none. Throws ``SystemError``.
    func open(_ links: [WireLink]) throws(SystemError) {
        var made: [Int] = []
        do {
            for link in links {
                try make(link)
                made.append(link.id)
            }
            for id in made { try setPersistent(id, true) }
        } catch {
            // A device that is not persistent yet goes with its descriptor.
            for id in made { close(id) }
            throw error
        }
    }

    private func make(_ link: WireLink) throws(SystemError) {
        let a = try TapDevice(link.a, carrier: link.isUp, home: home)
        let b = try TapDevice(link.b, carrier: link.isUp, home: home)
        if !link.isUp {
            try a.setCarrier(false)
            try b.setCarrier(false)
        }
        let aToB = try wire.addLane(link.aToB, from: a, to: b, isUp: link.isUp)
        do {
            let bToA = try wire.addLane(link.bToA, from: b, to: a, isUp: link.isUp)
            links[link.id] = Link(a: a, b: b, aToB: aToB, bToA: bToA, isUp: link.isUp)
        } catch {
            wire.removeLane(aToB)
            throw error
        }
    }

    private func close(_ id: Int) {
        guard let link = links.removeValue(forKey: id) else { return }
        wire.removeLane(link.aToB)
        wire.removeLane(link.bToA)
    }

    private func setPersistent(_ id: Int, _ persistent: Bool) throws(SystemError) {
        try links[id]?.a.setPersistent(persistent)
        try links[id]?.b.setPersistent(persistent)
    }

    private func reportLost(_ descriptor: Int32) {
        for (id, link) in links {
            for (end, device) in [("a", link.a), ("b", link.b)] where device.descriptor.raw == descriptor {
                onEvent?(["event": "lost", "link": .int(id), "end": .string(end), "device": .string(device.name)])
            }
        }
    }
}

extension WireControl {
    /// Follows one line of the control channel and answers the reply to it.
    func follow(_ line: ArraySlice<UInt8>) -> JSON {
        var number = JSON.null
        do {
            let command = try JSON(parsing: line)
            number = command["id"] ?? .null
            let result = try follow(command)
            return .object([JSON.Member("reply", number), JSON.Member("ok", true)] + result)
        } catch {
            return ["reply": number, "error": .string("\(error)")]
        }
    }

    private func follow(_ command: JSON) throws -> [JSON.Member] {
        switch command["do"]?.string {
        case "set":
            let section = try Section(command, "set", keys: ["do", "id", "link", "up", "a_to_b", "b_to_a"])
            try set(try existing(section), section)
        case "add":
            let section = try Section(command, "add", keys: ["do", "id", "link"])
            let link = try WireLink(try section.value("link"), "link")
            guard links[link.id] == nil else { throw WireError("link \(link.id) is there already") }
            try open([link])
        case "remove":
            let section = try Section(command, "remove", keys: ["do", "id", "link"])
            let id = try existing(section)
            try setPersistent(id, false)
            close(id)
        case "counters":
            _ = try Section(command, "counters", keys: ["do", "id"])
            return [JSON.Member("links", .array(links.keys.sorted().map { report(link: $0) }))]
        case let other: throw WireError("unknown command '\(other ?? "")'")
        }
        return []
    }

    private func existing(_ section: Section) throws(WireError) -> Int {
        let id = try section.number("link", 0...Int(Int32.max))
        guard links[id] != nil else { throw WireError("there is no link \(id)") }
        return id
    }

    private func set(_ id: Int, _ section: Section) throws {
        guard var link = links[id] else { return }
        // All is read before anything is done.
        let aToB = try section["a_to_b"].map { try Impairment($0, "a_to_b") }
        let bToA = try section["b_to_a"].map { try Impairment($0, "b_to_a") }
        let isUp = try section.flag("up", otherwise: link.isUp)
        if let aToB { wire.setLane(link.aToB, aToB) }
        if let bToA { wire.setLane(link.bToA, bToA) }
        guard isUp != link.isUp else { return }
        link.isUp = isUp
        links[id] = link
        wire.setLane(link.aToB, isUp: isUp)
        wire.setLane(link.bToA, isUp: isUp)
        try link.a.setCarrier(isUp)
        try link.b.setCarrier(isUp)
    }

    private func report(link id: Int) -> JSON {
        guard let link = links[id] else { return .null }
        return [
            "id": .int(id), "up": .bool(link.isUp), "a_to_b": report(lane: link.aToB),
            "b_to_a": report(lane: link.bToA),
        ]
    }

    private func report(lane: Int) -> JSON {
        let (counters, waiting) = wire.counters(lane)
        return [
            "received": .int(counters.received), "delivered": .int(counters.delivered),
            "delivered_bytes": .int(counters.deliveredBytes), "lost": .int(counters.lost),
            "duplicated": .int(counters.duplicated), "over_limit": .int(counters.overLimit),
            "dropped": .int(counters.dropped), "waiting": .int(waiting),
        ]
    }
}
