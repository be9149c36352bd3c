extension JSON {
    /// Makes a value of this JSON. Throws `DecodingError`, which names the place.
    public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try Value(from: JSONTreeDecoder(value: self, codingPath: []))
    }
}

/// A step of a coding path that the coded type has no key for: a position in an array, or a superclass.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
    init(intValue: Int) { (stringValue, self.intValue) = ("index \(intValue)", intValue) }

    /// Where `superEncoder()` puts a superclass.
    static let superclass = JSONKey(stringValue: "super")
}

private struct JSONTreeDecoder: Decoder {
    let value: JSON
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let members = value.members else { throw mismatch([String: JSON].self, "an object") }
        return KeyedDecodingContainer(ObjectDecoding<Key>(members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let elements = value.array else { throw mismatch([JSON].self, "an array") }
        return ArrayDecoding(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        ValueDecoding(value: value, codingPath: codingPath)
    }

    private func mismatch(_ type: Any.Type, _ name: String) -> DecodingError {
        .typeMismatch(type, .init(codingPath: codingPath, debugDescription: "\(name) expected"))
    }
}

private struct ValueDecoding: SingleValueDecodingContainer {
    let value: JSON
    let codingPath: [any CodingKey]

    func decodeNil() -> Bool { value == .null }
    func decode(_ type: Bool.Type) throws -> Bool { try expect(value.bool, type) }
    func decode(_ type: String.Type) throws -> String { try expect(value.string, type) }
    func decode(_ type: Double.Type) throws -> Double { try expect(value.double, type) }
    func decode(_ type: Float.Type) throws -> Float { try expect(value.double.map(Float.init), type) }

    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try Value(from: JSONTreeDecoder(value: value, codingPath: codingPath))
    }

    private func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        try expect(value.int.flatMap(Value.init(exactly:)), type)
    }

    private func expect<Value>(_ result: Value?, _ type: Value.Type) throws -> Value {
        guard let result else {
            throw DecodingError.typeMismatch(type, .init(codingPath: codingPath, debugDescription: "\(type) expected"))
        }
        return result
    }
}

private struct ObjectDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [JSON.Member]
    let codingPath: [any CodingKey]

    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }
    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try value(key) == .null }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try Value(from: nested(key))
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try nested(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try nested(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        let key = JSONKey.superclass
        return JSONTreeDecoder(value: find(key) ?? .null, codingPath: codingPath + [key])
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }

    private func find(_ key: some CodingKey) -> JSON? { members.first { $0.name == key.stringValue }?.value }

    private func value(_ key: Key) throws -> JSON {
        guard let value = find(key) else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: codingPath, debugDescription: "'\(key.stringValue)' is missing"))
        }
        return value
    }

    private func nested(_ key: Key) throws -> JSONTreeDecoder {
        JSONTreeDecoder(value: try value(key), codingPath: codingPath + [key])
    }
}

private struct ArrayDecoding: UnkeyedDecodingContainer {
    let elements: [JSON]
    let codingPath: [any CodingKey]
    var currentIndex = 0

    init(elements: [JSON], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, elements[currentIndex] == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try Value(from: next()) }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }

    private mutating func next() throws -> JSONTreeDecoder {
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                JSON.self,
                .init(codingPath: codingPath, debugDescription: "the array ends after \(elements.count) elements"))
        }
        defer { currentIndex += 1 }
        return JSONTreeDecoder(
            value: elements[currentIndex], codingPath: codingPath + [JSONKey(intValue: currentIndex)])
    }
}
