import JSON
import Net
import Sys

/// Why a configuration cannot be used, in words that name the key.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What `labd http` is told to be, as JSON:
/// ```
/// {"site": "london", "addresses": ["192.0.2.80", "2001:db8:80::80"], "port": 80,
///  "unicast": ["10.128.1.1", "2001:db8:8001::1"],
///  "origin": {"site": "store", "addresses": ["10.128.3.1", "2001:db8:8003::1"]}}
/// ```
/// An edge has an `origin`, and asks it at those addresses from its own ones, `unicast`. An origin has none, and serves
/// `"objects": [{"path": "/", "size": 1024, "max_age": 60}]`: octets that its path makes, and for how many seconds they are fresh;
/// without `max_age` nobody may store them.
struct HTTPConfiguration: Decodable {
    /// The site, which it tells as `X-Site`.
    let site: String
    let addresses: [IPAddress]
    let unicast: [IPAddress]
    let port: UInt16
    let origin: Origin?
    let objects: [Object]

    struct Origin: Equatable {
        let site: String
        let addresses: [IPAddress]
    }

    struct Object: Decodable, Equatable {
        let path: String
        /// In octets, up to ``mostOctets``.
        let size: Int
        /// In seconds; nil for what nobody may store.
        let maxAge: Int?

        private enum CodingKeys: String, CodingKey {
            case path, size
            case maxAge = "max_age"
        }
    }

    /// How large an object may be.
    static let mostOctets = 16 << 20

    private enum CodingKeys: String, CodingKey {
        case site, addresses, unicast, port, origin, objects
    }

    private struct WrittenOrigin: Decodable {
        let site: String
        let addresses: [String]
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        site = try values.decode(String.self, forKey: .site)
        addresses = try Self.addresses(try values.decode([String].self, forKey: .addresses))
        guard !addresses.isEmpty else { throw ConfigurationError("'addresses' is empty") }
        unicast = try Self.addresses(try values.decodeIfPresent([String].self, forKey: .unicast) ?? [])
        port = try values.decodeIfPresent(UInt16.self, forKey: .port) ?? 80
        origin = try values.decodeIfPresent(WrittenOrigin.self, forKey: .origin).map {
            Origin(site: $0.site, addresses: try Self.addresses($0.addresses))
        }
        objects = try values.decodeIfPresent([Object].self, forKey: .objects) ?? []
        for object in objects where !(0...Self.mostOctets).contains(object.size) {
            throw ConfigurationError("the 'size' of \(object.path) must be 0 to \(Self.mostOctets) octets")
        }
    }

    private static func addresses(_ texts: [String]) throws(ConfigurationError) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for text in texts {
            guard let address = IPAddress(text) else { throw ConfigurationError("'\(text)' is no address") }
            addresses.append(address)
        }
        return addresses
    }

    /// Reads a file. Throws ``ConfigurationError``.
    static func read(_ path: String) throws(ConfigurationError) -> HTTPConfiguration {
        do {
            return try JSON(parsing: try Files.read(path)).decode(HTTPConfiguration.self)
        } catch {
            throw ConfigurationError("\(path): \(error)")
        }
    }
}
