import JSON
import Sys

/// What became of one step of a scenario.
struct StepResult {
    /// The step in words.
    let step: String
    /// Its line in the file.
    let line: Int
    /// Nil for a step that was not reached.
    let isOK: Bool?
    /// Whether it could not be done at all, which is not the same as what came of it not being as expected.
    var isBroken = false
    var took: Nanoseconds = 0
    /// What was not as expected, or what is worth telling.
    var detail: String?
    /// What was seen when it failed: tables and paths.
    var seen: String?
    /// SVG pictures for the report.
    var pictures: [String] = []
}

/// What became of one lab file.
struct TestResult {
    /// Why a scenario did not run to its end.
    struct Stop {
        let status: ExitStatus
        let message: String
        var hint: String?
        /// Whether a signal asked for it.
        var isInterruption = false

        init(_ failure: Failure) {
            (status, message, hint) = (failure.status, failure.message, failure.hint)
            isInterruption = failure.isInterruption
        }
        init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
            (self.status, self.message, self.hint) = (status, message, hint)
        }
    }

    let file: String
    var lab = ""
    var steps: [StepResult] = []
    /// From the beginning to the end, bringing up and taking down included.
    var took: Nanoseconds = 0
    var stop: Stop?

    var passed: Int { steps.count { $0.isOK == true } }
    var failed: Int { steps.count { $0.isOK == false } }
    var skipped: Int { steps.count { $0.isOK == nil } }

    var status: ExitStatus { stop?.status ?? (failed > 0 ? .expectationFailed : .done) }
}

// MARK: JSON

extension TestResult {
    /// The document of DESIGN.md, section 7, with more.
    var json: JSON {
        [
            "file": .string(file), "lab": .string(lab), "passed": .int(passed), "failed": .int(failed),
            "skipped": .int(skipped), "took_ms": .double(Self.milliseconds(took)), "steps": .array(steps.map(\.json)),
            "error": stop.map { stop in
                [
                    "status": .int(Int(stop.status.rawValue)), "message": .string(stop.message),
                    "hint": stop.hint.map(JSON.string) ?? .null,
                ]
            } ?? .null,
        ]
    }

    static func milliseconds(_ time: Nanoseconds) -> Double { Double(time / 1000) / 1000 }

    /// Reads the document that another process of this program printed; nil for anything else.
    init?(_ json: JSON) {
        guard let file = json["file"]?.string, let steps = json["steps"]?.array else { return nil }
        self.file = file
        lab = json["lab"]?.string ?? ""
        took = Nanoseconds((json["took_ms"]?.double ?? 0) * 1e6)
        self.steps = steps.map { StepResult($0) }
        guard let error = json["error"], let message = error["message"]?.string else { return }
        let status = error["status"]?.int.flatMap { ExitStatus(rawValue: Int32(clamping: $0)) }
        stop = Stop(status ?? .failedAtRunTime, message, hint: error["hint"]?.string)
    }
}

extension StepResult {
    var json: JSON {
        [
            "step": .string(step), "line": .int(line), "ok": isOK.map(JSON.bool) ?? .null, "error": .bool(isBroken),
            "took_ms": .double(TestResult.milliseconds(took)), "detail": detail.map(JSON.string) ?? .null,
            "seen": seen.map(JSON.string) ?? .null, "pictures": .array(pictures.map { .string($0) }),
        ]
    }

    init(_ json: JSON) {
        step = json["step"]?.string ?? ""
        line = json["line"]?.int ?? 0
        isOK = json["ok"]?.bool
        isBroken = json["error"]?.bool == true
        took = Nanoseconds((json["took_ms"]?.double ?? 0) * 1e6)
        detail = json["detail"]?.string
        seen = json["seen"]?.string
        pictures = (json["pictures"]?.array ?? []).compactMap(\.string)
    }
}
