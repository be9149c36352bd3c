import LabModel
import Net
import Testing

@testable import LabFile

/// Values that a good file gives, one kind after the other.
struct PartsTests {
    @Test func quantities() throws {
        #expect(try Quantity.duration("5ms", upTo: .max) == 5_000_000)
        #expect(try Quantity.duration("0.1ms", upTo: .max) == 100_000)
        #expect(try Quantity.duration("1.5us", upTo: .max) == 1500)
        #expect(try Quantity.duration("7ns", upTo: .max) == 7)
        #expect(try Quantity.duration("10s", upTo: 10_000_000_000) == 10_000_000_000)
        #expect(try Quantity.holdTime("0s") == 0)
        #expect(try Quantity.holdTime("3s") == 3000)
        #expect(try Quantity.holdTime("65535s") == 65_535_000)
        #expect(throws: Quantity.Wrong.self) { try Quantity.holdTime("65536s") }
        #expect(throws: Quantity.Wrong.self) { try Quantity.holdTime("3.5s") }
        #expect(try Quantity.share("0.1%") == 0.001)
        #expect(try Quantity.share("100%") == 1)
        #expect(try Quantity.rate("1gbit") == 1_000_000_000)
        #expect(try Quantity.rate("1.5mbit") == 1_500_000)
        #expect(try Quantity.rate("64kbit") == 64000)
        for text in [
            "", "ms", ".5ms", "5.ms", "1e3ms", "+5ms", "0x5ms", "٣ms", "5.5.5ms",
            String(repeating: "9", count: 400) + "s",
        ] {
            #expect(throws: Quantity.Wrong.self, "\(text)") { try Quantity.duration(text, upTo: .max) }
        }
    }

    @Test func relationsSayAllTheyCan() throws {
        let text = good.with(
            "[LHR], providers: [core]",
            "[LHR], providers: [{ network: core, prepend: 3, local-preference: 90, med: 7, communities: [\"65000:1\", NO_EXPORT], no-export: true, leak: true }]"
        ).with("provider: edge", "provider: core")
        let lab = try #require(parse(text).lab)
        let relation = try #require(lab.networks[1].relations.first)
        #expect(relation.network == "core" && relation.kind == .provider)
        #expect(relation.prepend == 3 && relation.localPreference == 90 && relation.multiExitDiscriminator == 7)
        #expect(relation.communities == ["65000:1", "NO_EXPORT"] && relation.noExport && relation.leak)
    }

    @Test(arguments: [
        ("on", UInt32(900_000), UInt32(6000), UInt32(750), UInt32(3_600_000)), ("{}", 900_000, 6000, 750, 3_600_000),
        ("{ half-life: 5s, suppress: 2000 }", 5000, 2000, 750, 20_000),
        ("{ half-life: 5s, suppress: 2000, reuse: 500, max-suppress: 30s }", 5000, 2000, 500, 30_000),
    ])
    func dampingIsOnOrHasValues(
        text: String, halfLife: UInt32, suppress: UInt32, reuse: UInt32, longest: UInt32
    ) throws {
        let damping = try #require(parse(good.with("asn: 65002", "damping: \(text)")).lab?.networks[1].damping)
        #expect(damping.halfLife == halfLife && damping.suppress == suppress && damping.reuse == reuse)
        #expect(damping.maximumSuppressTime == longest)
        let off = try #require(parse(good.with("asn: 65002", "damping: off")).lab)
        #expect(off.networks.allSatisfy { $0.damping == nil })
    }

    @Test(arguments: DecisionRules.Hash.allCases) func multipathSharesFlowsOrPackets(_ hash: DecisionRules.Hash) throws
    {
        func decision(_ text: String) throws -> DecisionRules? {
            try #require(parse(good.with("asn: 65002", text)).lab).networks[1].decision
        }
        let several = try decision("multipath: 2, multipath-hash: \(hash.rawValue)")
        #expect(several?.hash == hash && several?.spreadsPackets == (hash.rawValue == "per-packet"))
        #expect(try decision("multipath-hash: \(hash.rawValue)")?.spreadsPackets == false)
    }

    @Test func rulesSayAllTheyCan() throws {
        let text = good.with(
            "[LHR], providers: [core]",
            """
            [LHR], decision: oldest-external, always-compare-med: true, multipath: 4, export: [{ then: reject }],
                    providers: [{ network: core, max-prefixes: 9, role-strict: true, md5: "s3cret", ttl-security: true,
                      blackholes: [192.0.2.0/24], import: [
                        { match: { prefixes: [192.0.2.0/24, { prefix: 10.0.0.0/8, ge: 16, le: 24 }, { prefix: 10.0.0.0/8, ge: 9 },
                            { prefix: 2001:db8::/32, le: 48 }], family: ipv6, communities: ["65001:7", BLACKHOLE],
                            large-communities: ["65001:1:2"], as-path: "^65001 .*$", origins: [64500], neighbors: [core, local] },
                          set: { local-preference: 50, med: 7, communities: { add: ["65002:1"], remove: [NO_EXPORT] },
                            large-communities: { replace: ["1:2:3"] }, prepend: 2, next-hop: 10.0.0.9 }, then: accept },
                        { set: { med: none, next-hop: self } }] }]
            """)
        let network = try #require(parse(text).lab?.networks[1])
        var decision = DecisionRules()
        (decision.order, decision.alwaysComparesMED, decision.multipath) = (.oldestExternal, true, 4)
        #expect(network.decision == decision && network.exports == [PolicyRule(.reject)] && network.imports == [])
        let relation = try #require(network.relations.first)
        #expect(relation.maximumPrefixes == 9 && relation.isRoleStrict && relation.hasTTLSecurity)
        let blackhole = try #require(IPPrefix("192.0.2.0/24"))
        #expect(relation.password == "s3cret" && relation.blackholes == [blackhole])
        var first = PolicyRule(.accept)
        first.match.prefixes = try [
            ("192.0.2.0/24", 24, 24), ("10.0.0.0/8", 16, 24), ("10.0.0.0/8", 9, 32), ("2001:db8::/32", 32, 48),
        ].map { PrefixRange(try #require(IPPrefix($0)), $1, $2) }
        first.match.family = .ipv6
        first.match.communities = ["65001:7", "BLACKHOLE"]
        first.match.largeCommunities = ["65001:1:2"]
        first.match.asPath = "^65001 .*$"
        first.match.origins = [ASN(64500)]
        first.match.neighbours = ["core", "local"]
        first.set.localPreference = 50
        first.set.multiExitDiscriminator = 7
        first.set.communities.added = ["65002:1"]
        first.set.communities.removed = ["NO_EXPORT"]
        first.set.largeCommunities.replacement = ["1:2:3"]
        first.set.prepend = 2
        first.set.nextHop = "10.0.0.9"
        var second = PolicyRule(.next)
        second.set.removesMultiExitDiscriminator = true
        second.set.nextHop = "self"
        #expect(relation.imports == [first, second] && relation.exports == [])
    }

    @Test func bfdFromTheWidestToTheNarrowest() throws {
        let text = good.with("lab: good", "lab: good\ntimers: { preset: fast, bfd: { interval: 50ms } }").with(
            "cities: [LHR]", "timers: { bfd: off }, cities: [LHR]"
        ).with(
            "delay: 5ms", "timers: { bfd: { interval: 10ms, multiplier: 5 } }")
        let lab = try #require(parse(text).lab)
        #expect(lab.timers.bfd == BFDTimers(interval: 50, multiplier: 3))
        #expect(lab.timers.applying(lab.networks[1].timers).bfd == nil)
        #expect(
            lab.timers.applying(lab.networks[1].timers).applying(lab.links[0].timers).bfd
                == BFDTimers(interval: 10, multiplier: 5))
        #expect(lab.timers.applying(TimerOverrides()).bfd == lab.timers.bfd)
    }

    @Test func everyKindOfRelation() throws {
        let text = good.with(
            "services:\n",
            "  p: { cities: [CDG], peers: [core], customers: [q], siblings: [r] }\n  q: { cities: [MAD] }\n  r: { cities: [AMS] }\nservices:\n"
        )
        let lab = try #require(parse(text).lab)
        #expect(
            lab.networks[2].relations == [
                Relation(network: "q", kind: .customer), Relation(network: "core", kind: .peer),
                Relation(network: "r", kind: .sibling),
            ])
    }

    @Test func timersFromTheWidestToTheNarrowest() throws {
        let text = good.with(
            "lab: good", "lab: good\ntimers: { preset: internet, hold: 30s, mrai: 1s }"
        ).with("cities: [LHR]", "timers: { mrai-ibgp: 50ms }, cities: [LHR]").with(
            "delay: 5ms", "timers: fast")
        let lab = try #require(parse(text).lab)
        #expect(
            lab.timers
                == Timers(hold: 30000, connectRetry: 120_000, advertisementExternal: 1000, advertisementInternal: 5000))
        var own = TimerOverrides()
        own.advertisementInternal = 50
        #expect(lab.networks[1].timers == own)
        #expect(lab.timers.applying(lab.links[0].timers) == .fast)
        #expect(parse(good).lab?.timers == .fast)
    }

    @Test func linksSayAllTheyCan() throws {
        let text = good.with(
            "delay: 5ms", "delay: 1.5ms, jitter: 100us, loss: 0.5%, duplicate: 1%, reorder: 2%, rate: 100mbit")
        let rule = try #require(parse(text).lab?.links.first)
        #expect(rule.first == "london" && rule.second == "core")
        #expect(rule.delay == 1_500_000 && rule.jitter == 100_000 && rule.rate == 100_000_000)
        #expect(rule.loss == 0.005 && rule.duplicate == 0.01 && rule.reorder == 0.02)
    }

    @Test func linksInsideANetwork() throws {
        let text = good.with("[london, core]", "[core, core]")
        #expect(problems(text) == [])
        #expect(problems(text.with("[core, core]", "[core-fra, core-jfk]")) == [])
        #expect(
            problems(text.with("[core, core]", "[edge, edge]")) == [
                "12:16 there is no link between 'edge' and 'edge' | 'edge' is joined to: home, core"
            ])
    }

    @Test func placesByCoordinates() throws {
        let text = good.with("[FRA, JFK]", "[[50, 8.5], JFK]")
        let places = try #require(parse(text).lab?.networks[0].cities)
        #expect(places[0] == Place(code: nil, name: "50.0,8.5", country: nil, latitude: 50, longitude: 8.5))
        #expect(places[1].code == "JFK" && places[1].country == "US")
    }

    @Test func numbersAreGivenAroundThoseInUse() throws {
        let text = good.with("asn: 65001, ", "").with("asn: 64500, ", "").with("asn: 65002", "asn: 4200000001")
        let lab = try #require(parse(text).lab)
        #expect(lab.networks.map(\.asn.rawValue) == [4_200_000_002, 4_200_000_001])
        #expect(lab.services.map(\.asn.rawValue) == [4_200_000_003])
    }

    @Test func prefixesFollowFromAddresses() throws {
        let two = good.with("192.0.2.53,", "192.0.2.53, 192.0.2.54,")
        #expect(parse(two).lab?.services[0].prefixes.map(\.description) == ["192.0.2.0/24", "2001:db8:53::/48"])
        let own = good.with("53::53] }", "53::53], prefixes: [192.0.2.32/27, 2001:db8:53::/64] }")
        #expect(parse(own).lab?.services[0].prefixes.map(\.description) == ["192.0.2.32/27", "2001:db8:53::/64"])
    }

    @Test func labsWithoutServicesOrClients() {
        #expect(problems("lab: a\nnetworks: { b: { cities: [FRA] } }\n") == [])
        #expect(problems("lab: a\nnetworks: {}\n") == ["2:11 a lab needs at least one network"])
        #expect(problems(good.with("clients:\n  home: { city: LHR, provider: edge }\n", "")) == [])
        let none = good.with("services:\n  dns: { asn: 64500, addresses: [192.0.2.53, 2001:db8:53::53] }\n", "")
        #expect(problems(none) == ["6:3 site 'london' has to say of which service it is | declare it under 'services'"])
    }

    @Test func aNearWordIsFound() {
        #expect(Nearest.to("eurocroe", among: ["asiacore", "eurocore"]) == "eurocore")
        #expect(Nearest.to("EuroCore", among: ["eurocore"]) == "eurocore")
        #expect(Nearest.to("zzz", among: ["eurocore"]) == nil)
        #expect(Nearest.to("", among: ["a"]) == nil)
        #expect(Nearest.distance(Array("abcd".unicodeScalars), Array("acbd".unicodeScalars)) == 1)
        #expect(Nearest.distance(Array("kitten".unicodeScalars), Array("sitting".unicodeScalars)) == 3)
    }
}

/// The airports that are compiled in.
struct AirportsTests {
    /// Look-up halves the text, so it has to be sorted; every line has to be found by its code.
    @Test func everyAirportIsFound() throws {
        let lines = try Project.text("Sources/CAirports/airports.csv").split(separator: "\n").dropFirst()
        #expect(lines.count == 7884)
        for line in lines {
            let code = String(line.prefix(3))
            let place = try #require(Airports.place(code: code), "\(code)")
            #expect(place.code == code && !place.name.isEmpty && !place.name.contains("\""))
            #expect(place.country?.utf8.count == 2)
            #expect((-90...90).contains(place.latitude) && (-180...180).contains(place.longitude))
            #expect(
                line.hasSuffix(",\(place.country ?? ""),\(line.split(separator: ",").suffix(2).joined(separator: ","))")
            )
        }
    }

    @Test func otherCodesAreNot() {
        for code in ["", "A", "AA", "ZZZZ", "000", "ZZ~", "iat", "lhr", "ÄÖ", "A,,"] {
            #expect(Airports.place(code: code) == nil)
        }
    }

    @Test func citiesWithCommasAreWhole() {
        #expect(Airports.place(code: "BDO")?.name == "Bandung, Java Island")
        #expect(Airports.place(code: "AAA")?.name == "AAA")
        #expect(Airports.place(code: "AES")?.name == "Ålesund")
    }
}

/// Zones, whose text this module only carries.
struct ZonesTests {
    private let zoned = good.with("53::53] }", "53::53], zone: { origin: a.test., file: zones/a.zone } }")

    private func read(_ text: String, path: String = "labs/x.yaml", _ problems: [ZoneProblem] = []) -> (
        LabFile, [String]
    ) {
        var paths: [String] = []
        let file = LabFile.parse(Array(text.utf8), path: path) { path throws -> [UInt8] in
            paths.append(path)
            if path.hasSuffix("none") { throw NoSuchFile() }
            return path.hasSuffix("binary") ? [0xFF] : Array("www A 192.0.2.1\nbad\n".utf8)
        } checkZone: { _, _ in
            problems
        }
        return (file, paths)
    }

    @Test func aFileIsFoundBesideTheLab() throws {
        let (file, paths) = read(zoned)
        #expect(paths == ["labs/zones/a.zone"])
        #expect(file.lab?.services[0].zone == .init(origin: "a.test", text: "www A 192.0.2.1\nbad\n"))
        #expect(read(zoned, path: "x.yaml").1 == ["zones/a.zone"])
        #expect(read(zoned.with("zones/a.zone", "/a.zone")).1 == ["/a.zone"])
    }

    @Test func filesThatCannotBeRead() {
        #expect(
            read(zoned.with("a.zone", "none")).0.diagnostics.map(\.description) == [
                "labs/x.yaml:6:95: error: the zone file 'labs/zones/none' cannot be read: no such file"
            ])
        #expect(
            read(zoned.with("a.zone", "binary")).0.diagnostics.map(\.message) == [
                "the zone file 'labs/zones/binary' is not UTF-8 text"
            ])
    }

    @Test func mistakesInAZoneAreShownInTheZone() throws {
        let (file, _) = read(zoned, [ZoneProblem(line: 2, column: 1, message: "no type")])
        #expect(file.lab == nil)
        #expect(file.diagnostics.map(\.rendered) == ["labs/zones/a.zone:2:1: error: no type\nbad\n^"])
        let records = zoned.with("file: zones/a.zone", "records: [www A 192.0.2.1, \"bad\"]")
        #expect(
            read(records, [ZoneProblem(line: 2, column: 1, message: "no type")]).0.diagnostics.map(\.description) == [
                "labs/x.yaml:6:116: error: the record: no type"
            ])
        #expect(
            read(records, [ZoneProblem(line: 9, column: 1, message: "no SOA")]).0.diagnostics.map(\.description) == [
                "labs/x.yaml:6:80: error: the zone: no SOA"
            ])
    }

    @Test func includedFilesAreFoundBesideTheZoneAndComeAlong() throws {
        var asked: [String] = []
        let file = LabFile.parse(Array(zoned.utf8), path: "labs/x.yaml") { path throws -> [UInt8] in
            asked.append(path)
            if path.hasSuffix("none") { throw NoSuchFile() }
            return Array("text of \(path)\n".utf8)
        } checkZone: { zone, include in
            guard case .success(let text) = include("sub/b.zone"), case .failure(let failure) = include("none") else {
                return [ZoneProblem(line: 1, column: 1, message: "nothing was included")]
            }
            return zone.text == "text of labs/zones/a.zone\n" && text == "text of labs/zones/sub/b.zone\n"
                && failure.reason == "no such file" ? [] : [ZoneProblem(line: 1, column: 1, message: "other texts")]
        }
        #expect(file.diagnostics.isEmpty)
        #expect(asked == ["labs/zones/a.zone", "labs/zones/sub/b.zone", "labs/zones/none"])
        #expect(file.lab?.services[0].zone?.includes == ["sub/b.zone": "text of labs/zones/sub/b.zone\n"])
        let broken = LabFile.parse(Array(zoned.utf8), path: "labs/x.yaml") { _ in
            Array("bad\n".utf8)
        } checkZone: { _, include in
            _ = include("sub/b.zone")
            return [ZoneProblem(file: "sub/b.zone", line: 1, column: 2, message: "no type")]
        }
        #expect(broken.diagnostics.map(\.rendered) == ["labs/zones/sub/b.zone:1:2: error: no type\nbad\n ^"])
    }

    @Test func aPrimaryIsASiteOfTheService() throws {
        let site = try #require(read(zoned).0.lab?.sites.first?.name)
        let primary = zoned.with("file: zones/a.zone", "file: zones/a.zone, primary: \(site)")
        #expect(read(primary).0.lab?.services[0].zone?.primary == site)
        let wrong = problems(zoned.with("file: zones/a.zone", "records: [], primary: \(site)x"))
        #expect(wrong.count == 1 && wrong[0].contains("has no site '\(site)x' | did you mean '\(site)'?"), "\(wrong)")
    }

    @Test func zonesNeedOneSource() {
        #expect(
            problems(zoned.with(", file: zones/a.zone", "")) == [
                "6:70 a zone needs its 'records', or a 'file' that has them"
            ])
        #expect(
            problems(zoned.with("file: zones/a.zone", "records: [], file: x")) == [
                "6:108 a zone has either 'records' or a 'file'"
            ])
        #expect(
            problems(zoned.with("file: zones/a.zone", "records: [\"a\\nb\"]")) == [
                "6:99 a record is one line | longer zones go into a 'file'"
            ])
        #expect(
            problems(zoned.with("a.test.", "a..test").with("file: zones/a.zone", "records: []")) == [
                "6:80 'a..test' is not a domain name | like hello.test"
            ])
    }

    @Test func domainNames() {
        for name in [
            ".", "test", "hello.test", "hello.test.", "_a.b-c.test", String(repeating: "a", count: 63) + ".test",
        ] {
            #expect(LabReader.isDomainName(name), "\(name)")
        }
        let long = [String](repeating: String(repeating: "a", count: 63), count: 4).joined(separator: ".")
        for name in ["", "..", ".test", "a b", "ä.test", String(repeating: "a", count: 64), long] {
            #expect(!LabReader.isDomainName(name), "\(name)")
        }
    }
}
