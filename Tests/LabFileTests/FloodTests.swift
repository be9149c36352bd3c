import LabModel
import Testing

@testable import LabFile

/// Capacities and floods: what they are read as, and what is said of slips in them.
struct FloodTests {
    private static func file(_ steps: String...) -> String {
        good + "scenario:\n" + steps.map { "  - " + $0 + "\n" }.joined()
    }
    private static let flood = "flood: { clients: [home], rate: 1kqps, for: 1s }"

    @Test func capacitiesAreRead() {
        let capacities = [("20kqps", 20_000), ("1.5kqps", 1500), ("10mqps", 10_000_000), ("1qps", 1)]
        for (text, value) in capacities {
            let file = parse(good.with("london: { city: LHR", "london: { capacity: \(text), city: LHR"))
            #expect(file.lab?.sites.first?.capacity == UInt32(value), "\(file.diagnostics)")
        }
        #expect(parse(good).lab?.sites.first?.capacity == nil)
    }

    @Test(arguments: [
        ("20000", "'20000' has no unit for 'capacity' | say 20000kqps"),
        ("20k", "'20k' has an unknown unit for 'capacity' | the units are: mqps, kqps, qps"),
        ("0qps", "'0qps' is out of range for 'capacity' | it goes: 1qps to 10mqps"),
        ("11mqps", "'11mqps' is out of range for 'capacity' | it goes: 1qps to 10mqps"),
    ])
    func capacitiesThatAreNone(text: String, message: String) {
        let found = problems(good.with("london: { city: LHR", "london: { capacity: \(text), city: LHR"))
        #expect(found == ["8:23 " + message])
    }

    @Test func aCapacityIsForResponders() {
        let web = good.with("dns: { asn: 64500, ", "dns: { asn: 64500, kind: http, ")
        #expect(parse(web).lab != nil)
        let found = problems(web.with("london: { city: LHR", "london: { capacity: 20kqps, city: LHR"))
        #expect(
            found == [
                "8:23 'capacity' is nothing for a site of a service of kind http | it counts DNS queries over UDP; what comes to a "
                    + "web server is limited by the 'rate' of its links"
            ])
    }

    @Test func floodsAndWhatIsExpectedOfThemAreRead() throws {
        let file = parse(
            Self.file(
                "flood: { clients: [home, edge, GB], service: dns, rate: 1.5kqps, for: 2s }", Self.flood,
                "expect: { served: { home: '= 100%', london: '>= 40%' }, offered: { london: '> 99%' } }"))
        #expect(file.diagnostics.map(\.description) == [])
        let scenario = try #require(file.scenario)
        #expect(
            scenario.steps.map(\.action) == [
                .flood(Flood(clients: ["home", "edge", "GB"], service: "dns", rate: 1500, duration: 2_000_000_000)),
                .flood(Flood(clients: ["home"], service: nil, rate: 1000, duration: 1_000_000_000)),
                .expect(
                    Expectation(claims: [
                        .served("home", Bound(.equal, 1)), .served("london", Bound(.greaterOrEqual, 0.4)),
                        .offered(site: "london", Bound(.greater, 0.99)),
                    ])),
            ])
        #expect(
            scenario.steps.map(\.action.description) == [
                "flood 1500qps from home, edge, GB to dns for 2s", "flood 1kqps from home for 1s",
                "expect served home = 100%, london >= 40%, offered london > 99%",
            ])
    }

    @Test(arguments: [
        ("clients: [home], rate: 1kqps", "14:12 'flood' needs the key 'for'"),
        ("clients: [], rate: 1kqps, for: 1s", "14:23 a flood needs at least one client"),
        (
            "clients: [london], rate: 1kqps, for: 1s",
            "14:24 there is no client, network or country 'london' | 'london' is a site"
        ),
        (
            "clients: [core], rate: 1kqps, for: 1s",
            "14:24 there is no client, network or country 'core' | 'core' is a network without clients"
        ),
        (
            "clients: [FR], rate: 1kqps, for: 1s",
            "14:24 there is no client, network or country 'FR' | there are: home, edge, GB"
        ),
        (
            "clients: [home], rate: 200kqps, for: 1s",
            "14:37 '200kqps' is out of range for 'rate' | it goes: 1qps to 100kqps"
        ),
        (
            "clients: [home], rate: 1kqps, for: 301s",
            "14:49 '301s' is out of range for 'for' | it goes: 0ms to 300s"
        ),
        (
            "clients: [home], rate: 1kqps, for: 1ms",
            "14:49 '1ms' is out of range for 'for' | it goes: 100ms to 300s"
        ),
        (
            "clients: [home], service: web, rate: 1kqps, for: 1s",
            "14:40 there is no service 'web' | there are: dns"
        ),
    ])
    func floodsThatAreNone(step: String, message: String) {
        #expect(problems(Self.file("flood: { \(step) }")) == [message])
    }

    @Test func aLabOfSeveralServicesHasToSayWhich() {
        let services =
            "  web: { asn: 64501, addresses: [198.51.100.1] }\nsites:\n  york: { service: web, city: MAN, providers: [core] }\n"
        let text = Self.file(Self.flood).with("sites:\n", services).with(
            "london: { city", "london: { service: dns, city")
        #expect(problems(text) == ["16:12 the flood does not say which service it asks | service: one of dns, web"])
    }

    @Test func whatIsExpectedOfFloodsNeedsOne() {
        #expect(
            problems(Self.file("expect: { served: { home: '= 100%' }, offered: { london: '> 0%' } }")) == [
                "14:23 'served' counts the queries of a flood, and there is none before",
                "14:52 'offered' counts the queries of a flood, and there is none before",
            ])
        #expect(
            problems(Self.file(Self.flood, "expect: { served: { core: '= 100%' } }")) == [
                "15:25 there is no client or site 'core' | 'core' is a network"
            ])
        #expect(
            problems(Self.file(Self.flood, "expect: { offered: { home: '= 100%' } }")) == [
                "15:26 there is no site 'home' | 'home' is a client"
            ])
    }
}
