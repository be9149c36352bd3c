import Foundation
import Testing

/// `lab map` and `lab graph --format svg`, looked at by xmllint.
@Suite(.serialized)
struct PictureTests {
    private static func check(_ svg: String) throws {
        let verdict = try Command.run(["xmllint", "--noout", "-"], input: svg)
        #expect(verdict.status == 0, "\(verdict)")
    }

    private static let labs =
        ((try? FileManager.default.contentsOfDirectory(atPath: LabUnderTest.root + "/labs")) ?? [])
        .filter { $0.hasSuffix(".yaml") }

    @Test func thereAreLabsToDraw() { #expect(Self.labs.count >= 13) }

    @Test(arguments: labs)
    func everyLabCanBeDrawn(lab: String) throws {
        let file = LabUnderTest.root + "/labs/\(lab)"
        for words in [["map", file], ["graph", file, "--format", "svg"]] {
            let picture = try Command.run([LabUnderTest.program] + words)
            #expect(picture.status == 0, "\(picture)")
            try Self.check(picture.output)
            #expect(picture.output.hasPrefix("<svg"))
        }
    }

    @Test func theMapOfALabThatIsUpShowsWhoAnswersNow() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let out = lab.file + ".svg"
            #expect(try LabUnderTest.lab("map", lab.name, "--out", out).status == 0)
            let before = try String(contentsOfFile: out, encoding: .utf8)
            try Self.check(before)
            #expect(before.contains("client boston, Boston: newyork"))
            #expect(try lab.run("fail", "newyork", "--how", "link-down").status == 0)
            try Command.wait("the move") { try lab.site(for: "boston") == "frankfurt" }
            let after = try LabUnderTest.lab("map", lab.name, "--address", "192.0.2.53")
            #expect(after.output.contains("client boston, Boston: frankfurt"), "\(after)")
        }
    }

    @Test func badWordsAreRefused() throws {
        let file = LabUnderTest.root + "/labs/hello.yaml"
        let address = try LabUnderTest.lab("map", file, "--address", "192.0.2.54")
        #expect(address.status == 2 && address.errors.contains("there are 192.0.2.53, 2001:db8:53::53"), "\(address)")
        #expect(try LabUnderTest.lab("map", file, "--out", "/nowhere/map.svg").status == 2)
        #expect(try LabUnderTest.lab("map", "no-such-file.yaml").status == 2)
    }
}
