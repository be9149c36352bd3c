import JSON
import Net
import Sys

/// One end of a link: a TAP device in a network namespace.
struct WireEnd: Equatable, Sendable {
    /// The path of the namespace.
    var namespace: String
    /// The interface's name, up to 15 bytes.
    var device: String
    /// Its Ethernet address; nil leaves what the kernel drew.
    var address: MACAddress?
}

/// A link as the configuration declares it.
struct WireLink: Equatable, Sendable {
    /// The number by which commands name it.
    var id: Int
    var a: WireEnd
    var b: WireEnd
    var aToB = Impairment()
    var bToA = Impairment()
    var isUp = true
}

/// Why a configuration or a command cannot be followed.
struct WireError: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension WireLink {
    /// The links of a configuration file: `{"links": [...]}`. Throws ``WireError``.
    static func list(_ json: JSON) throws(WireError) -> [WireLink] {
        let file = try Section(json, "the configuration", keys: ["links"])
        guard case .array(let elements)? = file["links"] else { throw WireError("links: a list expected") }
        var links: [WireLink] = []
        var seen: Set<Int> = []
        for (index, element) in elements.enumerated() {
            let link = try WireLink(element, "links[\(index)]")
            guard seen.insert(link.id).inserted else { throw WireError("links[\(index)]: a second link \(link.id)") }
            links.append(link)
        }
        return links
    }

    /// Reads one link; `path` names it in errors. Throws ``WireError``.
    init(_ json: JSON, _ path: String) throws(WireError) {
        let section = try Section(json, path, keys: ["id", "a", "b", "a_to_b", "b_to_a", "up"])
        id = try section.number("id", 0...Int(Int32.max))
        a = try WireEnd(try section.value("a"), path + ".a")
        b = try WireEnd(try section.value("b"), path + ".b")
        if let json = section["a_to_b"] { aToB = try Impairment(json, path + ".a_to_b") }
        if let json = section["b_to_a"] { bToA = try Impairment(json, path + ".b_to_a") }
        isUp = try section.flag("up", otherwise: true)
    }
}

extension WireEnd {
    fileprivate init(_ json: JSON, _ path: String) throws(WireError) {
        let section = try Section(json, path, keys: ["netns", "device", "mac"])
        namespace = try section.text("netns")
        device = try section.text("device")
        // What the kernel's dev_valid_name() refuses; a '%' would number the device instead.
        guard (1...15).contains(device.utf8.count), device != ".", device != "..",
            !device.utf8.contains(where: { $0 <= 0x20 || "/:%".utf8.contains($0) })
        else { throw WireError("\(path).device: '\(device)' is no interface name") }
        guard section["mac"] != nil else { return }
        let text = try section.text("mac")
        guard let address = MACAddress(text) else {
            throw WireError("\(path).mac: '\(text)' is no Ethernet address")
        }
        self.address = address
    }
}

extension Impairment {
    private static let hour = 3_600_000_000_000

    /// Reads one direction; what is not given is 0. Throws ``WireError``.
    init(_ json: JSON, _ path: String) throws(WireError) {
        let section = try Section(
            json, path,
            keys: ["delay_ns", "jitter_ns", "loss", "duplicate", "reorder", "rate_bps", "limit_packets"])
        delay = Nanoseconds(try section.number("delay_ns", 0...Self.hour, otherwise: 0))
        jitter = Nanoseconds(try section.number("jitter_ns", 0...Self.hour, otherwise: 0))
        loss = try section.share("loss")
        duplicate = try section.share("duplicate")
        reorder = try section.share("reorder")
        rate = try section.number("rate_bps", 0...1_000_000_000_000, otherwise: 0)
        limit = try section.number("limit_packets", 0...1_000_000, otherwise: 0)
    }
}

/// A JSON object of which every key is known.
struct Section {
    private let json: JSON
    private let path: String

    /// Throws ``WireError`` naming a key that is not among `keys`, or that comes twice.
    init(_ json: JSON, _ path: String, keys: [String]) throws(WireError) {
        guard let members = json.members else { throw WireError("\(path): an object expected") }
        var seen: [String] = []
        for member in members {
            guard keys.contains(member.name) else { throw WireError("\(path): unknown key '\(member.name)'") }
            guard !seen.contains(member.name) else { throw WireError("\(path): key '\(member.name)' twice") }
            seen.append(member.name)
        }
        self.json = json
        self.path = path
    }

    subscript(key: String) -> JSON? { json[key] }

    func value(_ key: String) throws(WireError) -> JSON {
        guard let value = json[key] else { throw WireError("\(path): key '\(key)' is missing") }
        return value
    }

    func text(_ key: String) throws(WireError) -> String {
        guard let text = try value(key).string, !text.utf8.contains(0) else {
            throw WireError("\(path).\(key): text expected")
        }
        return text
    }

    func number(_ key: String, _ range: ClosedRange<Int>, otherwise: Int? = nil) throws(WireError) -> Int {
        if let otherwise, json[key] == nil { return otherwise }
        guard let number = try value(key).int, range.contains(number) else {
            throw WireError("\(path).\(key): a whole number from \(range.lowerBound) to \(range.upperBound) expected")
        }
        return number
    }

    func share(_ key: String) throws(WireError) -> Double {
        guard let value = json[key] else { return 0 }
        guard let share = value.double, (0...1).contains(share) else {
            throw WireError("\(path).\(key): a number from 0 to 1 expected")
        }
        return share
    }

    func flag(_ key: String, otherwise: Bool) throws(WireError) -> Bool {
        guard let value = json[key] else { return otherwise }
        guard let flag = value.bool else { throw WireError("\(path).\(key): true or false expected") }
        return flag
    }
}
