import CYaml

/// Composes the one document of a file of libyaml's events.
///
/// This stands on the libyaml that Yams brings rather than on Yams' own nodes, for these stop at the first duplicate
/// key and do not know where it is, forget where an alias stands, and are all in memory before anything can be limited.
final class YAMLReader {
    static let mostBytes = 4 << 20
    static let mostLevels = 64
    static let mostNodes = 1_000_000

    /// What was wrong has been reported, and nothing can be read after it.
    private struct Stop: Error {}

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let source: Source
    private let report: Report
    private var anchors: [String: YAMLNode] = [:]
    private var nodes = 0

    /// Reads `source`; nil when it is not one YAML document, which is then reported.
    static func read(_ source: Source, _ report: Report) -> YAMLNode? {
        guard source.bytes.count <= mostBytes else {
            report.error("the file is larger than \(mostBytes >> 20) MiB", at: .start)
            return nil
        }
        return source.bytes.withUnsafeBufferPointer { bytes in
            try? YAMLReader(bytes, source, report).document()
        }
    }

    /// The bytes have to stay where they are.
    private init(_ bytes: UnsafeBufferPointer<UInt8>, _ source: Source, _ report: Report) {
        self.source = source
        self.report = report
        parser = .allocate(capacity: 1)
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    private func document() throws(Stop) -> YAMLNode {
        _ = try next()
        guard case .documentStart = try next().kind else {
            throw stop("the file is empty", at: .start, hint: "the smallest lab is in labs/two-sites.yaml")
        }
        let root = try node(try next(), level: 1)
        _ = try next()
        let end = try next()
        guard case .streamEnd = end.kind else {
            throw stop("a second document starts here", at: end.position, hint: "a file describes one lab")
        }
        return root
    }

    // MARK: Nodes

    private func node(_ event: Event, level: Int) throws(Stop) -> YAMLNode {
        guard level <= Self.mostLevels else {
            throw tooDeep(at: event.position)
        }
        var node: YAMLNode
        switch event.kind {
        case .scalar(let text, let isPlain):
            node = YAMLNode(content: .scalar(text, isPlain: isPlain), position: event.position)
        case .alias(let name):
            return try alias(name, event.position, level)
        case .sequenceStart:
            node = try sequence(event.position, level)
        case .mappingStart:
            node = try mapping(event.position, level)
        default:
            throw stop("cannot be read as YAML", at: event.position)
        }
        try count(1, at: event.position)
        if let anchor = event.anchor { anchors[anchor] = node }
        return node
    }

    private func alias(_ name: String, _ position: Position, _ level: Int) throws(Stop) -> YAMLNode {
        guard var node = anchors[name] else {
            throw stop("there is no anchor \(quoted("&" + name)) before this", at: position)
        }
        guard level + node.depth <= Self.mostLevels else {
            throw tooDeep(at: position)
        }
        try count(node.size, at: position)
        node.position = position
        return node
    }

    private func sequence(_ position: Position, _ level: Int) throws(Stop) -> YAMLNode {
        var items: [YAMLNode] = []
        var whole = YAMLNode(content: .sequence([]), position: position)
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { break }
            let item = try node(event, level: level + 1)
            items.append(item)
            whole.enclose(item)
        }
        whole.content = .sequence(items)
        return whole
    }

    private func mapping(_ position: Position, _ level: Int) throws(Stop) -> YAMLNode {
        var pairs: [YAMLNode.Pair] = []
        var seen: [String: Position] = [:]
        var whole = YAMLNode(content: .mapping([]), position: position)
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { break }
            let key = try node(event, level: level + 1)
            let value = try node(try next(), level: level + 1)
            whole.enclose(key)
            whole.enclose(value)
            guard case .scalar(let name, _) = key.content else {
                report.error("a key has to be text, not \(key.kind)", at: key.position)
                continue
            }
            if let first = seen[name] {
                report.error("the key \(quoted(name)) is there twice: first on line \(first.line)", at: key.position)
                continue
            }
            seen[name] = key.position
            pairs.append(YAMLNode.Pair(key: Located(value: name, position: key.position), value: value))
        }
        whole.content = .mapping(pairs)
        return whole
    }

    /// An alias costs nothing to read and everything to walk: nine lines can stand for a billion nodes.
    private func count(_ more: Int, at position: Position) throws(Stop) {
        nodes += more
        guard nodes <= Self.mostNodes else {
            throw stop("the file stands for more than \(Self.mostNodes) values", at: position)
        }
    }

    // MARK: Events

    private struct Event {
        enum Kind {
            case streamEnd, documentStart, sequenceStart, sequenceEnd, mappingStart, mappingEnd, other
            case alias(String)
            case scalar(String, isPlain: Bool)
        }
        var kind: Kind
        var anchor: String?
        var position: Position
    }

    private func next() throws(Stop) -> Event {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else { throw unreadable() }
        defer { yaml_event_delete(&raw) }
        let position = Position(raw.start_mark)
        switch raw.type {
        case YAML_STREAM_END_EVENT: return Event(kind: .streamEnd, position: position)
        case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, position: position)
        case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, position: position)
        case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, position: position)
        case YAML_ALIAS_EVENT:
            return Event(kind: .alias(Self.text(raw.data.alias.anchor) ?? ""), position: position)
        case YAML_SEQUENCE_START_EVENT:
            let data = raw.data.sequence_start
            try checkTag(Self.text(data.tag), "seq", position)
            return Event(kind: .sequenceStart, anchor: Self.text(data.anchor), position: position)
        case YAML_MAPPING_START_EVENT:
            let data = raw.data.mapping_start
            try checkTag(Self.text(data.tag), "map", position)
            return Event(kind: .mappingStart, anchor: Self.text(data.anchor), position: position)
        case YAML_SCALAR_EVENT:
            let data = raw.data.scalar
            try checkTag(Self.text(data.tag), "str", position)
            let value = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
            let isPlain = data.style == YAML_PLAIN_SCALAR_STYLE && data.tag == nil
            return Event(kind: .scalar(value, isPlain: isPlain), anchor: Self.text(data.anchor), position: position)
        default: return Event(kind: .other, position: position)
        }
    }

    /// A tag says of what type a value is; here its place says that, so a tag may only agree.
    private func checkTag(_ tag: String?, _ expected: String, _ position: Position) throws(Stop) {
        guard let tag, tag != "!", tag != "tag:yaml.org,2002:" + expected else { return }
        throw stop("the tag \(quoted(tag)) has no meaning here", at: position)
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    // MARK: Errors

    private func stop(_ message: String, at position: Position, hint: String? = nil) -> Stop {
        report.error(message, at: position, hint: hint)
        return Stop()
    }

    private func tooDeep(at position: Position) -> Stop {
        stop("this is nested deeper than \(Self.mostLevels) levels", at: position)
    }

    private func unreadable() -> Stop {
        let error = parser.pointee
        let problem = error.problem.map { String(cString: $0) } ?? "out of memory"
        if error.error == YAML_READER_ERROR {
            let position = source.position(ofByte: error.problem_offset)
            return stop("this is not text that YAML allows: \(problem)", at: position, hint: "save the file as UTF-8")
        }
        // libyaml looks ahead, and has a limit of its own.
        if problem.contains("nesting level") { return tooDeep(at: Position(error.problem_mark)) }
        var message = "cannot be read as YAML: \(problem)"
        var position = Position(error.problem_mark)
        if let context = error.context {
            let start = Position(error.context_mark)
            message += " \(String(cString: context))"
            // What is missing at the end of the file is shown where the unfinished begins.
            if source.line(position.line) == nil {
                position = start
            } else if start.line != position.line {
                message += " that starts on line \(start.line)"
            }
        }
        return stop(message, at: position, hint: tabHint(at: position))
    }

    private func tabHint(at position: Position) -> String? {
        guard let line = source.line(position.line), line.prefix(max(1, position.column)).contains(UInt8(ascii: "\t"))
        else { return nil }
        return "YAML is indented with spaces, not with tabs"
    }
}

extension Position {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}

extension YAMLNode {
    /// Counts a node that stands inside this one.
    fileprivate mutating func enclose(_ inner: YAMLNode) {
        size += inner.size
        depth = max(depth, inner.depth + 1)
    }
}
