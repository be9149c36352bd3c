import ArgumentParser
import Glibc
import JSON
import LabModel
import LabPlan
import Sys

/// `lab test FILE...`.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Brings labs up, does what their scenarios say, and takes them down again.",
        discussion: """
            A lab file has its scenario under 'scenario:', steps that follow one another:
              scenario:
                - expect: { catchment: { london-home: london }, rtt: { london-home: "< 30ms" } }
                - fail: { site: london, how: link-down }
                - expect: { catchment: { london-home: newyork }, within: 1s }
                - expect: { gap: { london-home: "< 500ms" } }
                - heal: { site: london }

            Expected can be: catchment, share, rtt, path, gap, lost, served, offered, broken, resolved, session, never. 'within' gives
            them time, 'for' says how long they have to hold, and 'service' whose addresses count. Steps besides: fail, heal, drain,
            apply, flood, connect, run, wait, repeat.

            The exit status is 0 when all was as expected, 1 when it was not, 2 for a bad file, 3 when this machine cannot, and 4
            when a step could not be done.

            Example:
              lab test labs/hello.yaml
              lab test labs/*.yaml --junit results.xml --report report.html --jobs 2
              lab test homework.yaml --expect grading.yaml
            """)

    @Argument(help: "The lab files, one after the other unless --jobs says otherwise.")
    var files: [String]
    @Option(help: "Write the results as JUnit XML to this file.")
    var junit: String?
    @Option(help: "Write the results with pictures as one HTML page to this file.")
    var report: String?
    @Option(help: "Do the scenario of this file, which has nothing else, instead of those of the lab files.")
    var expect: String?
    @Option(help: "How many labs are up at once.")
    var jobs = 1
    @Option(help: "Seconds to wait for a lab to come up.")
    var timeout = 60
    @Option(help: "Where delays are made: in the kernel (netem) or in user space (wire).")
    var links: LinkBackend?
    @Flag(help: "Print JSON, a document for each file on a line of its own.")
    var json = false

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("say which lab files") }
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs is 1 to 64") }
        guard (1...86400).contains(timeout) else { throw ValidationError("--timeout is 1 to 86400 seconds") }
    }

    func run() throws {
        // Of several at once each process warns of its own file.
        let tests = try files.map {
            try LabTest($0, expectations: expect, links: links, timeout: timeout, warns: !isParallel)
        }
        for path in [junit, report].compactMap(\.self) { try OutputFile.check(path) }
        if jobs > 1, let twice = Self.repeated(tests.map(\.topology.lab.name)) {
            throw Failure(
                .badInput, "two of the files have the lab '\(twice)', which cannot be up twice",
                hint: "give one of them another name, or leave --jobs out")
        }
        let results = isParallel ? try inParallel() : oneByOne(tests)
        if let junit { try OutputFile.write(JUnit.document(results), to: junit) }
        if let report { try OutputFile.write(TestPage.document(results), to: report) }
        let status = results.map(\.status.rawValue).max() ?? 0
        if status != 0 { throw Finish(status: status) }
    }

    private var isParallel: Bool { jobs > 1 && files.count > 1 }

    private static func repeated(_ names: [String]) -> String? {
        var seen: Set<String> = []
        return names.first { !seen.insert($0).inserted }
    }

    /// Whoever presses Ctrl-C means all of the files.
    private func oneByOne(_ tests: [LabTest]) -> [TestResult] {
        var results: [TestResult] = []
        for test in tests {
            results.append(test.run(show: show))
            if results.last?.stop?.isInterruption == true { break }
        }
        let left = tests.dropFirst(results.count).map(\.file)
        if !left.isEmpty { Console.error("not tested: \(left.joined(separator: ", "))") }
        return results
    }

    /// Whoever reads a log sees each step when it is done.
    private func show(_ event: LabTest.Event) {
        defer { fflush(nil) }
        switch event {
        case .began(let file, let lab): if !json { print(TestText.heading(file, lab: lab)) }
        case .step(let step): if !json { print(TestText.step(step)) }
        case .ended(let result):
            if json { Console.print(result.json) } else { print(TestText.ending(result)) }
            if let stop = result.stop { Console.error(stop.message, hint: stop.hint) }
        }
    }

    // MARK: Several at once

    /// Each file by a process of its own: this program, with its results as JSON.
    private func inParallel() throws -> [TestResult] {
        var options = ["--json", "--timeout", String(timeout)]
        if let expect { options += ["--expect", expect] }
        if let links { options += ["--links", links.rawValue] }
        let crew = try TestCrew(files.map { ["test", $0] + options }, atOnce: jobs)
        return try crew.run { index, output in
            let result = Self.result(files[index], output)
            if json { Console.print(result.json) } else { print(TestText.whole(result)) }
            fflush(nil)
            return result
        }
    }

    private static func result(_ file: String, _ output: [UInt8]) -> TestResult {
        if let json = try? JSON(parsing: output), let result = TestResult(json) { return result }
        var result = TestResult(file: file)
        result.stop = .init(.failedAtRunTime, "the process that tested \(file) ended without a result")
        return result
    }
}
