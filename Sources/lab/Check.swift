import ArgumentParser
import JSON
import LabFile

/// `lab check FILE...`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks lab files, and reports every error at once.",
        discussion: """
            Example:
              lab check labs/hello.yaml
            """)

    @Argument(help: "Lab files.")
    var files: [String]
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        var results: [JSON] = []
        var wrong = 0
        for path in files {
            let file = try FileLoading.parse(path)
            if file.lab == nil { wrong += 1 }
            let missing = file.lab.map { OtherDaemonPrograms.missing(for: $0) } ?? []
            if json {
                results.append([
                    "file": .string(path), "ok": .bool(file.lab != nil),
                    "diagnostics": .array(file.diagnostics.map(Self.json)),
                    "missing": .array(missing.map { ["message": .string($0.message), "hint": .string($0.hint)] }),
                ])
            } else {
                for diagnostic in file.diagnostics { print(diagnostic.rendered) }
                if file.lab != nil { print("\(path): ok") }
                for each in missing { print("\(path): but not on this machine: \(each.message)\nhint: \(each.hint)") }
            }
        }
        if json { Console.print(["files": .array(results)]) }
        if wrong > 0 { throw Finish(status: ExitStatus.badInput.rawValue) }
    }

    private static func json(_ diagnostic: Diagnostic) -> JSON {
        [
            "file": .string(diagnostic.file), "line": .int(diagnostic.line), "column": .int(diagnostic.column),
            "severity": .string(diagnostic.severity.rawValue), "message": .string(diagnostic.message),
            "hint": diagnostic.hint.map { .string($0) } ?? .null,
        ]
    }
}
