import LabModel
import Testing

@testable import LabFile

/// Scenarios: what they are read as, and what is said of slips in them.
struct ScenarioTests {
    private static func file(_ steps: String) -> String {
        good + "scenario:\n" + steps.split(separator: "\n").map { "  " + $0 + "\n" }.joined()
    }

    @Test func everyStepIsRead() throws {
        let file = parse(
            Self.file(
                """
                - expect:
                    catchment: { home: london }
                    share: { london: ">= 40%" }
                    rtt: { home: "< 30ms" }
                    path: { home: { contains: core, avoids: US, stays-in: EU } }
                    resolved: { home: { name: www.a.test, type: A, answer: 192.0.2.1 } }
                    session: { london--core: Established }
                    never: [loop]
                    service: dns
                    within: 5s
                    for: 1.5s
                - fail: { site: london, how: link-down }
                - expect: { gap: { home: "<= 500ms" }, lost: 0, catchment: { home: nobody } }
                - heal: { link: [london, core] }
                - drain: london
                - run: { node: home, command: [dig, "@192.0.2.53"], status: 9, output: { contains: timed out } }
                - run: { node: home, command: "a | b" }
                - wait: 250ms
                - repeat: { times: 3, steps: [{ wait: 1s }, { heal: { target: core } }] }
                - apply: other.yaml
                - heal: { site: notyet }
                """))
        #expect(file.diagnostics.map(\.description) == [])
        let scenario = try #require(file.scenario)
        #expect(scenario.steps.map(\.line) == [14, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34])
        let first = Expectation(
            claims: [
                .catchment(client: "home", site: "london"), .share(site: "london", Bound(.greaterOrEqual, 0.4)),
                .roundTrip(client: "home", Bound(.less, 30_000_000)),
                .path(client: "home", .contains, .network("core")), .path(client: "home", .avoids, .country("US")),
                .path(client: "home", .staysIn, .country("EU")),
                .resolved(client: "home", .init(name: "www.a.test", type: "A", answers: ["192.0.2.1"])),
                .session("london", "core", .established), .never(.loop),
            ], service: "dns", within: 5_000_000_000, duration: 1_500_000_000)
        let second = Expectation(claims: [
            .catchment(client: "home", site: nil), .gap(client: "home", Bound(.lessOrEqual, 500_000_000)),
            .lost(Bound(.equal, 0)),
        ])
        #expect(
            scenario.steps.map(\.action) == [
                .expect(first), .fail(Fault("london", .linkDown)), .expect(second),
                .heal(target: "london--core"),
                .drain(target: "london"),
                .run(
                    .init(
                        node: "home", words: ["dig", "@192.0.2.53"], status: 9, output: .contains("timed out"))),
                .run(.init(node: "home", words: ["sh", "-c", "a | b"])), .wait(250_000_000),
                .repeat(
                    times: 3,
                    steps: [
                        .init(line: 32, action: .wait(1_000_000_000)), .init(line: 32, action: .heal(target: "core")),
                    ]), .apply(path: "other.yaml"), .heal(target: "notyet"),
            ])
    }

    @Test func aLabWithoutScenarioHasNone() {
        #expect(parse(good).scenario == nil)
    }

    @Test(arguments: [
        ("wait", "14:5 expected a step with its keys, not 'wait'"),
        (
            "{ wait: 1s, heal: london }",
            "14:17 a step does one thing, and this one has 2 keys | put a step of its own, with a '-' before it, for each"
        ),
        ("{ assert: {} }", "14:7 a step has no key 'assert' | did you mean 'expect'?"),
        ("{ wait: 1 }", "14:13 '1' has no unit for 'wait' | say 1ms"),
        ("{ wait: 2h }", "14:13 '2h' has an unknown unit for 'wait' | the units are: ns, us, ms, s"),
        (
            "{ expect: { within: 1s } }",
            "14:15 nothing is expected | expect one of: catchment, share, rtt, path, gap, lost, broken, resolved, session, never, served, offered"
        ),
        (
            "{ expect: { catchment: {} } }",
            "14:28 'catchment' expects nothing | say what has to be so, or leave 'catchment' out"
        ),
        (
            "{ expect: { rtt: { home: \"< 30ms\" }, never: [] } }",
            "14:49 'never' expects nothing | say what has to be so, or leave 'never' out"
        ),
        ("{ expect: { catchments: {} } }", "14:17 an expectation has no key 'catchments' | did you mean 'catchment'?"),
        ("{ expect: { catchment: { hime: london } } }", "14:30 there is no client 'hime' | did you mean 'home'?"),
        ("{ expect: { catchment: { london: london } } }", "14:30 there is no client 'london' | 'london' is a site"),
        ("{ expect: { catchment: { home: paris } } }", "14:36 there is no site 'paris' | there are: london"),
        (
            "{ expect: { rtt: { home: 30ms } } }",
            "14:30 '30ms' is no bound | say whether it is more or less, like \"< 30ms\""
        ),
        ("{ expect: { rtt: { home: \"< 30\" } } }", "14:30 '< 30' has no unit for 'rtt' | say 30ms"),
        (
            "{ expect: { rtt: { home: \"=< 30ms\" } } }",
            "14:30 '=< 30ms' begins with no relation | the relations are: < <= > >= ="
        ),
        (
            "{ expect: { share: { london: \"> 140%\" } } }",
            "14:34 '> 140%' is out of range for 'share' | it goes: 0% to 100%"
        ),
        (
            "{ expect: { path: { home: { contains: cor } } } }",
            "14:43 there is no network or service 'cor' | did you mean 'core'?"
        ),
        (
            "{ expect: { path: { home: {} } } }",
            "14:31 it does not say how the path has to be | like { contains: NETWORK } or { avoids: US }"
        ),
        (
            "{ expect: { share: { london: few } } }",
            "14:34 'few' is no bound | say whether it is more or less, like \"< few\""
        ),
        (
            "{ expect: { gap: { home: \"< 1s\" } } }",
            "14:22 'gap' counts from the last fail, heal, drain or apply, and there is none before"
        ),
        ("{ expect: { never: rain } }", "14:24 'never' cannot be 'rain' | say blackhole or loop"),
        (
            "{ expect: { session: { london: down } } }",
            "14:28 'london' does not name two ends | like 'london--eurocore: Established'"
        ),
        ("{ expect: { session: { london--cor: down } } }", "14:28 there is no node 'cor' | did you mean 'core'?"),
        ("{ expect: { session: { london--core: up } } }", "14:42 a session cannot be 'up' | say Established or down"),
        (
            "{ expect: { resolved: { home: { name: a.test, type: AAA, answer: x } } } }",
            "14:57 there is no record type 'AAA' | did you mean 'AAAA'?"
        ),
        (
            "{ fail: { site: london, how: link-dwn } }",
            "14:34 'link-dwn' is no fault; there are \(FaultName.allCases.map(\.rawValue).joined(separator: ", ")) | did you mean 'link-down'?"
        ),
        (
            "{ fail: { target: home, how: withdraw } }",
            "14:13 withdraw is for what runs a BGP speaker, and home is a client that does not"
        ),
        ("{ drain: home }", "14:14 drain is for what runs a BGP speaker, and home is a client that does not"),
        (
            "{ drain: { link: [london, core] } }", "14:14 drain is for nodes, and london--core is a link"
        ),
        ("{ fail: { site: london } }", "14:13 'fail' needs the key 'how'"),
        (
            "{ fail: { how: link-down } }",
            "14:13 it does not say what is meant | give one of: site, network, link, target"
        ),
        (
            "{ fail: { site: london, network: core, how: link-down } }",
            "14:13 site and network exclude each other | give one of: site, network, link, target"
        ),
        ("{ fail: { site: core, how: link-down } }", "14:21 there is no site 'core' | 'core' is a network"),
        (
            "{ fail: { target: \"london,cor\", how: link-down } }",
            "14:23 there is no node, network or service 'cor' | did you mean 'core'?"
        ),
        ("{ heal: londn }", "14:13 there is no node, network or service 'londn' | did you mean 'london'?"),
        (
            "{ run: { node: home, command: ls, output: {} } }",
            "14:47 'output' has either 'contains' or 'equals', with a text | like { contains: 192.0.2.53 }"
        ),
        (
            "{ run: { node: home, command: [ping, [-c, 1], 192.0.2.53] } }",
            "14:42 'command' has to be a text or a list of texts"
        ),
        ("{ run: { node: home, command: [] } }", "14:35 a command needs a program"),
        ("{ repeat: { times: 2, steps: [] } }", "14:34 'repeat' needs at least one step"),
        (
            "{ repeat: { times: 9999, steps: [{ repeat: { times: 99, steps: [{ wait: 1s }] } }] } }",
            "14:3 with its repetitions the scenario has more than 100000 steps"
        ),
        (
            // More steps than an Int counts, and another one after them.
            "{ repeat: { times: 9999, steps: [\(String(repeating: "{ repeat: { times: 9999, steps: [", count: 4)){ wait: 1s }"
                + String(repeating: "] } }, { wait: 1s }", count: 4) + "] } }",
            "14:3 with its repetitions the scenario has more than 100000 steps"
        ),
    ])
    func everySlipIsSaidWhereItIs(step: String, expected: String) {
        #expect(problems(Self.file("- \(step)")) == [expected])
    }

    @Test func expectationsHaveAFileOfTheirOwn() throws {
        let lab = try #require(parse(good).lab)
        func read(_ text: String) -> LabFile { LabFile.parseScenario(Array(text.utf8), path: "hidden.yaml", for: lab) }
        let right = read("scenario:\n  - expect: { catchment: { home: london } }\n")
        #expect(right.diagnostics.isEmpty)
        #expect(right.scenario?.steps.count == 1)
        let wrong = read("lab: x\nscenario:\n  - expect: { catchment: { hime: london } }\n")
        #expect(
            wrong.diagnostics.map(\.description) == [
                "hidden.yaml:1:1: error: a file of expectations has no key 'lab'",
                "hidden.yaml:3:28: error: there is no client 'hime'",
            ])
        #expect(wrong.scenario == nil)
    }
}
