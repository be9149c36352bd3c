import Glibc
import Sys

/// How a test reads on a terminal or in the log of a CI system: a line for each step, and below it what went wrong.
enum TestText {
    static func heading(_ file: String, lab: String) -> String {
        Console.paint("\(file): lab \(lab)", .bold)
    }

    static func step(_ step: StepResult) -> String {
        let mark: String
        switch step.isOK {
        case true?: mark = Console.paint("ok  ", .green)
        case false?: mark = Console.paint("FAIL", .red)
        case nil: mark = Console.paint("-   ", .faint)
        }
        let time = step.isOK == nil ? "not reached" : "\(TestResult.rounded(step.took))"
        var lines = ["  \(mark)  line \(step.line): \(step.step)  \(Console.paint("(\(time))", .faint))"]
        if let detail = step.detail { lines.append(indented(detail)) }
        if let seen = step.seen { lines.append("\n" + indented(seen) + "\n") }
        return lines.joined(separator: "\n")
    }

    static func ending(_ result: TestResult) -> String {
        var parts = ["\(result.passed) passed", "\(result.failed) failed"]
        if result.skipped > 0 { parts.append("\(result.skipped) not reached") }
        let text = "\(result.file): \(parts.joined(separator: ", ")) in \(TestResult.rounded(result.took))"
        return Console.paint(text, result.status == .done ? .green : .red)
    }

    /// All of a result that another process has made.
    static func whole(_ result: TestResult) -> String {
        ([heading(result.file, lab: result.lab)] + result.steps.map(step) + [ending(result)]).joined(separator: "\n")
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "        " + $0 }
            .joined(separator: "\n")
    }
}

extension TestResult {
    /// A time as one looks at it: `12 ms`, `3.4 s`.
    static func rounded(_ time: Nanoseconds) -> String {
        let milliseconds = (time + 500_000) / 1_000_000
        return milliseconds < 1000 ? "\(milliseconds) ms" : "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }
}
