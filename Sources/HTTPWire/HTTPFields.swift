/// The fields of a message, in order; names are the same in any case (RFC 9110, section 5.1).
public struct HTTPFields: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    /// One field line.
    public struct Line: Equatable, Sendable {
        /// The name.
        public var name: String
        /// The value, without white space at its ends.
        public var value: String

        /// Makes a line.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The lines.
    public private(set) var lines: [Line] = []

    /// Makes fields of names and values.
    public init(dictionaryLiteral elements: (String, String)...) {
        lines = elements.map { Line(name: $0.0, value: $0.1) }
    }

    /// The values of all lines of a name, joined by commas (RFC 9110, section 5.3); nil without any. Set, it stands for all of them.
    public subscript(name: String) -> String? {
        get {
            let values = all(name)
            return values.isEmpty ? nil : values.joined(separator: ", ")
        }
        set {
            lines.removeAll { Self.areSame($0.name, name) }
            if let newValue { lines.append(Line(name: name, value: newValue)) }
        }
    }

    /// The values of the lines of a name.
    public func all(_ name: String) -> [String] {
        lines.lazy.filter { Self.areSame($0.name, name) }.map(\.value)
    }

    /// The members of a list (RFC 9110, section 5.6.1), of all lines of its name.
    public func list(_ name: String) -> [Substring] {
        all(name).flatMap { $0.split(separator: ",") }.map(\.trimmed).filter { !$0.isEmpty }
    }

    /// Adds a line behind those that there are.
    public mutating func append(_ name: String, _ value: String) {
        lines.append(Line(name: name, value: value))
    }

    /// Whether two names are the same.
    static func areSame(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        left.utf8.count == right.utf8.count && left.lowercased() == right.lowercased()
    }
}

extension HTTPFields {
    /// The fields without those that are of one connection (RFC 9110, section 7.6.1).
    public var endToEnd: HTTPFields {
        var result = self
        let named = list("Connection").map(String.init)
        let always = ["Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade"]
        for name in named + always { result[name] = nil }
        return result
    }
}

extension StringProtocol {
    /// Without spaces and tabs at the ends.
    var trimmed: SubSequence {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
