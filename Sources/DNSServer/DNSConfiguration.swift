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
///  "unicast": ["10.128.1.1", "2001:db8:8001::1"], "cookie_secret": "e5e973e5a6b2a43f48e7dc849e37bfcf",
///  "zones": [{"origin": "hello.test", "text": "$INCLUDE www.zone", "includes": {"www.zone": "www 300 A 198.51.100.10"},
///             "primaries": ["10.128.2.1"], "notify": ["10.128.3.1"]}]}
/// ```
/// `unicast` are the site's own addresses: it answers there too, and there only takes transfers and NOTIFY. A zone with `primaries`
/// is fetched from them when they have a newer one; those in `notify` are told when this site has a newer one. Without a
/// `cookie_secret` there is one that nobody else has.
///
/// `identity` is `node` and `port` 53 when they are missing. `"rate_limit": {"responses": 100, "slip": 2}` limits the responses of
/// a kind a second to a /24 or /56 (``RateLimiter``). `"capacity": 20000` are the queries a second that are taken over UDP
/// (``QueryBudget``). A key that is not known is an error: a misspelt one would
/// otherwise be silently without effect.
struct DNSConfiguration {
    let node: String
    let identity: String
    let addresses: [IPAddress]
    let port: UInt16
    let unicast: [IPAddress]
    /// Nil for one that nobody else has.
    let cookies: ServerCookies?
    let zones: [ZoneConfiguration]
    /// Nil for no limit.
    let rateLimits: RateLimits?
    /// Queries a second over UDP, 1 to 10,000,000; nil for any number.
    let capacity: Int?

    init(path: String) throws {
        try self.init(JSON(parsing: try Files.read(path)))
    }

    init(_ json: JSON) throws(ConfigurationError) {
        let members = try Members(
            json, "the configuration",
            [
                "node", "identity", "addresses", "unicast", "port", "zones", "rate_limit", "cookie_secret",
                "capacity",
            ])
        node = try members.string("node")
        identity = try members.optionalString("identity") ?? node
        guard (1...255).contains(identity.utf8.count) else {
            throw ConfigurationError("'identity' must have 1 to 255 octets")
        }
        let addresses = try members.addresses("addresses")
        guard !addresses.isEmpty else { throw ConfigurationError("'addresses' is empty") }
        self.addresses = addresses
        unicast = try members.optionalAddresses("unicast")
        cookies = if let secret = try members.optionalString("cookie_secret") { try Self.cookies(secret) } else { nil }
        let number = members["port"] ?? 53
        guard let port = number.int.flatMap(UInt16.init(exactly:)), port > 0 else {
            throw ConfigurationError("'port' must be a number from 1 to 65535, not \(number)")
        }
        self.port = port
        rateLimits = if let limits = members["rate_limit"] { try RateLimits(limits) } else { nil }
        capacity = if let number = members["capacity"] { try Self.capacity(number) } else { nil }
        var zones: [ZoneConfiguration] = []
        for element in try members.array("zones") { zones.append(try ZoneConfiguration(element)) }
        let origins = zones.map(\.origin)
        if let twice = origins.enumerated().first(where: { origins[..<$0.offset].contains($0.element) }) {
            throw ConfigurationError("'zones' has \(twice.element) twice")
        }
        self.zones = zones
    }

    private static func capacity(_ number: JSON) throws(ConfigurationError) -> Int {
        guard let capacity = number.int, (1...10_000_000).contains(capacity) else {
            throw ConfigurationError("'capacity' must be a number from 1 to 10000000, not \(number)")
        }
        return capacity
    }

    private static func cookies(_ text: String) throws(ConfigurationError) -> ServerCookies {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        let octets = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        guard text.utf8.count == 32, let cookies = ServerCookies(secret: octets) else {
            throw ConfigurationError("'cookie_secret' must be 32 hexadecimal digits")
        }
        return cookies
    }
}

/// A zone as the configuration has it.
struct ZoneConfiguration {
    let origin: DomainName
    /// Whom this site fetches the zone from.
    let primaries: [IPAddress]
    /// Whom this site tells of a newer version.
    let notified: [IPAddress]
    private let name: String
    private let text: String
    private let includes: [String: String]

    init(_ json: JSON) throws(ConfigurationError) {
        let members = try Members(json, "a zone", ["origin", "text", "includes", "primaries", "notify"])
        text = try members.string("text")
        name = try members.string("origin")
        do {
            origin = try DomainName(name)
        } catch {
            throw ConfigurationError("'origin' is '\(name)': \(error)")
        }
        primaries = try members.optionalAddresses("primaries")
        notified = try members.optionalAddresses("notify")
        includes = try members.optionalStrings("includes")
    }

    /// Whether it is the same zone, wherever newer versions come from.
    func hasSameText(as other: ZoneConfiguration) -> Bool {
        origin == other.origin && text == other.text && includes == other.includes
    }

    /// Reads the text. `addresses` are those that the service answers on.
    func zone(_ addresses: [IPAddress]) throws(ConfigurationError) -> Zone {
        do {
            return try Zone(origin: origin, text: text, addresses: addresses, includes: includes)
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

    /// The members of an object of strings.
    func optionalStrings(_ name: String) throws(ConfigurationError) -> [String: String] {
        guard let value = json[name] else { return [:] }
        guard let members = value.members else { throw ConfigurationError("'\(name)' must be an object") }
        var strings: [String: String] = [:]
        for member in members {
            guard let text = member.value.string else {
                throw ConfigurationError("'\(member.name)' in '\(name)' must be a string")
            }
            strings[member.name] = text
        }
        return strings
    }

    func array(_ name: String) throws(ConfigurationError) -> [JSON] {
        guard let value = json[name] else { throw ConfigurationError("'\(name)' is missing") }
        guard let elements = value.array else { throw ConfigurationError("'\(name)' must be an array") }
        return elements
    }

    func addresses(_ name: String) throws(ConfigurationError) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for element in try array(name) {
            guard let text = element.string, let address = IPAddress(text) else {
                throw ConfigurationError("'\(name)' has \(element), which is no address")
            }
            addresses.append(address)
        }
        return addresses
    }

    func optionalAddresses(_ name: String) throws(ConfigurationError) -> [IPAddress] {
        json[name] == nil ? [] : try addresses(name)
    }
}
