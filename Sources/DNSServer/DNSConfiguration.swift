import DNSResponder
import DNSWire
import DNSZone
import JSON
import Net
import Sys

/// Why a configuration cannot be used, in words that name the key.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What `labd dns` is told to be, as JSON:
/// ```
/// {"node": "london", "identity": "london", "addresses": ["192.0.2.53", "2001:db8:53::53"], "port": 53,
///  "zones": [{"origin": "hello.test", "text": "www 300 A 198.51.100.10"}]}
/// ```
/// `identity` is `node` and `port` 53 when they are missing. `"rate_limit": {"responses": 100, "slip": 2}` limits the responses of
/// a kind a second to a /24 or /56 (``RateLimiter``). A key that is not known is an error: a misspelt one would
/// otherwise be silently without effect.
struct DNSConfiguration {
    let node: String
    let identity: String
    let addresses: [IPAddress]
    let port: UInt16
    let zones: [Zone]
    /// Nil for no limit.
    let rateLimits: RateLimits?

    init(path: String) throws {
        try self.init(JSON(parsing: try Files.read(path)))
    }

    init(_ json: JSON) throws(ConfigurationError) {
        let members = try Members(
            json, "the configuration", ["node", "identity", "addresses", "port", "zones", "rate_limit"])
        node = try members.string("node")
        identity = try members.optionalString("identity") ?? node
        guard (1...255).contains(identity.utf8.count) else {
            throw ConfigurationError("'identity' must have 1 to 255 octets")
        }
        var addresses: [IPAddress] = []
        for element in try members.array("addresses") {
            guard let text = element.string, let address = IPAddress(text) else {
                throw ConfigurationError("'addresses' has \(element), which is no address")
            }
            addresses.append(address)
        }
        guard !addresses.isEmpty else { throw ConfigurationError("'addresses' is empty") }
        self.addresses = addresses
        let number = members["port"] ?? 53
        guard let port = number.int.flatMap(UInt16.init(exactly:)), port > 0 else {
            throw ConfigurationError("'port' must be a number from 1 to 65535, not \(number)")
        }
        self.port = port
        rateLimits = if let limits = members["rate_limit"] { try RateLimits(limits) } else { nil }
        var zones: [Zone] = []
        for element in try members.array("zones") { zones.append(try Self.zone(element, addresses)) }
        let origins = zones.map(\.origin)
        if let twice = origins.enumerated().first(where: { origins[..<$0.offset].contains($0.element) }) {
            throw ConfigurationError("'zones' has \(twice.element) twice")
        }
        self.zones = zones
    }

    private static func zone(_ json: JSON, _ addresses: [IPAddress]) throws(ConfigurationError) -> Zone {
        let members = try Members(json, "a zone", ["origin", "text"])
        let text = try members.string("text")
        let name = try members.string("origin")
        let origin: DomainName
        do {
            origin = try DomainName(name)
        } catch {
            throw ConfigurationError("'origin' is '\(name)': \(error)")
        }
        do {
            return try Zone(origin: origin, text: text, addresses: addresses)
        } catch {
            throw ConfigurationError(error.errors.map { "zone \(name):\($0)" }.joined(separator: "\n"))
        }
    }
}

/// The members of an object, each of a known name.
struct Members {
    private let json: JSON

    init(_ json: JSON, _ what: String, _ known: [String]) throws(ConfigurationError) {
        guard let members = json.members else { throw ConfigurationError("\(what) must be an object") }
        for (index, member) in members.enumerated() {
            guard known.contains(member.name) else { throw ConfigurationError("unknown key '\(member.name)'") }
            guard !members[..<index].contains(where: { $0.name == member.name }) else {
                throw ConfigurationError("'\(member.name)' is there twice")
            }
        }
        self.json = json
    }

    subscript(name: String) -> JSON? { json[name] }

    func optionalString(_ name: String) throws(ConfigurationError) -> String? {
        guard let value = json[name] else { return nil }
        guard let text = value.string else { throw ConfigurationError("'\(name)' must be a string") }
        return text
    }

    func string(_ name: String) throws(ConfigurationError) -> String {
        guard let text = try optionalString(name) else { throw ConfigurationError("'\(name)' is missing") }
        return text
    }

    func array(_ name: String) throws(ConfigurationError) -> [JSON] {
        guard let value = json[name] else { throw ConfigurationError("'\(name)' is missing") }
        guard let elements = value.array else { throw ConfigurationError("'\(name)' must be an array") }
        return elements
    }
}
