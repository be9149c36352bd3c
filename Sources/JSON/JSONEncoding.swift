extension JSON {
    /// The value of anything `Encodable`. Dates, data and infinities have no form here: nothing of ours uses them.
    /// Throws what the value's own `encode(to:)` throws.
    public init(encoding value: some Encodable) throws {
        let encoder = JSONTreeEncoder(codingPath: [])
        try value.encode(to: encoder)
        self = encoder.node.json
    }
}

/// A JSON value under construction. Containers share it by reference, as `Encoder` wants.
private final class Node {
    private enum Content {
        case value(JSON)
        case array([Node])
        case object([(String, Node)])
    }
    private var content = Content.value(.null)

    var json: JSON {
        switch content {
        case .value(let value): value
        case .array(let elements): .array(elements.map(\.json))
        case .object(let members): .object(members.map { JSON.Member($0.0, $0.1.json) })
        }
    }

    func set(_ value: JSON) { content = .value(value) }

    func becomeObject() {
        if case .object = content { return }
        content = .object([])
    }

    func becomeArray() {
        if case .array = content { return }
        content = .array([])
    }

    var count: Int { if case .array(let elements) = content { elements.count } else { 0 } }

    func append() -> Node {
        let child = Node()
        if case .array(var elements) = content {
            content = .value(.null)
            elements.append(child)
            content = .array(elements)
        }
        return child
    }

    func member(_ name: String) -> Node {
        let child = Node()
        if case .object(var members) = content {
            content = .value(.null)
            members.append((name, child))
            content = .object(members)
        }
        return child
    }
}

private struct JSONTreeEncoder: Encoder {
    let node: Node
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(codingPath: [any CodingKey], node: Node = Node()) {
        self.codingPath = codingPath
        self.node = node
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeObject()
        return KeyedEncodingContainer(ObjectEncoding<Key>(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeArray()
        return ArrayEncoding(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        ValueEncoding(node: node, codingPath: codingPath)
    }
}

/// Writes one value into a node: the one place that knows how a Swift value looks in JSON.
private struct ValueEncoding: SingleValueEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]

    func encodeNil() { node.set(.null) }
    func encode(_ value: Bool) { node.set(.bool(value)) }
    func encode(_ value: String) { node.set(.string(value)) }
    func encode(_ value: Double) { node.set(.double(value)) }
    func encode(_ value: Float) { node.set(.double(Double(value))) }

    func encode(_ value: Int) { node.set(.int(value)) }
    func encode(_ value: Int8) { node.set(.int(Int(value))) }
    func encode(_ value: Int16) { node.set(.int(Int(value))) }
    func encode(_ value: Int32) { node.set(.int(Int(value))) }
    func encode(_ value: Int64) { node.set(.int(Int(value))) }
    func encode(_ value: UInt8) { node.set(.int(Int(value))) }
    func encode(_ value: UInt16) { node.set(.int(Int(value))) }
    func encode(_ value: UInt32) { node.set(.int(Int(value))) }
    func encode(_ value: UInt) throws { try encode(UInt64(value)) }

    func encode(_ value: UInt64) throws {
        guard let number = Int(exactly: value) else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: codingPath, debugDescription: "\(value) does not fit a JSON number of 63 bits")
            )
        }
        node.set(.int(number))
    }

    func encode(_ value: some Encodable) throws {
        try value.encode(to: JSONTreeEncoder(codingPath: codingPath, node: node))
    }
}

private struct ObjectEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) { node.member(key.stringValue).set(.null) }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        try value.encode(to: JSONTreeEncoder(codingPath: codingPath + [key], node: node.member(key.stringValue)))
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        nested(key).container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { nested(key).unkeyedContainer() }
    func superEncoder() -> any Encoder {
        let key = JSONKey.superclass
        return JSONTreeEncoder(codingPath: codingPath + [key], node: node.member(key.stringValue))
    }

    func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

    private func nested(_ key: Key) -> JSONTreeEncoder {
        JSONTreeEncoder(codingPath: codingPath + [key], node: node.member(key.stringValue))
    }
}

private struct ArrayEncoding: UnkeyedEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]
    var count: Int { node.count }

    func encodeNil() { node.append().set(.null) }

    func encode(_ value: some Encodable) throws {
        try value.encode(to: nested())
    }

    func nestedContainer<NestedKey: CodingKey>(keyedBy keyType: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        nested().container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }
    func superEncoder() -> any Encoder { nested() }

    private func nested() -> JSONTreeEncoder {
        JSONTreeEncoder(codingPath: codingPath + [JSONKey(intValue: node.count)], node: node.append())
    }
}
