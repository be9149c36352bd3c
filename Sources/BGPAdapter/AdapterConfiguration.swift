import JSON
import Net

/// What `labd adapter` reads with `--config`.
struct AdapterConfiguration {
    /// A session that the daemon has.
    struct Session: Hashable {
        let peer: IPAddress
        let name: String
    }

    /// `bird`, `frr`, `gobgp` or `openbgpd`.
    let daemon: String
    let asn: ASN
    let routerID: IPv4Address
    /// The router's own IPv6 address.
    let address6: IPv6Address
    /// What the router announces by itself.
    let originate: [IPPrefix]
    let sessions: [Session]
    /// How long nothing may change before the daemon is believed to be at rest, in milliseconds.
    let quiet: Int

    /// Reads the configuration. Throws ``AdapterError`` naming the member that is missing or wrong.
    init(_ json: JSON) throws(AdapterError) {
        func text<Value: LosslessStringConvertible>(_ json: JSON, _ key: String) throws(AdapterError) -> Value {
            guard let value = json[key]?.string.flatMap(Value.init) else {
                throw AdapterError("\(key): missing, or not what it should be")
            }
            return value
        }
        func number(_ key: String, upTo limit: Int) throws(AdapterError) -> Int {
            guard let value = json[key]?.int, (0...limit).contains(value) else {
                throw AdapterError("\(key): a number up to \(limit) expected")
            }
            return value
        }
        daemon = try text(json, "daemon")
        asn = ASN(UInt32(try number("asn", upTo: Int(UInt32.max))))
        routerID = try text(json, "router_id")
        address6 = try text(json, "address6")
        quiet = try number("quiet_ms", upTo: 86_400_000)
        var prefixes: [IPPrefix] = []
        for each in json["originate"]?.array ?? [] {
            guard let prefix = each.string.flatMap(IPPrefix.init) else { throw AdapterError("originate: no prefix") }
            prefixes.append(prefix)
        }
        originate = prefixes
        var sessions: [Session] = []
        for each in json["sessions"]?.array ?? [] {
            sessions.append(Session(peer: try text(each, "peer"), name: try text(each, "name")))
        }
        self.sessions = sessions
    }
}

/// Why the adapter cannot go on, said for people.
struct AdapterError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
