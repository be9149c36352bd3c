import Picture

/// Test results as one HTML page that needs nothing else: for a browser, for print, in light and dark.
enum TestPage {
    static func document(_ results: [TestResult]) -> String {
        let failed = results.count { $0.status != .done }
        let verdict = failed == 0 ? "all as expected" : "\(failed) of \(results.count) not as expected"
        return HTMLPage.document(
            title: "lab test: \(verdict)",
            """
            <h1>Lab tests: <span class="\(failed == 0 ? "ok" : "failed")">\(verdict)</span></h1>
            \(overview(results))
            \(results.enumerated().map { section($0.element, $0.offset) }.joined(separator: "\n"))
            """)
    }

    private static func overview(_ results: [TestResult]) -> String {
        let rows = results.enumerated().map { index, result in
            """
            <tr><td><a href="#lab-\(index)">\(Markup.escaped(result.file))</a></td><td>\(mark(result.status == .done))</td>\
            <td class="number">\(result.passed)</td><td class="number">\(result.failed)</td>\
            <td class="number">\(result.skipped)</td><td class="number">\(TestResult.rounded(result.took))</td></tr>
            """
        }
        return """
            <table>
            <thead><tr><th>File</th><th></th><th>Passed</th><th>Failed</th><th>Not reached</th><th>Took</th></tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            """
    }

    private static func section(_ result: TestResult, _ index: Int) -> String {
        let stop = result.stop.map { stop in
            "<p class=\"failed\">\(Markup.escaped(stop.message))\(stop.hint.map { "<br>\(Markup.escaped($0))" } ?? "")</p>"
        }
        return """
            <section id="lab-\(index)">
            <h2>\(Markup.escaped(result.file)) <small>lab \(Markup.escaped(result.lab))</small></h2>
            \(stop ?? "")
            <ol>
            \(result.steps.map(item).joined(separator: "\n"))
            </ol>
            </section>
            """
    }

    private static func item(_ step: StepResult) -> String {
        var parts = [
            "<p>\(mark(step.isOK)) <code>\(Markup.escaped(step.step))</code> "
                + "<small>line \(step.line)\(step.isOK == nil ? ", not reached" : ", \(TestResult.rounded(step.took))")</small></p>"
        ]
        if let detail = step.detail {
            parts.append(
                "<p class=\"detail\">\(Markup.escaped(detail).split(separator: "\n").joined(separator: "<br>"))</p>")
        }
        if let seen = step.seen { parts.append("<pre>\(Markup.escaped(seen))</pre>") }
        parts += step.pictures.map(HTMLPage.figure)
        return "<li class=\"\(step.isOK == false ? "broken" : "")\">\(parts.joined(separator: "\n"))</li>"
    }

    private static func mark(_ isOK: Bool?) -> String {
        switch isOK {
        case true?: "<span class=\"ok\">ok</span>"
        case false?: "<span class=\"failed\">FAIL</span>"
        case nil: "<span>-</span>"
        }
    }
}
