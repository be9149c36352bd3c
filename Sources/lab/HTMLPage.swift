import Picture

/// One HTML page that needs nothing else: for a browser, for print, in light and dark.
enum HTMLPage {
    /// A page of a title, as text, and a body, as markup.
    static func document(title: String, _ body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Markup.escaped(title))</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        \(body)
        </body>
        </html>

        """
    }

    /// An SVG document as a part of the page. Inside a page it needs no namespace, and the page names nothing that could be loaded.
    static func figure(_ svg: String) -> String {
        "<figure>\(svg.replacing(" xmlns=\"http://www.w3.org/2000/svg\"", with: ""))</figure>"
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
        @media screen and (max-width: 50rem) { figure { overflow-x: auto; } figure svg { min-width: 42rem; } }
        @media print { body { margin: 0; max-width: none; } pre { white-space: pre-wrap; } li { break-inside: avoid; } }
        """
}
