import Foundation
import Testing

/// The recipe for CI systems, as far as it can be looked at without one.
struct WorkflowTests {
    /// Python's YAML parser reads it, bash its commands; what it calls is here, and what `lab` is told is understood.
    @Test func theWorkflowIsWholeAndCallsWhatIsHere() throws {
        let program = """
            import json, sys, yaml
            document = yaml.safe_load(open(sys.argv[1]))
            # YAML 1.1 takes the key `on` for a boolean, and GitHub does not.
            assert set(document) == {"name", True, "jobs"}, document.keys()
            (job,) = document["jobs"].values()
            assert set(job) == {"runs-on", "container", "steps"}, job.keys()
            for step in job["steps"]:
                assert ("uses" in step) != ("run" in step), step
                assert set(step) <= {"name", "uses", "run", "with", "if"}, step
                if "uses" in step: assert step["uses"].split("@")[1].startswith("v"), step
            uploads = [s for s in job["steps"] if s.get("uses", "").startswith("actions/upload-artifact@")]
            assert len(uploads) == 1 and uploads[0]["if"] == "always()"
            print(json.dumps([[s["run"] for s in job["steps"] if "run" in s], uploads[0]["with"]["path"].split()]))
            """
        let file = LabUnderTest.root + "/.github/workflows/labs.yml"
        let parsed = try Command.run(["python3", "-c", program, file])
        try #require(parsed.status == 0, "\(parsed)")
        let parts = try JSONDecoder().decode([[String]].self, from: Data(parsed.output.utf8))
        try #require(parts.count == 2)
        let script = parts[0].joined(separator: "\n")
        #expect(try Command.run(["bash", "-n"], input: script).status == 0)
        for part in ["./scripts/build", "./scripts/lab doctor", "./scripts/lab test "] {
            #expect(script.contains(part), "\(part)")
        }
        // Each option is one of `lab test`, and what it writes is what is kept.
        let test = try #require(script.split(separator: "\n").first { $0.contains("lab test ") })
        let help = try LabUnderTest.lab("test", "--help").output
        for option in test.split(separator: " ") where option.hasPrefix("--") {
            #expect(help.contains("\n  \(option) <"), "\(option)")
        }
        for path in parts[1] { #expect(test.contains(" \(path)"), "\(path)") }
        let labs = try Command.run(["bash", "-c", "cd \(LabUnderTest.root); ls labs/*.yaml | grep -v world"]).lines
        #expect(labs.count >= 12 && test.contains("$(ls labs/*.yaml | grep -v world)"), "\(labs)")
        for lab in labs { #expect(try LabUnderTest.lab("check", LabUnderTest.root + "/" + lab).status == 0, "\(lab)") }
    }
}
