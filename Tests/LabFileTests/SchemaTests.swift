import Foundation
import LabModel
import Testing

@testable import LabFile

/// `labs/schema.json` and the parser say the same, as far as a schema can: keys, types, spellings and ranges of one value.
///
/// The schema is applied by Python's jsonschema (Debian: python3-jsonschema, python3-yaml).
struct SchemaTests {
    /// Both refuse these. Each is the good lab with one thing changed.
    static let refused: [(part: String, replacement: String)] =
        [
            ("lab: good", "lab: Good"), ("lab: good", "lab: 5"), ("lab: good", "lab:"), ("lab: good", "description: x"),
            ("lab: good", "lab: \(String(repeating: "a", count: 33))"), ("lab: good", "lab: good\ndescription: [x]"),
            ("lab: good", "lab: good\ntimers: slow"), ("lab: good", "lab: good\ntimers: { hold: 9 }"),
            ("lab: good", "lab: good\ntimers: { keepalive: 9s }"), ("lab: good", "lab: good\nscenario: []"),
            ("lab: good", "lab: good\nversion: 1"), ("core: {", "Core_: {"), ("[FRA, JFK]", "[]"),
            ("[FRA, JFK]", "FRA"),
            ("[FRA, JFK]", "[fra]"), ("[FRA, JFK]", "[[1]]"), ("[FRA, JFK]", "[[91, 0]]"), ("[FRA, JFK]", "[[0, 181]]"),
            ("[FRA, JFK]", "[[0, east]]"), ("asn: 65002", "asn: many"), ("asn: 65002", "asn: 0"),
            ("asn: 65002", "asn: 23456"),
            ("asn: 65002", "asn: 4294967295"), ("asn: 65002", "asn: 65.5"), ("asn: 65002", "asn: '65002'"),
            ("asn: 65002", "asn: AS65002"), ("asn: 65002", "asn:"), ("asn: 65002", "nsa: 65002"),
            ("[192.0.2.53, 2001:db8:53::53]", "[]"), ("[192.0.2.53, 2001:db8:53::53]", "192.0.2.53"),
            ("[192.0.2.53, 2001:db8:53::53]", "[localhost]"), ("53::53] }", "53::53], prefixes: [192.0.2.0] }"),
            ("53::53] }", "53::53], kind: smtp }"), ("53::53] }", "53::53], zone: { records: [] } }"),
            ("53::53] }", "53::53], zone: { origin: a.test } }"),
            ("53::53] }", "53::53], zone: { origin: a.test, records: [], file: x } }"),
            ("53::53] }", "53::53], zone: { origin: a..test, records: [] } }"),
            ("53::53] }", "53::53], zone: { origin: a.test, records: [5] } }"),
            ("53::53] }", "53::53], zone: { origin: a.test, records: [\"a\\nb\"] } }"),
            ("53::53] }", "53::53], rate-limit: 100 }"), ("53::53] }", "53::53], rate-limit: { slip: 2 } }"),
            ("53::53] }", "53::53], rate-limit: { responses: 0 } }"),
            ("53::53] }", "53::53], rate-limit: { responses: 5, slip: 11 } }"),
            ("53::53] }", "53::53], health: true }"), ("53::53] }", "53::53], health: { check: dns } }"),
            ("53::53] }", "53::53], health: { query: www.hello.test } }"),
            ("53::53] }", "53::53], health: { query: a..test A } }"),
            ("53::53] }", "53::53], health: { answer: 192.0.2.1 } }"),
            ("53::53] }", "53::53], health: { command: '' } }"),
            ("53::53] }", "53::53], health: { command: true } }"),
            ("53::53] }", "53::53], health: { command: x, query: a.test A } }"),
            ("53::53] }", "53::53], health: { interval: 1 } }"), ("53::53] }", "53::53], health: { fall: 0 } }"),
            ("53::53] }", "53::53], health: { rise: 256 } }"),
            ("53::53] }", "53::53], health: { hold-down: forever } }"),
            ("53::53] }", "53::53], health: { drain: shut } }"), ("53::53] }", "53::53], health: { drain: med } }"),
            ("london: { city: LHR", "london: { city: 5"), ("london: { city: LHR, ", "london: { "),
            ("london: { city: LHR", "london: { capacity: 20000, city: LHR"),
            ("london: { city: LHR", "london: { capacity: 20 kqps, city: LHR"),
            ("london: { city: LHR", "london: { capacity: 1mbit, city: LHR"),
            ("london: { city: LHR", "london: { customers: [edge], city: LHR"),
            ("[LHR], providers: [core]", "[LHR], providers: core"),
            ("[LHR], providers: [core]", "[LHR], providers: [5]"),
            ("[LHR], providers: [core]", "[LHR], providers: [{ prepend: 1 }]"),
            ("[LHR], providers: [core]", "[LHR], providers: [{ network: core, prepend: 21 }]"),
            ("[LHR], providers: [core]", "[LHR], providers: [{ network: core, prepend: -1 }]"),
            ("[LHR], providers: [core]", "[LHR], providers: [{ network: core, med: 4294967296 }]"),
            ("[LHR], providers: [core]", "[LHR], providers: [{ network: core, communities: [NO_WAY] }]"),
            ("[LHR], providers: [core]", "[LHR], providers: [{ network: core, leak: 1 }]"),
            ("provider: edge", "provider: [edge]"), ("provider: edge", "providers: [edge]"), (", provider: edge", ""),
            ("[london, core]", "[london]"), ("[london, core]", "[london, core, home]"), ("[london, core]", "london"),
            ("between: [london, core], ", ""), ("delay: 5ms", "delay: 5"), ("delay: 5ms", "delay: 5m"),
            ("delay: 5ms", "delay: -5ms"), ("delay: 5ms", "delay: .5ms"), ("delay: 5ms", "loss: 0.1"),
            ("delay: 5ms", "rate: 1Gbit"), ("delay: 5ms", "rate: 1mbps"), ("delay: 5ms", "latency: 5ms"),
            ("delay: 5ms", "timers: { bfd: 50ms }"), ("delay: 5ms", "timers: { bfd: true }"),
            ("delay: 5ms", "timers: { bfd: {} }"), ("delay: 5ms", "timers: { bfd: { interval: 50ms, multiplier: 0 } }"),
            ("asn: 65002", "multipath: 0"), ("asn: 65002", "multipath: 65"), ("asn: 65002", "multipath-hash: modulo"),
            ("asn: 65002", "multipath-hash: perPacket"),
            ("asn: 65002", "decision: oldest"),
            ("asn: 65002", "damping: none"), ("asn: 65002", "damping: { half-life: 5 }"),
            ("asn: 65002", "damping: { suppress: 0 }"), ("asn: 65002", "damping: { suppress: 1000001 }"),
            ("asn: 65002", "damping: { penalty: 1 }"), ("asn: 65002", "damping: 1"),
            ("asn: 65002", "always-compare-med: 1"), ("asn: 65002", "import: {}"), ("asn: 65002", "import: [{}]"),
            ("asn: 65002", "import: [{ match: {} }]"), ("asn: 65002", "import: [{ then: permit }]"),
            ("asn: 65002", "export: [{ then: reject, if: {} }]"),
        ] + refusedParts + refusedSteps + refusedGroups
    private static let refusedParts =
        [
            "origin: [core]", "objects: {}", "objects: [{}]", "objects: [{ path: x }]", "objects: [{ path: '/a b' }]",
            "objects: [{ path: '/a?b' }]", "objects: [{ path: /, size: 5 }]", "objects: [{ path: /, size: 5KB }]",
            "objects: [{ path: /, max-age: 60 }]", "objects: [{ path: /, age: 60s }]",
        ].map { ("53::53] }", "53::53], kind: http, \($0) }") }
        + [
            "match: { prefixes: [192.0.2.0] }", "match: { prefixes: [{ ge: 8 }] }",
            "match: { prefixes: [{ prefix: 10.0.0.0/8, ge: 129 }] }", "match: { family: ipx }",
            "match: { communities: [\"65000:1:1\"] }", "match: { large-communities: [\"65000:1\"] }",
            "match: { as-path: 65001 }", "match: { origins: [AS1] }", "match: { neighbors: edge }",
            "set: { local-preference: -1 }", "set: { med: some }", "set: { communities: [NO_EXPORT] }",
            "set: { communities: { set: [] } }", "set: { large-communities: { add: [NO_EXPORT] } }",
            "set: { prepend: 0 }", "set: { next-hop: 5 }",
        ].map { ("asn: 65002", "import: [{ \($0), then: accept }]") }
        + [
            "md5: ''", "md5: 5", "md5: \(String(repeating: "k", count: 81))", "ttl-security: 1", "role-strict: 1",
            "max-prefixes: 0", "blackholes: [192.0.2.1]", "blackholes: 192.0.2.0/24",
            "add-path: true", "add-path: { receive: 1 }", "add-path: { send: 0 }", "add-path: { send: none }",
            "add-path: { get: true }", "extended-next-hop: 1",
        ].map { ("[LHR], providers: [core]", "[LHR], providers: [{ network: core, \($0) }]") }
        + [
            "add-path: true", "add-path: 0", "add-path: 256", "add-path: some", "add-path: { send: all }",
            "bmp: home", "bmp: {}", "bmp: { station: 5 }", "graceful-restart: true", "graceful-restart: { restart: 5 }",
        ].map { ("asn: 65002", $0) }
        + [
            "[]", "{ x: { city: LHR } }", "{ x: { members: [core, edge] } }", "{ x: { city: LHR, members: [core] } }",
            "{ x: { city: LHR, members: core } }", "{ x: { city: LHR, members: [core, 5] } }",
            "{ X: { city: LHR, members: [core, edge] } }", "{ x: { city: LHR, members: [core, edge], asn: 5 } }",
            "{ x: { city: LHR, members: [core, edge], route-server: 64496 } }",
            "{ x: { city: LHR, members: [core, edge], route-server: { asn: 0 } } }",
        ].map { ("lab: good", "lab: good\nexchanges: \($0)") }

    private static let refusedGroups =
        [
            "{ n: {} }", "{ n: { addresses: [233.252.0.1], source: home } }",
            "{ n: { addresses: [], source: home, members: [home] } }",
            "{ n: { addresses: [192.0.2.1], source: home, members: [home] } }",
            "{ n: { addresses: [233.252.0.1], source: home, members: [] } }",
            "{ n: { addresses: [233.252.0.1], source: home, members: home } }",
            "{ N: { addresses: [233.252.0.1], source: home, members: [home] } }",
        ].map { ("lab: good", "lab: good\nmulticast: \($0)") }

    private static let refusedSteps =
        [
            "5", "{}", "{ wait: 5 }", "{ wait: 1s, heal: london }", "{ expects: {} }", "{ expect: {} }",
            "{ expect: { catchment: {} } }", "{ expect: { share: {}, lost: 0 } }", "{ expect: { rtt: {} } }",
            "{ expect: { path: {} } }", "{ expect: { resolved: {} } }", "{ expect: { session: {} } }",
            "{ expect: { never: [] } }", "{ run: { node: home, command: [ls, [a]] } }",
            "{ expect: { catchment: home } }", "{ expect: { catchment: { home: 5 } } }", "{ expect: { within: 1s } }",
            "{ expect: { share: { london: 40% } } }", "{ expect: { share: { london: '> 40' } } }",
            "{ expect: { rtt: { home: 30ms } } }", "{ expect: { rtt: { home: '<> 30ms' } } }",
            "{ expect: { path: { home: { via: core } } } }", "{ expect: { path: { home: {} } } }",
            "{ expect: { lost: some } }", "{ expect: { lost: -1 } }", "{ expect: { session: { london: down } } }",
            "{ expect: { session: { london--core: up } } }", "{ expect: { never: rain } }",
            "{ expect: { resolved: { home: { name: a.test, type: A } } } }",
            "{ expect: { resolved: { home: { name: a.test, type: LOC, answer: x } } } }",
            "{ fail: london }", "{ fail: { site: london } }", "{ fail: { how: link-down } }",
            "{ fail: { site: london, link: a--b, how: link-down } }", "{ heal: [london] }", "{ heal: {} }",
            "{ apply: 5 }", "{ run: { node: home } }", "{ run: { node: home, command: [] } }",
            "{ run: { node: home, command: ls, status: 256 } }", "{ run: { node: home, command: ls, output: {} } }",
            "{ run: { node: home, command: ls, output: { contains: a, equals: a } } }",
            "{ connect: 5 }", "{ connect: { flows: 5 } }", "{ connect: { service: dns, flows: 0 } }",
            "{ connect: { service: dns, clients: [] } }", "{ connect: { service: dns, each: 5 } }",
            "{ expect: { broken: all } }", "{ expect: { broken: [] } }", "{ expect: { broken: { home: 30% } } }",
            "{ flood: home }", "{ flood: { clients: [home], rate: 1kqps } }",
            "{ flood: { clients: [], rate: 1kqps, for: 1s } }", "{ flood: { clients: home, rate: 1kqps, for: 1s } }",
            "{ flood: { clients: [home], rate: 1000, for: 1s } }",
            "{ flood: { clients: [home], rate: 1kqps, for: 5 } }",
            "{ flood: { clients: [home], rate: 1kqps, for: 1s, to: dns } }",
            "{ expect: { served: home } }", "{ expect: { served: { home: 50% } } }",
            "{ expect: { offered: { london: '> 5' } } }",
            "{ repeat: { times: 0, steps: [{ wait: 1s }] } }", "{ repeat: { times: 1, steps: [] } }",
        ].map { ("lab: good", "lab: good\nscenario: [\($0)]") }

    /// Both accept these.
    static let accepted: [(part: String, replacement: String)] = [
        ("lab: good", "lab: g"), ("lab: good", "lab: good\ndescription: A lab."),
        ("lab: good", "lab: good\ntimers: internet"),
        ("lab: good", "lab: good\ntimers: { preset: fast, hold: 0s, connect-retry: 1.5s, mrai: 30s, mrai-ibgp: 5s }"),
        (
            "lab: good",
            "lab: good\nscenario: [{ wait: 1.5s }, { heal: london }, { drain: { site: london } }, { apply: x.yaml }]"
        ),
        (
            "lab: good",
            "lab: good\nscenario: [{ expect: { catchment: { home: london }, share: { london: '>=40.5%' }, rtt: { home: '< 30ms' }, path: { home: { contains: core, avoids: US, stays-in: EU } }, resolved: { home: { name: a.test, type: A, answer: [192.0.2.1] } }, session: { london--core: Established }, never: [loop, blackhole], service: dns, within: 1s, for: 2s } }]"
        ),
        (
            "lab: good",
            "lab: good\nscenario: [{ fail: { link: [london, core], how: link-down } }, { fail: { target: 'london,core', how: withdraw } }, { expect: { gap: { home: '<= 1s' }, lost: 0 } }, { expect: { lost: '< 5' } }]"
        ),
        (
            "lab: good",
            "lab: good\nscenario: [{ run: { node: home, command: ls, status: 1, output: { contains: 5 } } }, { run: { node: core-fra, command: [echo, 5], output: { equals: '5' } } }, { repeat: { times: 2, steps: [{ wait: 1ms }] } }]"
        ),
        (
            "53::53] }",
            "53::53], kind: http }\nscenario: [{ connect: { service: dns, flows: 5, clients: [home] } }, { expect: { broken: ['>= 1', '<= 30.5%', 2] } }, { expect: { broken: { home: '= 0' } } }, { expect: { broken: 0 } }]"
        ),
        (
            "lab: good",
            "lab: good\nscenario: [{ flood: { clients: [home, edge, GB], service: dns, rate: 1.5kqps, for: 300s } }, { expect: { served: { home: '= 100%', london: '< 50%' }, offered: { london: '>=90%' } } }]"
        ),
        ("london: { city: LHR", "london: { capacity: 10mqps, city: LHR"),
        (
            "clients:\n",
            "multicast:\n  n: { addresses: [233.252.0.1, 'FF0E::DB8:0:1'], source: home, members: [away] }\nclients:\n  away: { city: FRA, provider: core }\n"
        ),
        ("[FRA, JFK]", "[[50, 8.5], [-90, 180]]"), ("asn: 65002, ", ""), ("asn: 65002", "asn: 4294967294"),
        ("53::53] }", "53::53], kind: dns, prefixes: [192.0.2.0/25, 2001:db8:53::/64] }"),
        ("53::53] }", "53::53], zone: { origin: ., records: [] } }"),
        ("53::53] }", "53::53], rate-limit: { responses: 1 }, health: {} }"),
        ("53::53] }", "53::53], rate-limit: { responses: 1000000, slip: 0 }, health: { query: . SOA } }"),
        (
            "53::53] }",
            "53::53], health: { query: www.hello.test. A, answer: 192.0.2.1, interval: 50ms, timeout: 50ms, fall: 1, rise: 255, hold-down: 0s, drain: med 0 } }"
        ),
        ("53::53] }", "53::53], health: { command: 'true && false', interval: 3600s, drain: prepend 20 } }"),
        ("53::53] }", "53::53], health: { drain: withdraw } }"), ("53::53] }", "53::53], kind: http }"),
        ("53::53] }", "53::53], kind: http, objects: [{ path: / }, { path: '/~x!%20', size: 1.5MB, max-age: 0s }] }"),
        ("53::53] }", "53::53], zone: { origin: A_b.test., records: [\"www A 192.0.2.1\", \"\"] } }"),
        ("london: {", "london: { service: dns, peers: [edge],"),
        (
            "[LHR], providers: [core]",
            "[LHR], providers: [{ network: core, prepend: 20, local-preference: 0, med: 4294967295, communities: ['1:2', NO_ADVERTISE], no-export: false, leak: true }]"
        ),
        ("[FRA, JFK] }", "[FRA, JFK], customers: [edge], peers: [], siblings: [] }"),
        (
            "[LHR], providers: [core]",
            "[LHR], providers: [{ network: core, md5: x, ttl-security: true, role-strict: true, max-prefixes: 1, blackholes: [192.0.2.0/24], import: [], export: [{ then: reject }] }]"
        ),
        ("lab: good", "lab: good\nexchanges: {}"),
        ("lab: good", "lab: good\nexchanges: { x: { city: [1, 2], members: [core, london] } }"),
        (
            "lab: good",
            "lab: good\nexchanges: { x: { city: LHR, members: [core, edge], route-server: { asn: 64496 } } }"
        ),
        (
            "[LHR], providers: [core]",
            "[LHR], providers: [{ network: core, add-path: { receive: true, send: all }, extended-next-hop: true }]"
        ),
        ("[LHR], providers: [core]", "[LHR], providers: [{ network: core, add-path: { send: 255 } }]"),
        ("asn: 65002", "graceful-restart: {}, bmp: { station: home }"),
        ("asn: 65002", "add-path: 1"), ("asn: 65002", "add-path: 255"), ("asn: 65002", "add-path: all"),
        ("asn: 65002", "graceful-restart: { restart: 4095s, deferral: 1ms }"),
        ("delay: 5ms", "timers: { bfd: off }"), ("delay: 5ms", "timers: { bfd: false }"),
        ("delay: 5ms", "timers: { preset: fast, bfd: { interval: 50ms, multiplier: 255 } }"),
        ("asn: 65002", "damping: on"), ("asn: 65002", "damping: true"), ("asn: 65002", "damping: off"),
        ("asn: 65002", "damping: {}"), ("asn: 65002", "damping: { half-life: 5s }"),
        ("asn: 65002", "damping: { half-life: 100ms, suppress: 1000000, reuse: 1, max-suppress: 86400s }"),
        ("asn: 65002", "decision: oldest-external, always-compare-med: true, multipath: 64, multipath-hash: resilient"),
        ("asn: 65002", "multipath: 2, multipath-hash: per-packet"),
        (
            "asn: 65002",
            "import: [{ match: { prefixes: [192.0.2.0/24, { prefix: 10.0.0.0/8, ge: 9, le: 24 }], family: ipv4, communities: [\"1:2\", BLACKHOLE], large-communities: [\"1:2:3\"], as-path: ^1 .*$, origins: [0, 4294967295], neighbors: [core, local] }, set: { local-preference: 0, med: none, communities: { add: [NOPEER], remove: [] }, large-communities: { replace: [] }, prepend: 20, next-hop: self }, then: next }]"
        ),
        (
            "delay: 5ms",
            "delay: 0.5s, jitter: 10us, loss: 0.1%, duplicate: 0%, reorder: 100%, rate: 1.5gbit, timers: fast"
        ),
    ]

    @Test func bothRefuseAndBothAccept() throws {
        let cases = [("lab: good", "lab: good")] + Self.accepted + Self.refused
        let texts = cases.map { good.with($0.0, $0.1) }
        let valid = try Self.validate(texts)
        let limit = 1 + Self.accepted.count
        for (index, text) in texts.enumerated() {
            #expect(valid[index] == (index < limit), "schema: \(cases[index].1)")
            #expect((parse(text).lab != nil) == (index < limit), "parser: \(cases[index].1)")
        }
    }

    /// The labs that the project brings are good by the schema as well.
    @Test func theLabsFollowTheSchema() throws {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: Project.root.appendingPathComponent("labs").path
        )
        .filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 2)
        #expect(try Self.validate(try names.map { try Project.text("labs/\($0)") }).allSatisfy(\.self))
    }

    /// An editor that follows the schema never marks what the parser takes: whatever is put in place of any value.
    @Test func theSchemaIsNeverStricterThanTheParser() throws {
        let words = [
            "5", "-1", "0.5", "true", "''", "x", "'5'", "[]", "[x]", "{}", "{ x: y }", "FRA", "5ms", "1%", "fast", "~",
        ]
        var texts: [String] = []
        // A value stands behind a colon, a bracket or a comma.
        let pattern = /(: |\[|, )([^\s\[\]{},]+)/
        let rich = good.with("delay: 5ms", "delay: 5ms, jitter: 1ms, loss: 1%, rate: 1gbit, timers: { hold: 9s }").with(
            "[LHR], providers: [core]", "[LHR], providers: [{ network: core, prepend: 1, no-export: false }]"
        ).with(
            "53::53] }",
            "53::53], kind: dns, prefixes: [192.0.2.0/24, 2001:db8:53::/48], zone: { origin: a.test, records: [] } }")
        for match in rich.matches(of: pattern) where match.2.last != ":" {
            for word in words {
                texts.append(rich.replacingCharacters(in: match.2.startIndex..<match.2.endIndex, with: word))
            }
        }
        #expect(texts.count > 300)
        let valid = try Self.validate(texts)
        for (text, isValid) in zip(texts, valid) where !isValid {
            #expect(parse(text).lab == nil, "\(text)")
        }
        #expect(valid.contains(true) && valid.contains(false))
    }

    /// Every key is known to both, and needed by both.
    @Test(arguments: Keys.allCases)
    func keysAreTheSame(_ keys: Keys) throws {
        let data = Data(try Project.bytes("labs/schema.json"))
        let schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let definitions = try #require(schema["$defs"] as? [String: Any])
        let object = keys == .lab ? schema : try #require(definitions[keys.rawValue] as? [String: Any])
        let properties = try #require(object["properties"] as? [String: Any])
        #expect(Set(properties.keys) == Set(keys.all))
        #expect(Set(object["required"] as? [String] ?? []) == Set(keys.required))
        #expect(object["additionalProperties"] as? Bool == false)
        #expect(Keys.synonyms.values.allSatisfy { word in Keys.allCases.contains { $0.all.contains(word) } })
        // Editors show the description of a key, which may be that of what it refers to.
        for (key, value) in properties {
            let property = try #require(value as? [String: Any])
            let target = (property["$ref"] as? String).flatMap { definitions[String($0.dropFirst("#/$defs/".count))] }
            #expect(property["description"] != nil || (target as? [String: Any])?["description"] != nil, "\(key)")
        }
    }

    /// Whether each text is good YAML and good by the schema.
    private static func validate(_ texts: [String]) throws -> [Bool] {
        let program = """
            import json, sys, yaml, jsonschema
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            print(json.dumps([validator.is_valid(yaml.safe_load(text)) for text in json.load(sys.stdin)]))
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", program, Project.root.appendingPathComponent("labs/schema.json").path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        // The program reads all before it writes anything, so neither pipe can fill up and block both.
        try input.fileHandleForWriting.write(contentsOf: try JSONSerialization.data(withJSONObject: texts))
        try input.fileHandleForWriting.close()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "needs Debian's python3-jsonschema and python3-yaml")
        let valid = try #require(try JSONSerialization.jsonObject(with: answer) as? [Bool])
        try #require(valid.count == texts.count)
        return valid
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        var copy = self
        copy.replaceSubrange(range, with: text)
        return copy
    }
}
