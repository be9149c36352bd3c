import LabModel
import TestSupport
import Testing

@testable import LabFile

/// Files that are not lab files: one clear error, fast, and never a trap.
struct GarbageTests {
    private func only(_ bytes: [UInt8], _ message: String, at place: String = "1:1") throws {
        let started = ContinuousClock.now
        let file = parse(bytes: bytes)
        // An unoptimised build on a busy machine; it is a tenth of this otherwise.
        #expect(ContinuousClock.now - started < .seconds(5))
        #expect(file.lab == nil)
        #expect(file.diagnostics.map { "\($0.line):\($0.column) \($0.message)" } == ["\(place) \(message)"])
        // What is shown stays readable, however long the file's lines are.
        #expect(file.diagnostics.allSatisfy { $0.rendered.utf8.count < 1000 })
    }

    private static let megabyte = 1 << 20

    @Test func emptyFiles() throws {
        try only([], "the file is empty")
        try only(Array("\n\n# nothing\n".utf8), "the file is empty")
        try only(Array("---\n".utf8), "this is not a lab file: nothing without the keys of a lab", at: "2:1")
        try only([0xEF, 0xBB, 0xBF], "the file is empty")
    }

    @Test func aByteOrderMarkChangesNothing() {
        #expect(parse(bytes: [0xEF, 0xBB, 0xBF] + Array(good.utf8)).diagnostics == [])
    }

    @Test func otherDocuments() throws {
        try only(Array("- a\n- b\n".utf8), "this is not a lab file: a list without the keys of a lab")
        try only(Array("hello".utf8), "this is not a lab file: 'hello' without the keys of a lab")
        try only(
            Array("version: 3\nservices_: {}\n".utf8), "this is not a lab file: a mapping without the keys of a lab")
        try only(Array((good + "---\n" + good).utf8), "a second document starts here", at: "13:1")
    }

    @Test func aMegabyteOfGarbage() throws {
        var random = SeededGenerator(1)
        let letters = (0..<Self.megabyte).map { _ in UInt8.random(in: 32...126, using: &random) }
        #expect(parse(bytes: letters).diagnostics.count == 1)
        let noise = (0..<Self.megabyte).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(parse(bytes: noise).diagnostics.count == 1)
        try only(
            [UInt8](repeating: 0, count: Self.megabyte),
            "this is not text that YAML allows: control characters are not allowed")
        try only(
            [UInt8](repeating: UInt8(ascii: "a"), count: Self.megabyte),
            "this is not a lab file: '\(String(repeating: "a", count: 48))...' without the keys of a lab")
        try only(
            Array("- x\n".utf8.cycled(Self.megabyte)), "this is not a lab file: a list without the keys of a lab")
        let keys = (0..<80000).map { "key\($0): x\n" }.joined()
        try only(Array(keys.utf8), "this is not a lab file: a mapping without the keys of a lab")
    }

    @Test func aListOfErrorsEnds() {
        let keys = (0..<80000).map { "key\($0): x\n" }.joined()
        let diagnostics = parse(good + keys).diagnostics
        #expect(diagnostics.count == Report.mostDiagnostics + 1)
        #expect(diagnostics.last?.message == "\(80000 - Report.mostDiagnostics) more are not shown")
    }

    @Test func fourMebibytesAreTheLimit() throws {
        let padding = [UInt8](repeating: UInt8(ascii: "\n"), count: 4 << 20)
        #expect(parse(bytes: Array((Array(good.utf8) + padding).prefix(4 << 20))).diagnostics == [])
        try only(Array(good.utf8) + padding, "the file is larger than 4 MiB")
        try only(
            [0xEF, 0xBB, 0xBF] + Array(good.utf8) + padding, "the file is larger than 4 MiB")
    }

    @Test func nestingIsLimited() throws {
        for (open, column) in [("[", 1), ("[ [ [", 108), ("{a: ", 63 * 4 + 2), ("- ", 129), ("? ", 129)] {
            let text = String(repeating: open, count: 100_000)
            try only(Array(text.utf8), "this is nested deeper than 64 levels", at: "1:\(column)")
        }
        let deep = "a: &a [" + String(repeating: "[", count: 40) + String(repeating: "]", count: 41)
        let twice = "\nb: " + String(repeating: "[", count: 30) + "*a" + String(repeating: "]", count: 30)
        try only(Array((deep + twice).utf8), "this is nested deeper than 64 levels", at: "2:34")
    }

    @Test func aliasesDoNotMultiply() throws {
        var text = "lab: bomb\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 {
            let items = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        try only(Array(text.utf8), "the file stands for more than 1000000 values", at: "7:45")
    }

    @Test func anchorsAndAliasesWork() {
        let text = good.with("[core] }\nservices", "&up [core] }\nservices").with(
            "LHR, providers: [core]", "LHR, providers: *up")
        #expect(problems(text) == [])
        #expect(parse(text).lab?.sites.first?.relations.map(\.network) == ["core"])
        // A mistake behind an alias is shown where the alias stands.
        #expect(
            problems(good.with("city: LHR, provider: edge", "city: &x LHR, provider: *x")) == [
                "10:35 there is no network 'LHR'"
            ])
        #expect(
            problems(good.with("provider: edge", "provider: *none")) == ["10:32 there is no anchor '&none' before this"]
        )
        #expect(problems(good.with("[FRA, JFK]", "&a [*a]")) == ["3:35 there is no anchor '&a' before this"])
        #expect(
            problems(good.with("provider: edge", "provider: !thing edge")) == [
                "10:32 the tag '!thing' has no meaning here"
            ])
        #expect(problems(good.with("provider: edge", "provider: !!str edge")) == [])
        #expect(
            problems(good.with("  home: {", "  <<: {")).first?.hasPrefix("10:3 '<<' cannot be a name") == true)
    }

    @Test func unreadableYAMLSaysWhere() {
        #expect(
            problems(good.with("provider: edge }", "provider: edge")) == [
                "11:6 cannot be read as YAML: did not find expected ',' or '}' while parsing a flow mapping that starts on line 10"
            ])
        #expect(
            problems(good.with("  home:", "\thome:")) == [
                "10:1 cannot be read as YAML: found character that cannot start any token while scanning for the next token"
                    + " | YAML is indented with spaces, not with tabs"
            ])
        #expect(
            problems(good.with("lab: good", "lab: \u{1}")).first?.hasPrefix("1:6 this is not text that YAML allows")
                == true)
        #expect(
            problems("lab: x\n? [a]\n: b\n").contains { $0.hasPrefix("2:3 a key has to be text, not a list") })
    }

    @Test func whatIsNotFinishedIsShownWhereItBegins() {
        #expect(
            problems("lab: \"x\n") == [
                "1:6 cannot be read as YAML: found unexpected end of stream while scanning a quoted scalar"
            ])
    }

    @Test func invalidUTF8SaysWhere() {
        var bytes = Array(good.utf8)
        bytes[5] = 0xFF
        #expect(
            parse(bytes: bytes).diagnostics.map(\.description) == [
                "x.yaml:1:6: error: this is not text that YAML allows: invalid leading UTF-8 octet"
            ])
    }

    /// A file cut off anywhere, or with any byte changed, is read or refused with a message.
    @Test func brokenFilesNeverTrap() throws {
        let small = try Project.bytes("labs/two-sites.yaml")
        for length in small.indices {
            let file = parse(bytes: Array(small[..<length]))
            #expect(file.lab != nil || !file.diagnostics.isEmpty)
        }
        let hello = try Project.bytes("labs/hello.yaml")
        var random = SeededGenerator(2)
        for _ in 0..<500 {
            var bytes = hello
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                bytes[index] =
                    Bool.random(using: &random)
                    ? UInt8.random(in: 0...255, using: &random)
                    : Array("{}[]:,-#&*!'\"0 \n".utf8).randomElement(using: &random) ?? 0
            }
            let file = parse(bytes: bytes)
            #expect((file.lab != nil) == !file.diagnostics.contains { $0.severity == .error })
        }
    }
}

extension Collection where Element == UInt8 {
    /// The elements again and again, `count` of them.
    func cycled(_ count: Int) -> [UInt8] {
        let all = Array(self)
        return (0..<count).map { all[$0 % all.count] }
    }
}
