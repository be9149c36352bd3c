/// Whether a text is one well-formed XML element with whatever is inside it: names nest, attributes are quoted and not repeated, and
/// every `&` begins a reference. Says what is wrong, or nil.
func whatIsWrong(withXML text: String) -> String? {
    var open: [String] = []
    var roots = 0
    var rest = text[...]
    while let start = rest.firstIndex(of: "<") {
        if let problem = problem(inContent: rest[..<start]) { return problem }
        if open.isEmpty, rest[..<start].contains(where: { !$0.isWhitespace }) { return "text outside the root" }
        guard let end = rest[start...].firstIndex(of: ">") else { return "a tag has no end" }
        let tag = rest[start..<end].dropFirst()
        rest = rest[end...].dropFirst()
        if tag.hasPrefix("/") {
            guard open.popLast() == String(tag.dropFirst()) else { return "</\(tag.dropFirst())> closes nothing" }
            continue
        }
        let isEmpty = tag.hasSuffix("/")
        let name = String(tag.prefix { $0 != " " && $0 != "/" })
        if let problem = problem(inAttributes: tag.dropFirst(name.count).dropLast(isEmpty ? 1 : 0)) {
            return "<\(name)>: \(problem)"
        }
        if open.isEmpty { roots += 1 }
        if !isEmpty { open.append(name) }
    }
    if let last = open.last { return "<\(last)> is not closed" }
    return roots == 1 ? nil : "\(roots) roots"
}

private func problem(inAttributes text: Substring) -> String? {
    var names: Set<String> = []
    var rest = text.drop { $0 == " " }
    while !rest.isEmpty {
        guard let equals = rest.firstIndex(of: "=") else { return "'\(rest)' has no value" }
        let name = String(rest[..<equals])
        guard names.insert(name).inserted else { return "\(name) twice" }
        let value = rest[equals...].dropFirst()
        guard value.first == "\"", let end = value.dropFirst().firstIndex(of: "\"") else {
            return "\(name) is not quoted"
        }
        if let problem = problem(inContent: value[..<end]) { return problem }
        rest = value[end...].dropFirst().drop { $0 == " " }
    }
    return nil
}

private func problem(inContent text: Substring) -> String? {
    if text.contains("<") { return "< in '\(text)'" }
    for part in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
        guard ["amp;", "lt;", "gt;", "quot;"].contains(where: part.hasPrefix) else { return "& in '\(text)'" }
    }
    return nil
}
