import Picture
import Sys

/// Test results as CI systems read them: JUnit XML as Maven's Surefire writes it.
enum JUnit {
    static func document(_ results: [TestResult]) -> String {
        let suites = results.map(suite).joined(separator: "\n")
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites\(counts(results))>
            \(suites)
            </testsuites>

            """
    }

    private static func counts(_ results: [TestResult]) -> String {
        func sum(_ count: (TestResult) -> Int) -> Int { results.reduce(0) { $0 + count($1) } }
        return attributes([
            ("tests", "\(sum { cases($0).count })"), ("failures", "\(sum(failures))"), ("errors", "\(sum(errors))"),
            ("skipped", "\(sum(\.skipped))"), ("time", seconds(results.reduce(0) { $0 + $1.took })),
        ])
    }

    /// A step that could not be done is an error; what is not as expected is a failure. Where there is no step to hang an error
    /// on, the lab itself is one.
    private static func cases(_ result: TestResult) -> [StepResult] {
        guard let stop = result.stop, !result.steps.contains(where: \.isBroken) else { return result.steps }
        var lab = StepResult(step: "the lab comes up and goes down", line: 1, isOK: false, took: result.took)
        (lab.isBroken, lab.detail) = (true, stop.message)
        return [lab] + result.steps
    }

    private static func errors(_ result: TestResult) -> Int { cases(result).count(where: \.isBroken) }
    private static func failures(_ result: TestResult) -> Int {
        cases(result).count { $0.isOK == false && !$0.isBroken }
    }

    private static func suite(_ result: TestResult) -> String {
        let cases = cases(result)
        let head = attributes([
            ("name", result.file), ("tests", "\(cases.count)"), ("failures", "\(failures(result))"),
            ("errors", "\(errors(result))"), ("skipped", "\(result.skipped)"), ("time", seconds(result.took)),
        ])
        return "  <testsuite\(head)>\n" + cases.map { testCase($0, of: result) }.joined(separator: "\n")
            + "\n  </testsuite>"
    }

    private static func testCase(_ step: StepResult, of result: TestResult) -> String {
        let head = attributes([
            ("name", "line \(step.line): \(step.step)"), ("classname", result.lab.isEmpty ? result.file : result.lab),
            ("time", seconds(step.took)),
        ])
        guard let body = outcome(step) else { return "    <testcase\(head)/>" }
        return "    <testcase\(head)>\(body)</testcase>"
    }

    private static func outcome(_ step: StepResult) -> String? {
        switch step.isOK {
        case true?: return nil
        case nil: return "<skipped/>"
        case false?:
            let message = step.detail ?? "it failed"
            let name = step.isBroken ? "error" : "failure"
            let head = attributes([
                ("message", message), ("type", step.isBroken ? "StepFailed" : "ExpectationFailed"),
            ])
            return
                "<\(name)\(head)>\(Markup.escaped([message, step.seen].compactMap(\.self).joined(separator: "\n\n")))</\(name)>"
        }
    }

    private static func attributes(_ pairs: [(String, String)]) -> String {
        pairs.map { " \($0.0)=\"\(Markup.escaped($0.1, isAttribute: true))\"" }.joined()
    }

    private static func seconds(_ time: Nanoseconds) -> String {
        let milliseconds = time / 1_000_000
        return "\(milliseconds / 1000)." + String(String(1000 + milliseconds % 1000).dropFirst())
    }
}
