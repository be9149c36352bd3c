// Network values travel as their text, so that a lab stored as JSON is readable and diffs well.

extension Decoder {
    fileprivate func text<Value: LosslessStringConvertible>(_ type: Value.Type) throws -> Value {
        let container = try singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Value(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a \(type)")
        }
        return value
    }
}

extension Encoder {
    fileprivate func put(text: String) throws {
        var container = singleValueContainer()
        try container.encode(text)
    }
}

extension IPv4Address: Codable {
    /// Reads the dotted-decimal text.
    public init(from decoder: any Decoder) throws { self = try decoder.text(IPv4Address.self) }
    /// Writes the dotted-decimal text.
    public func encode(to encoder: any Encoder) throws { try encoder.put(text: description) }
}

extension IPv6Address: Codable {
    /// Reads the text of RFC 4291.
    public init(from decoder: any Decoder) throws { self = try decoder.text(IPv6Address.self) }
    /// Writes the text of RFC 5952.
    public func encode(to encoder: any Encoder) throws { try encoder.put(text: description) }
}

extension IPAddress: Codable {
    /// Reads the text of either family.
    public init(from decoder: any Decoder) throws { self = try decoder.text(IPAddress.self) }
    /// Writes the canonical text.
    public func encode(to encoder: any Encoder) throws { try encoder.put(text: description) }
}

extension IPPrefix: Codable {
    /// Reads `ADDRESS/LENGTH`.
    public init(from decoder: any Decoder) throws { self = try decoder.text(IPPrefix.self) }
    /// Writes `ADDRESS/LENGTH`.
    public func encode(to encoder: any Encoder) throws { try encoder.put(text: description) }
}

extension MACAddress: Codable {
    /// Reads the colon form.
    public init(from decoder: any Decoder) throws { self = try decoder.text(MACAddress.self) }
    /// Writes the colon form.
    public func encode(to encoder: any Encoder) throws { try encoder.put(text: description) }
}

extension ASN: Codable {
    /// Reads the number.
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(UInt32.self)
    }
    /// Writes the number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
