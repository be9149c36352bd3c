import LabModel

/// A mapping whose keys are known, and how its values are read. Whatever is not as it should be is reported where it
/// stands, and reads as nil.
struct Fields {
    let position: Position
    private let values: [String: YAMLNode]
    private let report: Report

    /// Reads `node` as one of `keys`; nil when it is not a mapping. Unknown keys and missing ones are reported.
    init?(_ node: YAMLNode, _ keys: Keys, _ report: Report) {
        guard case .mapping(let pairs) = node.content else {
            report.error("expected \(keys.subject) with its keys, not \(node.kind)", at: node.position)
            return nil
        }
        let known = keys.all
        var values: [String: YAMLNode] = [:]
        for pair in pairs {
            if known.contains(pair.key.value) {
                values[pair.key.value] = pair.value
            } else {
                Self.reportUnknown(pair.key, keys, report)
            }
        }
        for key in keys.required where values[key] == nil {
            report.error("\(keys.subject) needs the key '\(key)'", at: node.position)
        }
        position = node.position
        self.values = values
        self.report = report
    }

    private static func reportUnknown(_ key: Located<String>, _ keys: Keys, _ report: Report) {
        let known = keys.all
        let synonym = Keys.synonyms[key.value.lowercased()].flatMap { known.contains($0) ? $0 : nil }
        let meant = synonym ?? Nearest.to(key.value, among: known)
        report.error(
            "\(keys.subject) has no key \(quoted(key.value))", at: key.position,
            hint: meant.map { "did you mean '\($0)'?" } ?? "the keys are: \(known.joined(separator: ", "))")
    }

    subscript(key: String) -> YAMLNode? { values[key] }

    /// Text under `key`.
    func text(_ key: String) -> Located<String>? { values[key].flatMap { $0.text(report) } }

    /// The items of the list under `key`; nil without the key.
    func list(_ key: String) -> [YAMLNode]? {
        guard let node = values[key] else { return nil }
        guard case .sequence(let items) = node.content else {
            let hint: String? = node.scalar == .text ? "write it in brackets: [\(node.plainText ?? "")]" : nil
            report.error("'\(key)' has to be a list, not \(node.kind)", at: node.position, hint: hint)
            return nil
        }
        return items
    }

    /// The entries of the mapping of names under `key`; empty without the key.
    func entries(_ key: String) -> [YAMLNode.Pair] {
        guard let node = values[key] else { return [] }
        guard case .mapping(let pairs) = node.content else {
            report.error("'\(key)' has to be a mapping of names, not \(node.kind)", at: node.position)
            return []
        }
        return pairs
    }

    /// A whole number in `range` under `key`.
    func whole(_ key: String, in range: ClosedRange<UInt32>) -> Located<UInt32>? {
        guard let node = values[key] else { return nil }
        guard node.scalar == .integer, let text = node.plainText else {
            report.error("'\(key)' has to be a whole number, not \(node.kind)", at: node.position)
            return nil
        }
        guard let value = Int64(text), range.contains(UInt32(clamping: value)), value >= 0, value <= UInt32.max else {
            report.error(
                "\(quoted(text)) is out of range for '\(key)'", at: node.position,
                hint: "it goes from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return Located(value: UInt32(value), position: node.position)
    }

    /// `true` or `false` under `key`.
    func flag(_ key: String) -> Bool? {
        guard let node = values[key] else { return nil }
        guard case .boolean(let value) = node.scalar else {
            report.error("'\(key)' has to be true or false, not \(node.kind)", at: node.position)
            return nil
        }
        return value
    }

    /// One of a few words under `key`.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String, as type: Word.Type) -> Word? {
        guard let text = text(key) else { return nil }
        if let word = Word(rawValue: text.value) { return word }
        let words = Word.allCases.map(\.rawValue)
        report.error(
            "'\(key)' cannot be \(quoted(text.value))", at: text.position,
            hint: Nearest.hint(text.value, among: words) ?? "say \(words.joined(separator: " or "))")
        return nil
    }

    /// A quantity with its unit under `key`.
    func quantity<Value>(_ key: String, _ read: (String) throws(Quantity.Wrong) -> Value) -> Located<Value>? {
        guard let node = values[key] else { return nil }
        guard let text = node.plainText else {
            report.error("'\(key)' has to be a number with a unit, not \(node.kind)", at: node.position)
            return nil
        }
        do {
            return Located(value: try read(text), position: node.position)
        } catch {
            report.error("\(quoted(text)) \(error.message) for '\(key)'", at: node.position, hint: error.hint)
            return nil
        }
    }
}

extension YAMLNode {
    /// The text of a scalar, whatever it stands for.
    var plainText: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    /// Text; anything else is reported.
    func text(_ report: Report) -> Located<String>? {
        guard case .scalar(let text, _) = content, scalar == .text else {
            let hint: String? = scalar == nil || scalar == .null ? nil : "put it in quotation marks"
            report.error("expected text, not \(kind)", at: position, hint: hint)
            return nil
        }
        return Located(value: text, position: position)
    }
}
