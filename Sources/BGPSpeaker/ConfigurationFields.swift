import JSON
import Net

/// A configuration that cannot be used, with the place: `neighbors[0].asn: a number expected`.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The place and what is wrong, for people.
    public let description: String
}

/// The members of one object of the configuration. Whoever reads them says which there may be; others are an error, since
/// a key that nobody reads is nearly always a slip.
struct ConfigurationFields {
    private let path: String
    private let members: [JSON.Member]

    init(_ json: JSON, _ path: String, keys: [String]) throws(ConfigurationError) {
        guard let members = json.members else { throw Self.error(path, "an object expected") }
        self.path = path
        self.members = members
        var seen: Set<String> = []
        for member in members {
            guard keys.contains(member.name) else {
                throw error(member.name, "unknown key; there are \(keys.joined(separator: ", "))")
            }
            guard seen.insert(member.name).inserted else { throw error(member.name, "given twice; take one away") }
        }
    }

    /// The value of a key; nil when it is absent or null.
    subscript(key: String) -> JSON? {
        guard let value = members.first(where: { $0.name == key })?.value, value != .null else { return nil }
        return value
    }

    func string(_ key: String) throws(ConfigurationError) -> String {
        guard let json = self[key] else { throw error(key, "missing: a string expected") }
        guard let value = json.string else { throw error(key, "a string expected") }
        return value
    }

    /// The members of the object under a key, which may be absent.
    func object(_ key: String, _ keys: [String]) throws(ConfigurationError) -> ConfigurationFields? {
        try self[key].map { json throws(ConfigurationError) in
            try ConfigurationFields(json, place(key), keys: keys)
        }
    }

    /// A value that is written as text.
    func text<Value: LosslessStringConvertible>(
        _ key: String, _ what: String, as type: Value.Type = Value.self
    ) throws(ConfigurationError) -> Value {
        guard let value = Value(try string(key)) else { throw Self.error(place(key), "\(what) expected") }
        return value
    }

    func number(_ key: String, _ range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let json = self[key] else { return nil }
        guard let value = json.int, range.contains(value) else {
            throw Self.error(place(key), "a number of \(range.lowerBound) to \(range.upperBound) expected")
        }
        return value
    }

    func flag(_ key: String) throws(ConfigurationError) -> Bool? {
        guard let json = self[key] else { return nil }
        guard let value = json.bool else { throw Self.error(place(key), "true or false expected") }
        return value
    }

    /// The elements of a list, each with its place; empty when the key is absent.
    func list(_ key: String) throws(ConfigurationError) -> [(json: JSON, path: String)] {
        guard let json = self[key] else { return [] }
        guard let elements = json.array else { throw Self.error(place(key), "a list expected") }
        return elements.enumerated().map { ($0.element, "\(place(key))[\($0.offset)]") }
    }

    /// A list of values that are written as text.
    func texts<Value: LosslessStringConvertible>(
        _ key: String, _ what: String, as type: Value.Type = Value.self
    ) throws(ConfigurationError) -> [Value] {
        var result: [Value] = []
        for (json, path) in try list(key) {
            guard let value = json.string.flatMap(Value.init) else { throw Self.error(path, "\(what) expected") }
            result.append(value)
        }
        return result
    }

    func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func error(_ key: String, _ reason: String) -> ConfigurationError { Self.error(place(key), reason) }

    private static func error(_ place: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(description: place.isEmpty ? reason : "\(place): \(reason)")
    }
}
