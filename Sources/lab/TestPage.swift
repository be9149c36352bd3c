/// Test results as one HTML page that needs nothing else: for a browser, for print, in light and dark.
enum TestPage {
    static func document(_ results: [TestResult]) -> String {
        let failed = results.count { $0.status != .done }
        let verdict = failed == 0 ? "all as expected" : "\(failed) of \(results.count) not as expected"
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>lab test: \(verdict)</title>
            <style>
            \(style)
            </style>
            </head>
            <body>
            <h1>Lab tests: <span class="\(failed == 0 ? "ok" : "failed")">\(verdict)</span></h1>
            \(overview(results))
            \(results.enumerated().map { section($0.element, $0.offset) }.joined(separator: "\n"))
            </body>
            </html>

            """
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
        parts += step.pictures.map { "<figure>\($0)</figure>" }
        return "<li class=\"\(step.isOK == false ? "broken" : "")\">\(parts.joined(separator: "\n"))</li>"
    }

    private static func mark(_ isOK: Bool?) -> String {
        switch isOK {
        case true?: "<span class=\"ok\">ok</span>"
        case false?: "<span class=\"failed\">FAIL</span>"
        case nil: "<span>-</span>"
        }
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --faint: #666; --line: #ccc; --ok: #106b2c; --bad: #b3140e;
          --shade: #f4f4f4; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e6e6e6; --paper: #151515; --faint: #a0a0a0; --line: #444; --ok: #62c67f; --bad: #ff7a70; --shade: #222; }
        }
        body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 64rem;
          margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
        small { color: var(--faint); font-weight: normal; }
        table { border-collapse: collapse; } th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
        .number { text-align: right; font-variant-numeric: tabular-nums; }
        ol { padding-left: 1.5rem; } li p { margin: .3rem 0; } li.broken { border-left: 3px solid var(--bad); padding-left: .75rem; }
        code { overflow-wrap: anywhere; }
        .ok { color: var(--ok); font-weight: 600; } .failed { color: var(--bad); font-weight: 600; } p.failed, .detail { font-weight: normal; }
        pre { background: var(--shade); padding: .75rem; overflow-x: auto; font-size: .8rem; line-height: 1.35; }
        figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
        a { color: inherit; }
        @media print { body { margin: 0; max-width: none; } pre { white-space: pre-wrap; } li { break-inside: avoid; } }
        """
}
