import LabModel
import Net
import Testing

@testable import LabFile

/// One message for every mistake, at its place, with what would be right.
struct DiagnosticsTests {
    @Test func aGoodLabHasNone() throws {
        #expect(problems(good) == [])
        #expect(parse(good).lab != nil)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var part: String
        var replacement: String
        var expected: [String]
        var testDescription: String { replacement }

        init(_ part: String, _ replacement: String, _ expected: String...) {
            self.part = part
            self.replacement = replacement
            self.expected = expected
        }
    }

    static let names: [Case] = [
        Case(
            "lab: good", "lab: Good_Lab",
            "1:6 'Good_Lab' cannot be a name | a name has the letters a-z, digits, and '-' between them"),
        Case(
            "lab: good", "lab: -good",
            "1:6 '-good' cannot be a name | a name has the letters a-z, digits, and '-' between them"),
        Case("lab: good", "lab: 2024", "1:6 expected text, not 2024 | put it in quotation marks"),
        Case("lab: good", "lab:", "1:5 expected text, not nothing"),
        Case(
            "lab: good", "lab: \(String(repeating: "a", count: 33))",
            "1:6 the name '\(String(repeating: "a", count: 33))' has 33 characters | at most 32 are allowed"),
        Case(
            "home: {", "\(String(repeating: "h", count: 64)): {",
            "10:3 the name '\(String(repeating: "h", count: 48))...' has 64 characters | at most 63 are allowed"),
        Case(
            "home: {", "london: {",
            "10:3 a client and a site (line 8) have the same name 'london' | networks, their routers, sites, their servers, clients and exchanges share one set of names"
        ),
        Case(
            "home: {", "core-fra: {",
            "10:3 a client and the router in FRA of network 'core' (line 3) have the same name 'core-fra' | networks, their routers, sites, their servers, clients and exchanges share one set of names"
        ),
        Case(
            "[FRA, JFK]", "[FRA, FRA]",
            "3:37 network 'core' is in FRA twice (line 3) | a network has one router in a city"),
    ]

    static let shapes: [Case] = [
        Case(
            "lab: good", "name: good", "1:1 a lab has no key 'name' | did you mean 'lab'?",
            "1:1 a lab needs the key 'lab'"),
        Case("clients:", "client:", "9:1 a lab has no key 'client' | did you mean 'clients'?"),
        Case(
            "provider: edge", "providers: [edge]", "10:9 a client needs the key 'provider'",
            "10:22 a client has no key 'providers' | did you mean 'provider'?"),
        Case(
            "links:", "scenario: []\nlinks:",
            "11:11 a scenario needs at least one step | like '- expect: { catchment: { CLIENT: SITE } }', or leave 'scenario' out"
        ),
        Case(
            "links:", "frobnicate: 1\nlinks:",
            "11:1 a lab has no key 'frobnicate' | the keys are: lab, networks, description, timers, services, sites, clients, links, exchanges, multicast, scenario"
        ),
        Case("lab: good", "lab: good\nlab: again", "2:1 the key 'lab' is there twice: first on line 1"),
        Case(
            "providers: [core] }\nservices", "providers: core }\nservices",
            "4:49 'providers' has to be a list, not 'core' | write it in brackets: [core]"),
        Case("[FRA, JFK]", "[]", "3:31 a network needs at least one city"),
        Case("[FRA, JFK]", "{ a: b }", "3:31 'cities' has to be a list, not a mapping"),
        Case("asn: 65002", "asn: many", "4:16 'asn' has to be a whole number, not 'many'"),
        Case("asn: 65002", "asn: AS65002", "4:16 an AS number is written without letters | say 65002"),
        Case("asn: 65002", "asn: \"65002\"", "4:16 'asn' has to be a whole number, not '65002'"),
        Case("asn: 65002", "asn: 65.5", "4:16 'asn' has to be a whole number, not 65.5"),
        Case(
            "asn: 65002", "asn: 4294967296",
            "4:16 '4294967296' is out of range for 'asn' | it goes from 0 to 4294967295"),
        Case("asn: 65002", "asn: -1", "4:16 '-1' is out of range for 'asn' | it goes from 0 to 4294967295"),
        Case(
            "asn: 65002", "asn: 99999999999999999999999",
            "4:16 '99999999999999999999999' is out of range for 'asn' | it goes from 0 to 4294967295"),
        Case(
            "  home: { city: LHR, provider: edge }", "  home: edge", "10:9 expected a client with its keys, not 'edge'"),
        Case("  - { between: [london, core], delay: 5ms }", "  {}", "12:3 'links' has to be a list, not a mapping"),
        Case("[london, core]", "[london]", "12:16 'between' has two names, not 1"),
    ]

    static let cities: [Case] = [
        Case(
            "city: LHR, provider:", "city: London, provider:",
            "10:17 there is no city 'London' | London has BQH, LCY, LGW, LHR, LTN, NHT, STN (GB), YXU (CA), LOZ (US)"),
        Case(
            "city: LHR, provider:", "city: lhr, provider:",
            "10:17 there is no city 'lhr' | did you mean LHR? That is London, GB"),
        Case(
            "city: LHR, provider:", "city: LHX, provider:",
            "10:17 there is no city 'LHX' | did you mean LHR? That is London, GB"),
        Case(
            "city: LHR, provider:", "city: Singapor, provider:",
            "10:17 there is no city 'Singapor' | did you mean Singapore? It has SIN (SG)"),
        Case(
            "city: LHR, provider:", "city: Xyzzyplugh, provider:",
            "10:17 there is no city 'Xyzzyplugh' | a city is the IATA code of its airport, or [latitude, longitude]"),
        Case(
            "city: LHR, provider:", "city: [91, 0], provider:",
            "10:18 the latitude is out of range | it goes from -90 (south) to 90 (north), and stands first"),
        Case(
            "city: LHR, provider:", "city: [0, -180.5], provider:",
            "10:21 the longitude is out of range | it goes from -180 (west) to 180 (east)"),
        Case(
            "city: LHR, provider:", "city: [51.5], provider:",
            "10:17 coordinates are two numbers | [latitude, longitude], like [51.5, -0.1]"),
        Case("city: LHR, provider:", "city: 5, provider:", "10:17 expected text, not 5 | put it in quotation marks"),
    ]

    static let relations: [Case] = [
        Case("provider: edge", "provider: egde", "10:32 there is no network 'egde' | did you mean 'edge'?"),
        Case("provider: edge", "provider: london", "10:32 there is no network 'london' | 'london' is a site"),
        Case(
            "LHR, providers: [core]", "LHR, providers: [coer]", "8:36 there is no network 'coer' | did you mean 'core'?"
        ),
        Case("[LHR], providers: [core]", "[LHR], providers: [core, edge]", "4:56 'edge' cannot be its own provider"),
        Case(
            "[LHR], providers: [core]", "[LHR], providers: [core, core]", "4:56 'core' is there twice: first on line 4"),
        Case(
            "[LHR], providers: [core]", "[LHR], providers: [core], peers: [core]",
            "4:65 'core' cannot be peer and provider (line 4) at once"),
        Case(
            "[FRA, JFK] }", "[FRA, JFK], peers: [edge] }",
            "4:50 'edge' calls 'core' its provider, but is itself called peer by it (line 3) | declare it on one side only"
        ),
        Case(
            "[FRA, JFK] }", "[FRA, JFK], providers: [edge] }",
            "3:55 cycle of providers: core -> edge -> core | of two networks only one can be the other's provider, directly or not"
        ),
        Case(
            "[LHR], providers: [core]", "[LHR], providers: [{ network: core, prepend: 21 }]",
            "4:76 '21' is out of range for 'prepend' | it goes from 0 to 20"),
        Case(
            "[LHR], providers: [core]", "[LHR], providers: [{ network: core, no-export: maybe }]",
            "4:78 'no-export' has to be true or false, not 'maybe'"),
        Case(
            "[LHR], providers: [core]",
            "[LHR], providers: [{ network: core, communities: [NO_EXPROT, \"65000:1\", 70000:1] }]",
            "4:81 'NO_EXPROT' is not a community | did you mean 'NO_EXPORT'?",
            "4:103 '70000:1' is not a community | two numbers up to 65535, like \"65000:1\", or a well-known name like NO_EXPORT"
        ),
        Case(
            "[LHR], providers: [core]", "[LHR], providers: [{ prepend: 1 }]", "4:50 a relation needs the key 'network'"),
    ]

    static let numbers: [Case] = [
        Case(
            "asn: 65002", "asn: 65001",
            "4:16 AS 65001 is already that of network 'core' (line 3) | leave 'asn' out to be given one"),
        Case(
            "asn: 64500", "asn: 65002",
            "6:15 AS 65002 is already that of network 'edge' (line 4) | leave 'asn' out to be given one"),
        Case(
            "asn: 65002", "asn: 23456",
            "4:16 AS 23456 is reserved | for private use are 64512 to 65534 and 4200000000 to 4294967294 (RFC 6996)"),
        Case(
            "asn: 65002", "asn: 0",
            "4:16 AS 0 is reserved | for private use are 64512 to 65534 and 4200000000 to 4294967294 (RFC 6996)"),
        Case("192.0.2.53,", "192.0.2.53, 192.0.2.53,", "6:46 192.0.2.53 is already used on line 6"),
        Case("192.0.2.53,", "192.0.2.256,", "6:34 '192.0.2.256' is not an IP address"),
        Case(
            "192.0.2.53,", "192.0.2.0/24,", "6:34 '192.0.2.0/24' is not an IP address | a prefix goes under 'prefixes'"),
        Case(
            "192.0.2.53,", "224.0.0.1,",
            "6:34 224.0.0.1 cannot be the address of a service | for documentation are 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/36"
        ),
        Case(
            "192.0.2.53,", "10.1.2.3,",
            "6:34 10.1.2.0/24 overlaps 10.0.0.0/8, which the lab uses for networks and sites | for documentation are 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24"
        ),
        Case(
            "2001:db8:53::53", "2001:db8:9000::1",
            "6:46 2001:db8:9000::/48 overlaps 2001:db8:8000::/33, which the lab uses for networks and sites | for documentation is 2001:db8::/36"
        ),
        Case(
            "53::53] }", "53::53], prefixes: [192.0.2.0/24] }",
            "6:46 2001:db8:53::53 is in none of the service's prefixes | add 2001:db8:53::/48 to 'prefixes', or leave 'prefixes' out"
        ),
        Case(
            "53::53] }", "53::53], prefixes: [192.0.2.0/24, \"2001:db8::/32\"] }",
            "6:89 2001:db8::/32 overlaps 2001:db8:1000::/36, which the lab uses for networks and sites | for documentation is 2001:db8::/36"
        ),
        Case(
            "53::53] }", "53::53], prefixes: [192.0.2.53/24, 2001:db8:53::/48] }",
            "6:34 192.0.2.53 is in none of the service's prefixes | add 192.0.2.0/24 to 'prefixes', or leave 'prefixes' out",
            "6:75 '192.0.2.53/24' is not a prefix | did you mean 192.0.2.0/24?"),
        Case(
            "53::53] }", "53::53], prefixes: [192.0.2.0/24, 2001:db8:53::/48, 224.0.0.0/4] }",
            "6:107 224.0.0.0/4 cannot be announced | for documentation are 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24"
        ),
        Case(
            "53::53] }", "53::53] }\n  web: { addresses: [192.0.2.80] }",
            "7:22 192.0.2.0/24 overlaps 192.0.2.0/24 of service 'dns' (line 6) | services that share a prefix cannot be routed apart",
            "9:3 site 'london' has to say of which service it is | the services are: dns, web"),
        Case(
            "sites:\n  london: {", "  web: { addresses: [198.51.100.80] }\nsites:\n  london: { service: dns,",
            "7:3 no site offers the service 'web' | declare one under 'sites'"),
        Case("london: {", "london: { service: dsn,", "8:22 there is no service 'dsn' | did you mean 'dns'?"),
    ]

    static let quantities: [Case] = [
        Case("delay: 5ms", "delay: 5", "12:39 '5' has no unit for 'delay' | say 5ms"),
        Case("delay: 5ms", "delay: 5 MS", "12:39 '5 MS' has an unknown unit for 'delay' | say 5ms"),
        Case(
            "delay: 5ms", "delay: 5min", "12:39 '5min' has an unknown unit for 'delay' | the units are: ns, us, ms, s"),
        Case(
            "delay: 5ms", "delay: -5ms",
            "12:39 '-5ms' is not a duration for 'delay' | a number and one of ns, us, ms, s, like 5ms"),
        Case("delay: 5ms", "delay: 10.1s", "12:39 '10.1s' is out of range for 'delay' | it goes: 0ms to 10s"),
        Case("delay: 5ms", "delay: [5ms]", "12:39 'delay' has to be a number with a unit, not a list"),
        Case("delay: 5ms", "loss: 0.1", "12:38 '0.1' has no unit for 'loss' | say 0.1%"),
        Case("delay: 5ms", "loss: 100.1%", "12:38 '100.1%' is out of range for 'loss' | it goes: 0% to 100%"),
        Case("delay: 5ms", "rate: 10Mbit", "12:38 '10Mbit' has an unknown unit for 'rate' | say 10mbit"),
        Case(
            "delay: 5ms", "rate: 10mbps",
            "12:38 '10mbps' has an unknown unit for 'rate' | the units are: gbit, mbit, kbit, bit"),
        Case("delay: 5ms", "rate: 1bit", "12:38 '1bit' is out of range for 'rate' | it goes: 1kbit to 1000gbit"),
        Case(
            "delay: 5ms", "delay: 0ms, reorder: 1%",
            "12:16 packets cannot be reordered on a link without delay | give it a 'delay'"),
        Case(
            "delay: 5ms", "timers: slow",
            "12:40 there are no timers 'slow' | say fast or internet, or give single timers: { hold: 9s }"),
        Case(
            "delay: 5ms", "timers: { hold: 2s }",
            "12:48 '2s' is out of range for 'hold' | it goes: 0s for none, or whole seconds from 3s (RFC 4271, section 4.2)"
        ),
        Case(
            "delay: 5ms", "timers: { mrai: 1us }",
            "12:48 '1us' is finer than a millisecond for 'mrai' | timers have whole milliseconds"),
        Case("delay: 5ms", "timers: { connect-retry: 0s }", "12:57 'connect-retry' cannot be 0 | say 250ms"),
        Case(
            "[london, core]", "[london, coree]",
            "12:25 there is no network, router, site, client or exchange 'coree' | did you mean 'core'?"),
        Case(
            "[london, core]", "[london, edge]",
            "12:16 there is no link between 'london' and 'edge' | 'london' is joined to: core"),
        Case(
            "[london, core]", "[london, core-jfk]",
            "12:16 there is no link between 'london' and 'core-jfk' | 'london' is joined to: core"),
        Case(
            "delay: 5ms }", "delay: 5ms }\n  - { between: [core, london], loss: 1% }",
            "13:16 the links between 'core' and 'london' are already described on line 12"),
    ]

    static let reachability: [Case] = [
        Case(
            "city: LHR, providers: [core] }\nclients", "city: LHR }\nclients",
            "8:3 site 'london' has no neighbour to announce its service to | give it 'providers' or 'peers', or make it one of the 'members' of an exchange",
            "12:16 there is no link between 'london' and 'core'"),
        Case(
            "[LHR], providers: [core]", "[LHR]",
            "8:3 no client can reach site 'london' | peers tell only their customers; a provider tells everyone",
            "10:3 client 'home' cannot reach service 'dns': no route to its sites gets to network 'edge' | a network hears of everything from its providers: give it one"
        ),
        Case(
            "services:\n",
            "  far: { cities: [SYD], peers: [core] }\n  deaf: { cities: [SYD], peers: [far] }\nservices:\n"),
        Case(
            "  home: {", "  away: { city: SYD, provider: far }\n  home: {",
            "10:32 there is no network 'far'"),
        Case("  london: {", "  paris: { city: CDG, peers: [edge] }\n  london: {"),
        Case("[FRA, JFK] }", "[FRA, JFK], peers: [far] }\n  far: { cities: [SYD] }"),
        Case("  london: {", "  sydney: { city: SYD, peers: [far] }\n  london: {", "8:32 there is no network 'far'"),
    ]

    private static func rule(_ text: String, _ expected: String...) -> Case {
        var result = Case("asn: 65002", "import: [{ \(text) }]")
        result.expected = expected
        return result
    }

    private static func relation(_ text: String, _ expected: String...) -> Case {
        var result = Case("[LHR], providers: [core]", "[LHR], providers: [{ network: core, \(text) }]")
        result.expected = expected
        return result
    }

    static let policy: [Case] = [
        rule(
            "match: {}",
            "4:20 a rule says what it changes, or what becomes of the route | give it 'set', or 'then': accept or reject"
        ),
        rule("then: acept", "4:28 'then' cannot be 'acept' | did you mean 'accept'?"),
        rule("then: permit", "4:28 'then' cannot be 'permit' | say accept or reject or next"),
        rule("action: accept, set: {}", "4:22 a rule has no key 'action' | did you mean 'then'?"),
        rule(
            "match: { prefixes: [10.0.0.1/8] }, then: reject",
            "4:42 '10.0.0.1/8' is not a prefix | an address and a length, and no bits behind it, like 192.0.2.0/24"),
        rule(
            "match: { prefixes: [{ prefix: 10.0.0.0/8, ge: 7 }] }, then: reject",
            "4:68 '7' is out of range for 'ge' | it goes from 8 to 32"),
        rule(
            "match: { prefixes: [{ prefix: 10.0.0.0/8, ge: 24, le: 16 }] }, then: reject",
            "4:76 'le' is less than 'ge' | 'ge' is the shorter one"),
        rule(
            "match: { communities: [BLACKHOL] }, then: reject",
            "4:45 'BLACKHOL' is not a community | did you mean 'BLACKHOLE'?"),
        rule(
            "match: { large-communities: [\"1:2\"] }, then: reject",
            "4:51 '1:2' is not a large community | three numbers up to 4294967295, like \"65000:1:2\""),
        rule(
            "match: { origins: [core] }, then: reject",
            "4:41 expected an AS number, not 'core' | a whole number, like 65010"),
        rule(
            "match: { neighbors: [coer, local, london] }, then: reject",
            "4:43 there is no network or site 'coer' | did you mean 'core'?"),
        rule("set: { next-hop: me }", "4:39 'me' is not a next hop | say self, or an address"),
        rule(
            "set: { communities: { replace: [], add: [] } }",
            "4:53 'replace' leaves nothing for 'add' and 'remove' | say one or the other"),
        Case(
            "asn: 65002", "decision: oldest-externl",
            "4:21 'decision' cannot be 'oldest-externl' | did you mean 'oldest-external'?"),
        Case(
            "asn: 65002", "damping: sometimes",
            "4:20 there is no damping 'sometimes' | say on, off, or { half-life: 900s }"),
        Case(
            "asn: 65002", "damping: { half-life: 50ms }",
            "4:33 '50ms' is out of range for 'half-life' | it goes: 100ms to 21600s"),
        Case(
            "asn: 65002", "damping: { reuse: 6000 }",
            "4:29 'reuse' is not less than 'suppress', which is 6000 | a route comes back when its count has fallen"),
        Case(
            "asn: 65002", "damping: { half-life: 5s, suppress: 2000, max-suppress: 5s }",
            "4:67 no route is ever suppressed: a route that comes back after 'max-suppress' counts at most 1500 | let 'max-suppress' be more than 7076ms, or 'suppress' less"
        ),
        Case(
            "asn: 65002", "damping: { suppress: 12000 }",
            "4:32 no route is ever suppressed: a route that comes back after 'max-suppress' counts at most 12000 | let 'max-suppress' be more than 3600000ms, or 'suppress' less"
        ),
        Case("asn: 65002", "multipath: 100", "4:22 '100' is out of range for 'multipath' | it goes from 1 to 64"),
        relation(
            "md5: \"\"",
            "4:72 a password has 1 to 80 octets, and this one has 0 | RFC 2385; the kernel takes 80"),
        relation(
            "role-strict: true, leak: true",
            "4:61 who leaks names no role, and cannot insist on one | take 'role-strict' or 'leak' away"),
        Case(
            "[LHR], providers: [core]", "[LHR], siblings: [{ network: core, role-strict: true }]",
            "4:60 RFC 9234 has no role for siblings | take 'role-strict' away"),
        Case(
            "[LHR], providers: [core] }",
            "[LHR], providers: [{ network: core, md5: a }] }\n  p: { cities: [CDG], peers: [{ network: q, md5: a }, { network: edge, role-strict: true }] }\n  q: { cities: [MAD], peers: [{ network: p, md5: b }] }",
            "6:42 the other side of this session has another 'md5' (line 5) | what one side says holds for both: say it once"
        ),
        Case(
            "[FRA, JFK] }\n  edge: { asn: 65002, cities: [LHR], providers: [core] }",
            "[FRA, JFK], customers: [{ network: edge, role-strict: true }] }\n  edge: { asn: 65002, cities: [LHR], providers: [{ network: core, leak: true }] }",
            "3:66 'edge' leaks, and names no role (line 4): the session would never come up | take 'role-strict' away"),
        Case(
            "delay: 5ms", "timers: { bfd: on }",
            "12:47 there is no BFD 'on' | say off, or { interval: 50ms, multiplier: 3 }"),
        Case(
            "delay: 5ms", "timers: { bfd: { interval: 5ms } }",
            "12:59 '5ms' is out of range for 'interval' | it goes: 10ms to 60s"),
    ]

    /// An expression is looked at by who understands it.
    @Test func expressionsAreChecked() {
        let text = good.with("asn: 65002", "import: [{ match: { as-path: \"^(1\" }, then: reject }]")
        let file = LabFile.parse(
            Array(text.utf8), path: "x.yaml", readFile: { _ in [] },
            checkExpression: { $0 == "^(1" ? "it is not closed" : nil })
        #expect(file.lab == nil)
        #expect(
            file.diagnostics.map { "\($0.line):\($0.column) \($0.message) | \($0.hint ?? "")" }
                == ["4:40 '^(1' is not an expression over AS numbers | it is not closed"])
    }

    @Test(arguments: names + shapes + cities + relations)
    func wordsAndNames(_ one: Case) { check(one) }

    @Test(arguments: numbers + quantities + reachability + policy)
    func numbersAndMeaning(_ one: Case) { check(one) }

    private func check(_ one: Case) {
        let text = good.with(one.part, one.replacement)
        #expect(problems(text) == one.expected)
        #expect((parse(text).lab == nil) == !one.expected.isEmpty)
    }

    /// Peers tell each other only of their customers: two peers away there is silence.
    @Test func aRouteDoesNotGoUpTwice() {
        let text = good.with(
            "services:\n",
            "  far: { cities: [SYD], peers: [core] }\n  deaf: { cities: [SYD], peers: [far] }\nservices:\n"
        ).with("  home: {", "  a: { city: SYD, provider: far }\n  b: { city: SYD, provider: deaf }\n  home: {")
        #expect(
            problems(text) == [
                "13:3 client 'b' cannot reach service 'dns': no route to its sites gets to network 'deaf'"
                    + " | a network hears of everything from its providers: give it one"
            ])
        let leak = text.with("peers: [core] }", "peers: [core, { network: deaf, leak: true }] }").with(
            "peers: [far] }", "}"
        ).with("cities: [SYD], }", "cities: [SYD] }")
        #expect(problems(leak) == [])
    }

    @Test func noExportStopsAtTheNeighbour() {
        let text = good.with(
            "london: { city: LHR, providers: [core] }",
            "london: { city: LHR, providers: [{ network: core, no-export: true }] }")
        #expect(
            problems(text).map { $0.prefix(30) }
                == ["8:3 no client can reach site 'l", "10:3 client 'home' cannot reach"].map { $0.prefix(30) })
        let community = text.with("no-export: true", "communities: [NO_ADVERTISE]")
        #expect(problems(community).count == 2)
        let near = text.with("provider: edge", "provider: core")
        #expect(problems(near) == [])
    }

    /// A warning is shown, and the lab is there all the same.
    @Test func warningsLeaveALab() throws {
        let lonely = parse(good.with("services:\n", "  far: { cities: [SYD] }\nservices:\n"))
        #expect(lonely.diagnostics.map(\.description) == ["x.yaml:5:3: warning: nothing is joined to network 'far'"])
        #expect(lonely.lab?.networks.count == 3)
        let jittery = parse(good.with("delay: 5ms", "jitter: 100ms"))
        #expect(
            jittery.diagnostics.map(\.description) == ["x.yaml:12:16: warning: the jitter is larger than the delay"])
        #expect(jittery.lab?.links.first?.jitter == 100_000_000)
        #expect(problems(good.with("delay: 5ms", "delay: 5ms, jitter: 5ms")) == [])
    }

    /// Errors of every kind come in one go, in the order of the file.
    @Test func everythingAtOnce() {
        let text = good.with("lab: good", "lab: Good").with("asn: 65002", "asn: x").with("192.0.2.53", "192.0.2.530")
            .with("city: LHR, providers", "city: XX, providers").with("provider: edge", "provider: none")
            .with("delay: 5ms", "delay: 5, los: 1%")
        #expect(parse(text).diagnostics.map(\.line) == [1, 4, 6, 8, 10, 12, 12])
    }

    @Test func renderedShowsTheLineAndTheHint() throws {
        let diagnostic = try #require(parse(good.with("provider: edge", "provider: egde")).diagnostics.first)
        #expect(diagnostic.description == "x.yaml:10:32: error: there is no network 'egde'")
        #expect(
            diagnostic.rendered == """
                x.yaml:10:32: error: there is no network 'egde'
                  home: { city: LHR, provider: egde }
                                               ^
                hint: did you mean 'edge'?
                """)
    }

    /// The caret stands under the place also in long lines, which are cut, and behind characters of several bytes.
    @Test func theCaretFindsItsPlace() throws {
        let padding = String(repeating: "é", count: 300)
        let text = good.with("lab: good", "lab: good\ndescription: { \(padding): 1, \(padding)x: 2 }")
        for diagnostic in parse(text).diagnostics {
            let lines = diagnostic.rendered.split(separator: "\n", omittingEmptySubsequences: false)
            let caret = try #require(lines[2].firstIndex(of: "^"))
            let column = lines[2].distance(from: lines[2].startIndex, to: caret)
            #expect(lines[1].count <= 100 && lines[1].count > column)
            #expect(Array(lines[1])[column] == "{")
        }
        #expect(parse(text).diagnostics.count == 1)
    }

    @Test func controlCharactersDoNotReachTheTerminal() throws {
        let text = good.with("provider: edge", "provider: \"\\e[31m\\a\"")
        let diagnostic = try #require(parse(text).diagnostics.first)
        #expect(diagnostic.rendered.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 32 })
    }
}
