import Foundation
import Testing

/// Bad input: one clear error, the status of the contract, and a machine as it was.
@Suite(.serialized)
struct BadInputTests {
    /// Runs `lab` on bytes as a file, and sees that nothing of the machine has changed.
    private func refuse(
        _ bytes: Data, status: Int32 = 2, reason: String, sourceLocation: SourceLocation = #_sourceLocation
    )
        throws
    {
        let folder = NSTemporaryDirectory() + "/lab-bad-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/bad.yaml"
        try bytes.write(to: URL(fileURLWithPath: file))
        let before = try MachineSnapshot.take()
        let outcome = try LabUnderTest.lab("up", file, limit: 30)
        #expect(outcome.status == status, "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.errors.contains(reason), "\(outcome)", sourceLocation: sourceLocation)
        #expect(
            outcome.errors.contains("bad.yaml"), "the error names the file: \(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(try MachineSnapshot.take() == before, sourceLocation: sourceLocation)
    }

    @Test func anEmptyFile() throws { try refuse(Data(), reason: "empty") }

    @Test func aMegabyteOfGarbage() throws {
        var random = SystemRandomNumberGenerator()
        try refuse(Data((0..<1_000_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }), reason: "error")
    }

    @Test func yamlThatCannotBeParsed() throws { try refuse(Data("lab: [x\n".utf8), reason: "YAML") }

    @Test func wrongTypes() throws {
        try refuse(Data("lab: hello\nnetworks: 3\n".utf8), reason: "bad.yaml:2:11: error:")
    }

    @Test func aNameThatIsTooLong() throws {
        let name = String(repeating: "a", count: 33)
        try refuse(Data("lab: \(name)\n".utf8), reason: "32")
    }

    @Test func everyErrorAtOnceWithItsPlaceAndAHint() throws {
        let yaml = """
            lab: bad
            networks:
              core: { asn: 65010, cities: [FRX] }
              isp: { asn: 65011, cities: [LHR], providers: [cor] }
            services:
              resolver: { asn: 64500, addresses: [192.0.2.53], kind: dns }
            sites:
              london: { service: resolver, city: LHR, providers: [core] }
            clients:
              home: { city: LHR, provider: isp, speed: 3 }
            links:
              - { between: [london, core], delay: 5 }
            """
        let folder = NSTemporaryDirectory() + "/lab-bad-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try yaml.write(toFile: folder + "/x.yaml", atomically: true, encoding: .utf8)
        let outcome = try LabUnderTest.lab("check", folder + "/x.yaml")
        #expect(outcome.status == 2)
        for part in ["x.yaml:3:32: error:", "x.yaml:4:49: error:", "x.yaml:10:", "x.yaml:12:", "hint:", "core", "5ms"] {
            #expect(outcome.output.contains(part), "\(part) in \(outcome)")
        }
    }

    @Test func aFileThatIsNotThere() throws {
        let outcome = try LabUnderTest.lab("up", "/nonexistent/lab.yaml")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("/nonexistent/lab.yaml"))
    }

    @Test(arguments: [["up"], ["up", "x", "--links", "string"], ["fly"], ["down", "a", "--all"], ["fail", "x"]])
    func wrongUsage(words: [String]) throws {
        let outcome = try Command.run([LabUnderTest.program] + words)
        #expect(outcome.status == 2, "\(outcome)")
        #expect(outcome.errors.contains("Usage:") || outcome.errors.contains("hint:"), "\(outcome)")
    }

    @Test func anotherLabOfTheSameName() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let hello = try String(contentsOfFile: LabUnderTest.root + "/labs/hello.yaml", encoding: .utf8)
            let other = lab.file + ".other.yaml"
            try hello.replacingOccurrences(of: "\nlab: hello", with: "\nlab: \(lab.name)")
                .write(toFile: other, atomically: true, encoding: .utf8)
            let before = try MachineSnapshot.take()
            let outcome = try LabUnderTest.lab("up", other)
            #expect(outcome.status == 2, "\(outcome)")
            #expect(outcome.errors.contains("a lab '\(lab.name)' is up"), "\(outcome)")
            #expect(outcome.errors.contains("hint: 'lab apply \(other)'"), "\(outcome)")
            #expect(try MachineSnapshot.take() == before)
        }
    }

    @Test func verbsWithoutALab() throws {
        for words in [["status", "nolab"], ["down", "nolab"], ["exec", "--lab", "nolab", "x", "--", "true"]] {
            let outcome = try Command.run([LabUnderTest.program] + words)
            #expect(outcome.status == 2, "\(outcome)")
            #expect(outcome.errors.contains("nolab"), "\(outcome)")
        }
    }

    /// Somebody else's namespace has the name that a node would get: it stays, and nothing of ours does.
    @Test func aNamespaceOfThatNameIsThereAlready() throws {
        try LabUnderTest.with("two-sites.yaml") { lab in
            let plan = try LabUnderTest.lab("up", lab.file, "--dry-run").lines
            let last = try #require(plan.last { $0.hasPrefix("namespace ") })
            let foreign = String(last.split(separator: " ")[1])
            try Command.run(["ip", "netns", "add", foreign])
            defer { _ = try? Command.run(["ip", "netns", "delete", foreign]) }
            let before = try MachineSnapshot.take()
            let outcome = try LabUnderTest.lab("up", lab.file)
            #expect(outcome.status == 4, "\(outcome)")
            #expect(outcome.errors.contains("/run/netns/\(foreign)"), "\(outcome)")
            let after = try MachineSnapshot.take()
            #expect(after == before, "\(before.difference(to: after))")
            #expect(try Command.run(["ip", "netns", "list"]).output.contains(foreign))
        }
    }

    /// netem where the kernel has none; where it has, the other way round cannot be tested and UML shows it.
    @Test func aKernelFeatureThatIsMissing() throws {
        try LabUnderTest.with("two-sites.yaml") { lab in
            struct Document: Decodable { let links: String }
            let doctor = try lab.json(Document.self, "doctor")
            let outcome = try LabUnderTest.lab("up", lab.file, "--links", "netem", "--timeout", "60")
            if doctor.links == "netem" {
                #expect(outcome.status == 0, "\(outcome)")
            } else {
                #expect(outcome.status == 3, "\(outcome)")
                #expect(outcome.errors.contains("sch_netem"), "\(outcome)")
            }
        }
    }
}
