import Foundation
import Testing

/// `lab test` as a CI system runs it: what it prints, what it leaves, and with which status it ends.
@Suite(.serialized)
struct ScenarioTests {
    /// That all labs of the project do what their files say is a part of its own of scripts/test.
    @Test func aLabThatDoesWhatIsExpectedIsSaidToAndGoes() throws {
        try LabUnderTest.with("two-sites.yaml") { lab in
            let outcome = try LabUnderTest.lab("test", lab.file, limit: 300)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.lines.first == "\(lab.file): lab \(lab.name)")
            #expect(outcome.lines.last?.contains(" passed, 0 failed in ") == true)
            try expectGone(lab)
        }
    }

    private func expectGone(_ lab: LabUnderTest) throws {
        #expect(!FileManager.default.fileExists(atPath: "/run/lab/\(lab.name)"))
        let namespaces = (try? FileManager.default.contentsOfDirectory(atPath: "/run/netns")) ?? []
        #expect(namespaces.filter { $0.hasPrefix(lab.name + ".") } == [])
    }

    /// The two sites of labs/two-sites.yaml with steps of the test's own.
    private func withSteps(_ steps: String, _ body: (LabUnderTest) throws -> Void) throws {
        let text = try String(contentsOfFile: LabUnderTest.root + "/labs/two-sites.yaml", encoding: .utf8)
        let lab = text.components(separatedBy: "scenario:")[0]
        try LabUnderTest.with(yaml: lab + "scenario:\n" + steps, body)
    }

    private struct Document: Decodable {
        struct Step: Decodable {
            let step: String
            let ok: Bool?
            let took_ms: Double
            let detail: String?
            let seen: String?
        }
        let file: String
        let passed: Int
        let failed: Int
        let skipped: Int
        let steps: [Step]
    }

    private func run(_ lab: LabUnderTest, _ options: String..., status: Int32) throws -> Document {
        let outcome = try Command.run([LabUnderTest.program, "test", lab.file, "--json"] + options)
        #expect(outcome.status == status, "\(outcome)")
        return try JSONDecoder().decode(Document.self, from: Data(outcome.output.utf8))
    }

    /// One of each kind, broken in a lab where everything works or one site is cut off.
    private static let broken: [(step: String, message: String)] = [
        (
            "expect: { catchment: { boston: frankfurt } }",
            "boston is answered by newyork at 192.0.2.53, and frankfurt is expected"
        ),
        (
            "expect: { catchment: { boston: nobody } }",
            "boston is answered by newyork at 192.0.2.53, and no answer is expected"
        ),
        (
            "expect: { share: { newyork: \"> 60%\" } }",
            "newyork answers 2 of 4 pairs of a client and an address, 50%, and > 60% is expected"
        ),
        ("expect: { rtt: { boston: \"< 1us\" } }", ", to newyork, and < 1us is expected"),
        (
            "expect: { path: { boston: { avoids: west } } }",
            "the path of boston to 192.0.2.53 goes through west-jfk in west, which it is expected to avoid; it is boston (US), west-jfk (US), newyork (US)"
        ),
        ("expect: { path: { boston: { contains: EU } } }", "does not go through EU, which is expected"),
        ("expect: { path: { berlin: { stays-in: DE } } }", ""),
        ("expect: { path: { berlin: { stays-in: US } } }", "the path of berlin to 192.0.2.53 leaves US"),
        (
            "expect: { session: { newyork--west: down } }",
            "the ipv4 session of west-jfk with newyork is Established, and it is expected to be down"
        ),
        (
            "expect: { resolved: { boston: { name: id.server, type: A, answer: 192.0.2.1 } } }",
            "boston asked 192.0.2.53 for id.server A and got"
        ),
        (
            "run: { node: boston, command: \"echo hello\", output: { equals: goodbye } }",
            "its output is 'hello', and 'goodbye' is expected"
        ),
        ("run: { node: boston, command: \"exit 3\" }", "its exit status is 3, and 0 is expected"),
        ("fail: { link: [frankfurt, east], how: link-down }", ""),
        ("expect: { gap: { berlin: \"< 0ms\" }, within: 20s }", "berlin had no answer for "),
        ("expect: { lost: \"> 1000000\" }", " probes were not answered in time, and > 1000000 is expected"),
        (
            "expect: { catchment: { berlin: frankfurt } }",
            "berlin is answered by newyork at 192.0.2.53, and frankfurt is expected"
        ),
        (
            "expect: { session: { frankfurt--east: Established } }",
            ", and Established is expected"
        ),
        ("heal: { link: [frankfurt, east] }", ""),
        ("expect: { catchment: { berlin: frankfurt }, within: 20s }", ""),
        (
            "expect: { catchment: { berlin: newyork }, within: 20ms }",
            "berlin is answered by frankfurt at 2001:db8:53::53, and newyork is expected"
        ),
        ("fail: { network: east, how: blackhole }", ""),
        (
            "expect: { catchment: { berlin: frankfurt } }",
            "berlin gets no answer from 192.0.2.53, and frankfurt is expected: nobody answers"
        ),
        ("expect: { catchment: { berlin: nobody }, for: 1s }", ""),
    ]

    @Test func aBrokenExpectationOfEachKindSaysWhatIsWrong() throws {
        try withSteps(Self.broken.map { "  - \($0.step)\n" }.joined()) { lab in
            let document = try run(lab, status: 1)
            try #require(document.steps.count == Self.broken.count)
            for (found, wanted) in zip(document.steps, Self.broken) {
                #expect(found.ok == wanted.message.isEmpty, "\(found)")
                if !wanted.message.isEmpty {
                    #expect(
                        found.detail?.contains(wanted.message) == true, "\(found.detail ?? "nothing") for \(wanted)")
                }
            }
            // Every kind that the help names is among those that were broken. That packets are dropped is the next test's, floods and
            // held connections have labs of their own (FloodTests, ConnectTests).
            let elsewhere = ["never", "served", "offered", "broken"]
            let help = try LabUnderTest.lab("test", "--help").output
            let words = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            let kinds = try #require(words.firstMatch(of: /Expected can be: ([a-z, ]+)\./)).1.split(separator: ", ")
            #expect(kinds.count == 12 && elsewhere.allSatisfy { word in kinds.contains { $0 == word } })
            for kind in kinds where !elsewhere.contains(String(kind)) {
                #expect(document.steps.contains { $0.ok == false && $0.step.hasPrefix("expect \(kind) ") }, "\(kind)")
            }
            let good = Self.broken.count { $0.message.isEmpty }
            #expect(document.passed == good && document.failed == Self.broken.count - good)
            // What was seen: the table, the path, and why the routers on it chose so.
            let seen = try #require(document.steps.first?.seen)
            for part in ["CLIENT", "the path of boston to 192.0.2.53:", "why the routers on it chose so:", "west-jfk"] {
                #expect(seen.contains(part), "\(seen)")
            }
            #expect(!seen.contains("\u{1B}"))
            try expectGone(lab)
        }
    }

    /// Probes are lost where the one way ends, and nowhere else; the tables of that time say where.
    @Test func probesTellWhereTheyWereLost() throws {
        let steps = """
              - fail: { target: west-jfk--boston, how: link-down }
              - expect: { lost: 0, gap: { berlin: "= 0s" }, within: 1s }
              - expect: { never: blackhole }
              - heal: { target: west-jfk--boston }
              - fail: { target: "newyork,frankfurt", how: withdraw }
              - expect: { never: [blackhole, loop], within: 1s }
              - expect: { gap: { berlin: "< 100ms" } }
            """
        try withSteps(steps) { lab in
            let document = try run(lab, status: 1)
            #expect(document.steps.map(\.ok) == [true, false, false, true, true, false, false])
            let lost = try #require(document.steps[1].detail)
            #expect(lost.contains("berlin had no answer") == false, "\(lost)")
            #expect(lost.contains(" lost at boston"), "\(lost)")
            #expect(document.steps[2].detail?.contains("probes of boston to 192.0.2.53 were dropped") == true)
            #expect(document.steps[5].detail?.contains("no blackhole is expected") == true)
            #expect(document.steps[6].detail?.contains("berlin had no answer from then on") == true)
        }
    }

    /// Two routers that each send one address to the other: the tables tell of it, and probes of which the TTL ended.
    @Test func whatGoesRoundIsNoticed() throws {
        func astray(_ node: String, to other: String) -> String {
            "      - run: { node: \(node), command: \"ip route add 192.0.2.53/32 dev \(other) via "
                + "$(ip -4 neigh show dev \(other) | cut -d' ' -f1)\" }\n"
        }
        let steps =
            astray("west-jfk", to: "east-fra") + astray("east-fra", to: "west-jfk") + """
                      - expect: { never: loop }
                      - fail: { site: newyork, how: withdraw }
                      - expect: { never: loop, within: 1s }
                      - expect: { never: blackhole }
                """
        try withSteps(steps) { lab in
            let document = try run(lab, status: 1)
            #expect(document.steps.map(\.ok) == [true, true, false, true, false, true])
            #expect(
                document.steps[2].detail?.contains(
                    "the way of boston to 192.0.2.53 goes round: west-jfk, east-fra, west-jfk, and no loop is expected")
                    == true, "\(document.steps[2])")
            let probes = try #require(document.steps[4].detail)
            #expect(probes.contains("probes of boston to 192.0.2.53 went round (their TTL ended at"), "\(probes)")
            #expect(!probes.contains("2001:db8:53::53"), "\(probes)")
            let table = try #require(document.steps[4].seen?.split(separator: "\n"))
            let astray = try #require(table.first { $0.contains("boston") && $0.contains("192.0.2.53") })
            #expect(astray.hasSuffix("  nobody"), "\(astray)")
        }
    }

    @Test func repeatApplyAndWaitingForAWhile() throws {
        let steps = """
              - repeat:
                  times: 2
                  steps:
                    - fail: { site: frankfurt, how: withdraw }
                    - expect: { catchment: { berlin: newyork }, within: 10s, for: 300ms }
                    - heal: { site: frankfurt }
                    - expect: { catchment: { berlin: frankfurt }, within: 10s }
              - apply: other.yaml
              - expect: { catchment: { oslo: frankfurt, berlin: frankfurt }, within: 10s }
              - wait: 10ms
              - drain: frankfurt
              - expect: { catchment: { oslo: newyork }, within: 20s }
            """
        try withSteps(steps) { lab in
            let other = try String(contentsOfFile: lab.file, encoding: .utf8).replacingOccurrences(
                of: "  berlin: {", with: "  oslo: { city: OSL, provider: east }\n  berlin: {")
            let folder = URL(fileURLWithPath: lab.file).deletingLastPathComponent()
            try other.write(to: folder.appendingPathComponent("other.yaml"), atomically: true, encoding: .utf8)
            let document = try run(lab, status: 0)
            #expect(document.steps.count == 13)
            #expect(document.steps[2].step == "heal frankfurt" && document.steps[6].step == "heal frankfurt")
            #expect(document.steps[5].took_ms >= 300)
        }
    }

    @Test func aStepThatCannotBeDoneEndsTheScenario() throws {
        let steps = "  - heal: frankfurt\n  - expect: { catchment: { boston: newyork } }\n"
        try withSteps(steps) { lab in
            let outcome = try LabUnderTest.lab("test", lab.file)
            #expect(outcome.status == 4, "\(outcome)")
            #expect(outcome.errors.contains("frankfurt has no fault"))
            #expect(outcome.output.contains("0 passed, 1 failed, 1 not reached"))
            try expectGone(lab)
        }
    }

    @Test func aBadFileChangesNothing() throws {
        try LabUnderTest.with("two-sites.yaml") { good in
            try withSteps("  - expect: { catchment: { bostn: newyork } }\n") { bad in
                let outcome = try LabUnderTest.lab("test", good.file, bad.file)
                #expect(outcome.status == 2)
                #expect(
                    outcome.errors.contains("there is no client 'bostn'")
                        && outcome.errors.contains("hint: did you mean 'boston'?"))
                #expect(outcome.output.isEmpty)
            }
            let text = try String(contentsOfFile: good.file, encoding: .utf8).components(separatedBy: "scenario:")[0]
            try LabUnderTest.with(yaml: text) { bare in
                let outcome = try LabUnderTest.lab("test", bare.file)
                #expect(outcome.status == 2 && outcome.errors.contains("has no scenario"), "\(outcome)")
            }
        }
    }

    @Test func aLabThatIsUpIsLeftAlone() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let outcome = try LabUnderTest.lab("test", lab.file)
            #expect(outcome.status == 2 && outcome.errors.contains("is up already; nothing was changed"), "\(outcome)")
            #expect(try lab.site(for: "boston") == "newyork")
        }
    }

    /// A file of expectations takes the place of the lab's own scenario.
    @Test func homeworkIsGraded() throws {
        try withSteps("  - expect: { catchment: { boston: frankfurt } }\n") { lab in
            let hidden = lab.file + ".hidden"
            try "scenario:\n  - expect: { catchment: { boston: newyork } }\n".write(
                toFile: hidden, atomically: true, encoding: .utf8)
            let document = try run(lab, "--expect", hidden, status: 0)
            #expect(document.steps.map(\.step) == ["expect catchment boston: newyork"])
            try "scenario:\n  - expect: { catchment: { bstn: newyork } }\n".write(
                toFile: hidden, atomically: true, encoding: .utf8)
            let outcome = try LabUnderTest.lab("test", lab.file, "--expect", hidden)
            #expect(outcome.status == 2 && outcome.errors.contains("hidden:2:28: error: there is no client 'bstn'"))
        }
    }

    // MARK: Reports

    /// Two labs at once, one with a broken expectation, and what CI systems and people read of it.
    @Test func reportsOfSeveralLabs() throws {
        try LabUnderTest.with("two-sites.yaml") { good in
            try withSteps("  - expect: { catchment: { boston: frankfurt } }\n  - wait: 1ms\n") { bad in
                let (xml, page) = (good.file + ".xml", good.file + ".html")
                let outcome = try LabUnderTest.lab(
                    "test", good.file, bad.file, "--jobs", "2", "--junit", xml, "--report", page, "--json")
                #expect(outcome.status == 1, "\(outcome)")
                let documents = try outcome.lines.map { try JSONDecoder().decode(Document.self, from: Data($0.utf8)) }
                #expect(Set(documents.map(\.file)) == [good.file, bad.file])
                #expect(documents.reduce(0) { $0 + $1.failed } == 1)
                try checkJUnit(xml, good.file, bad.file)
                try checkPage(page)
                try expectGone(good)
                try expectGone(bad)
            }
        }
    }

    /// The attributes and children that the schema of Maven's Surefire (surefire-test-report-3.0.xsd) has, read by Python's parser.
    private func checkJUnit(_ path: String, _ good: String, _ bad: String) throws {
        let program = """
            import sys, xml.etree.ElementTree as tree
            root = tree.parse(sys.argv[1]).getroot()
            assert root.tag == "testsuites", root.tag
            assert [s.get("name") for s in root] == sys.argv[2:4], [s.get("name") for s in root]
            total = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
            for suite in root:
                assert suite.tag == "testsuite"
                float(suite.get("time"))
                cases = list(suite)
                assert int(suite.get("tests")) == len(cases) > 0
                for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                    found = [c for c in cases if c.find(tag) is not None]
                    assert int(suite.get(key)) == len(found), key
                    total[key] += len(found)
                for case in cases:
                    assert case.tag == "testcase" and case.get("name") and case.get("classname") and len(case) <= 1
                    float(case.get("time"))
                    for child in case:
                        assert child.get("type") and child.get("message")
            assert total == {"tests": 0, "failures": 1, "errors": 0, "skipped": 0}, total
            failure = root[1][0].find("failure")
            assert "frankfurt is expected" in failure.get("message") and "CLIENT" in failure.text
            assert int(root.get("failures")) == 1
            """
        let outcome = try Command.run(["python3", "-c", program, path, good, bad])
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// One page that loads nothing, well-formed as far as its tags go.
    private func checkPage(_ path: String) throws {
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page.contains("frankfurt is expected") && page.contains("the path of boston"))
        for part in ["http:", "https:", "src=", "<link", "<script", "@import", "url("] {
            #expect(!page.contains(part), "\(part)")
        }
        let program = """
            import html.parser, sys
            class Parser(html.parser.HTMLParser):
                open, void = [], {"meta", "br"}
                def handle_starttag(self, tag, attributes):
                    if tag not in self.void: self.open.append(tag)
                def handle_endtag(self, tag):
                    assert self.open.pop() == tag, tag
            parser = Parser()
            parser.feed(open(sys.argv[1]).read())
            assert not parser.open, parser.open
            """
        let outcome = try Command.run(["python3", "-c", program, path])
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// Nothing is built before it is known where the results go.
    @Test func aReportThatCannotBeWrittenIsNoticedFirst() throws {
        try LabUnderTest.with("two-sites.yaml") { lab in
            let folder = URL(fileURLWithPath: lab.file).deletingLastPathComponent().path
            for (option, path) in [("--junit", folder + "/none/x.xml"), ("--report", folder)] {
                let outcome = try LabUnderTest.lab("test", lab.file, option, path)
                #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
                #expect(outcome.errors.contains("\(path) cannot be written: "), "\(outcome)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["lab.yaml"])
        }
    }

    @Test func warningsAreSaidOnceHoweverManyLabsAreUp() throws {
        let text = try String(contentsOfFile: LabUnderTest.root + "/labs/two-sites.yaml", encoding: .utf8)
        // Nothing is joined to it, which is worth a warning.
        let odd = text.replacingOccurrences(of: "\nservices:", with: "\n  lonely: { cities: [LHR] }\nservices:")
        #expect(odd != text)
        let lab = odd.components(separatedBy: "scenario:")[0] + "scenario:\n  - wait: 1ms\n"
        try LabUnderTest.with(yaml: lab) { first in
            try LabUnderTest.with(yaml: lab) { second in
                let outcome = try LabUnderTest.lab("test", first.file, second.file, "--jobs", "2")
                #expect(outcome.status == 0, "\(outcome)")
                for file in [first.file, second.file] {
                    let said = outcome.errors.components(separatedBy: "\(file):").count - 1
                    #expect(said == 1, "\(outcome.errors)")
                }
            }
        }
    }

    // MARK: Commands

    /// What a command leaves behind may write for ever, and the step ends all the same.
    @Test func aCommandEndsWithItsShell() throws {
        let steps = "  - run: { node: boston, command: \"echo done; yes &\", output: { contains: done } }\n"
        try withSteps(steps) { lab in
            let document = try run(lab, status: 0)
            #expect(document.steps.map(\.ok) == [true])
        }
    }

    // MARK: Ends

    /// All files are meant, and all of a command that runs.
    @Test func ctrlCTakesTheLabDown() throws {
        let note = NSTemporaryDirectory() + "/" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: note) }
        try withSteps("  - run: { node: boston, command: \"sleep 600 & echo $! > \(note); wait\" }\n") { lab in
            try withSteps("  - wait: 600s\n") { other in
                let test = try Command.Running([LabUnderTest.program, "test", lab.file, other.file])
                defer { test.end() }
                func sleeper() -> pid_t? {
                    let text = try? String(contentsOfFile: note, encoding: .utf8)
                    return text.flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
                }
                try Command.wait("the command runs") { sleeper() != nil }
                kill(test.process.processIdentifier, SIGINT)
                let outcome = try test.finish(limit: 60)
                #expect(outcome.status == 4, "\(outcome)")
                #expect(outcome.errors.contains("interrupted by Ctrl-C"), "\(outcome)")
                #expect(outcome.errors.contains("not tested: \(other.file)"), "\(outcome)")
                let command = try #require(sleeper())
                // Killed it is; who takes it in is process 1, in its own time.
                try Command.wait("the end of sleep") { !FileManager.default.fileExists(atPath: "/proc/\(command)") }
                try expectGone(lab)
                try expectGone(other)
            }
        }
    }

    /// The supervisor of a lab that is being tested goes when the test goes.
    @Test func killTakesTheLabDownToo() throws {
        try withSteps("  - wait: 600s\n") { lab in
            let test = try Command.Running([LabUnderTest.program, "test", lab.file])
            defer { test.end() }
            try Command.wait("the lab is up") { isUp(lab) }
            kill(test.process.processIdentifier, SIGKILL)
            _ = try test.finish(limit: 60)
            try Command.wait("the lab is gone") { !FileManager.default.fileExists(atPath: "/run/lab/\(lab.name)") }
            try expectGone(lab)
        }
    }

    private func isUp(_ lab: LabUnderTest) -> Bool {
        FileManager.default.fileExists(atPath: "/run/lab/\(lab.name)/control")
    }
}
