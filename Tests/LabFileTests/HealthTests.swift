import LabModel
import Testing

@testable import LabFile

/// How a file says what a healthy site is, and how many responses a prefix gets.
struct HealthTests {
    private func service(_ keys: String) -> Service? {
        parse(good.with("53::53] }", "53::53], \(keys) }")).lab?.services[0]
    }

    private func problems(ofHealth keys: String) -> [String] {
        LabFileTests.problems(good.with("53::53] }", "53::53], health: { \(keys) } }"))
    }

    @Test func aServiceWithoutTheKeysIsNeitherCheckedNorLimited() {
        #expect(service("kind: dns")?.health == nil)
        #expect(service("kind: dns")?.rateLimit == nil)
    }

    @Test func whatIsLeftOutIsTheDefault() throws {
        let check = try #require(service("health: {}")?.health)
        #expect(check == HealthCheck())
        #expect(check.probe == .dns(nil) && check.interval == 1000 && check.timeout == 500 && check.drain == .withdraw)
        #expect(check.fall == 3 && check.rise == 2 && check.holdDown == 10_000)
        #expect(service("health: { interval: 100ms }")?.health?.timeout == 100)
        #expect(service("rate-limit: { responses: 7 }")?.rateLimit == .init(responses: 7, slip: 2))
    }

    @Test func everyKeyIsRead() throws {
        let check = try #require(
            service(
                "health: { query: www.hello.test A, answer: 192.0.2.1, interval: 2s, timeout: 1.5s, fall: 4, rise: 5, hold-down: 1m0s, drain: med 100 }"
                    .with("1m0s", "60s"))?.health)
        #expect(check.probe == .dns(.init(name: "www.hello.test", type: "A", answer: "192.0.2.1")))
        #expect(check.interval == 2000 && check.timeout == 1500 && check.fall == 4 && check.rise == 5)
        #expect(check.holdDown == 60_000 && check.drain == .multiExitDiscriminator(100))
        let other = try #require(service("health: { command: 'test -e /x', drain: prepend 3 }")?.health)
        #expect(other.probe == .command("test -e /x") && other.drain == .prepend(3))
        #expect(service("rate-limit: { responses: 7, slip: 0 }")?.rateLimit == .init(responses: 7, slip: 0))
    }

    @Test func aWebServiceIsAskedForAPage() throws {
        let web = good.with("dns: { asn: 64500,", "dns: { asn: 64500, kind: http, health: { KEYS },")
        #expect(parse(web.with("KEYS", "fall: 2")).lab?.services[0].health?.probe == .http)
        #expect(parse(web.with("KEYS", "command: x")).lab?.services[0].health?.probe == .command("x"))
        #expect(
            LabFileTests.problems(web.with("KEYS", "query: www.hello.test A, answer: 192.0.2.1")) == [
                "6:51 'query' is nothing for a service of kind http | it is asked for a page over HTTP; a 'command' can check anything "
                    + "else",
                "6:77 'answer' is nothing for a service of kind http | it is asked for a page over HTTP; a 'command' can check anything "
                    + "else",
            ])
    }

    @Test(arguments: [
        (
            "interval: 100ms, timeout: 200ms",
            "6:100 a check cannot take longer than until the next one | 'timeout' is at most the interval, 100ms"
        ),
        (
            "command: x, answer: y",
            "6:94 a check is either a 'command' or a 'query' | two things can be one command, joined by &&"
        ),
        ("answer: y", "6:82 an 'answer' needs its 'query' | query: www.hello.test A"),
        ("query: www", "6:81 'www' is not a name and a type | like www.hello.test A"),
        ("query: a..b A", "6:81 'a..b A' is not a name and a type | like www.hello.test A"),
        ("interval: 1ms", "6:84 '1ms' is out of range for 'interval' | it goes: 10ms to 3600s"),
        (
            "drain: med",
            "6:81 there is no drain 'med' | say withdraw, med 0 to 4294967295, or prepend 1 to 20"
        ),
        (
            "drain: prepend 21",
            "6:81 there is no drain 'prepend 21' | say withdraw, med 0 to 4294967295, or prepend 1 to 20"
        ),
        (
            "drain: med 4294967296",
            "6:81 there is no drain 'med 4294967296' | say withdraw, med 0 to 4294967295, or prepend 1 to 20"
        ),
        ("rice: 2", "6:74 'health' has no key 'rice' | did you mean 'rise'?"),
    ])
    func everyMistakeHasItsPlaceAndAHint(keys: String, expected: String) {
        #expect(problems(ofHealth: keys) == [expected])
    }

    /// Types and data are for somebody else to judge; the place is that of the query.
    @Test func theQuestionIsShownToWhoeverKnowsTypes() {
        let text = good.with("53::53] }", "53::53], health: { query: a.test NOPE, answer: x } }")
        var seen: [HealthCheck.Question] = []
        let file = LabFile.parse(
            Array(text.utf8), path: "x.yaml", readFile: { _ throws -> [UInt8] in throw NoSuchFile() },
            checkQuestion: {
                seen.append($0)
                return "no good"
            })
        #expect(seen == [.init(name: "a.test", type: "NOPE", answer: "x")])
        #expect(file.lab == nil && file.diagnostics.map(\.description) == ["x.yaml:6:81: error: the query: no good"])
    }
}
