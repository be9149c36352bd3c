/// Why octets or text are not a domain name.
public enum DomainNameError: Error, Equatable, Sendable {
    /// A label of more than 63 octets (RFC 1035, section 2.3.4).
    case labelTooLong
    /// More than 255 octets in wire form (RFC 1035, section 2.3.4).
    case nameTooLong
    /// Two dots in a row, a dot at the start, or no text at all.
    case emptyLabel
    /// A backslash that neither three digits up to 255 nor a character follows (RFC 1035, section 5.1).
    case badEscape
    /// A name without a dot at its end where no origin is known.
    case notAbsolute
    /// A compression pointer that does not point backward, or more of them than a name can need (RFC 1035, section 4.1.4).
    case badPointer
    /// The octets end before the name does, or a length octet is of a reserved kind.
    case malformed
}

extension DomainNameError: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .labelTooLong: "a label is longer than 63 octets"
        case .nameTooLong: "the name is longer than 255 octets"
        case .emptyLabel: "the name has an empty label"
        case .badEscape: "a backslash needs a character or three digits up to 255 after it"
        case .notAbsolute: "the name must end in a dot"
        case .badPointer: "a compression pointer does not point backward"
        case .malformed: "the name is cut off or has a bad length octet"
        }
    }
}

/// A domain name in wire form, uncompressed: labels, each after its length, and the empty label of the root.
/// ```
/// hello.test.  ->  05 h e l l o 04 t e s t 00
/// ```
/// The case of letters is kept; comparison ignores it (RFC 4343).
public struct DomainName: Sendable {
    /// The wire form: 1 to 255 octets, the last of them 0.
    public let wire: [UInt8]

    /// The longest name in octets: 255.
    @inlinable public static var maximumByteCount: Int { 255 }
    /// The longest label in octets: 63.
    @inlinable public static var maximumLabelByteCount: Int { 63 }

    /// The name of the root, `.`.
    public static var root: DomainName { DomainName(trusted: [0]) }

    /// Takes octets that are known to be a name.
    init(trusted wire: [UInt8]) { self.wire = wire }

    /// Makes a name of its labels, the first one first, without the root's. Throws ``DomainNameError``.
    public init(labels: [[UInt8]]) throws(DomainNameError) {
        var wire: [UInt8] = []
        for label in labels {
            guard !label.isEmpty else { throw .emptyLabel }
            guard label.count <= Self.maximumLabelByteCount else { throw .labelTooLong }
            wire.append(UInt8(truncatingIfNeeded: label.count))
            wire += label
        }
        wire.append(0)
        guard wire.count <= Self.maximumByteCount else { throw .nameTooLong }
        self.wire = wire
    }

    /// The labels, the first one first, without the root's.
    public var labels: [[UInt8]] {
        var result: [[UInt8]] = []
        var rest = wire[...]
        while let length = rest.popFirst(), length > 0 {
            result.append(Array(rest.prefix(Int(length))))
            rest = rest.dropFirst(Int(length))
        }
        return result
    }

    /// The number of labels without the root's: 0 for the root, 2 for `hello.test.`.
    public var labelCount: Int { labels.count }

    /// The name without its first label; nil for the root.
    public var parent: DomainName? {
        guard let length = wire.first, length > 0 else { return nil }
        return DomainName(trusted: Array(wire.dropFirst(Int(length) + 1)))
    }

    /// The name with one more label before it. Throws ``DomainNameError``.
    public func prepending(_ label: some Sequence<UInt8>) throws(DomainNameError) -> DomainName {
        try DomainName(labels: [Array(label)] + labels)
    }

    /// The name with the letters A to Z in lower case.
    public var lowercased: DomainName { DomainName(trusted: wire.map(lowercase)) }

    /// Whether this is `ancestor` or lies below it.
    public func isEqualOrBelow(_ ancestor: DomainName) -> Bool {
        var name: DomainName? = self
        while let candidate = name, candidate.wire.count >= ancestor.wire.count {
            if candidate == ancestor { return true }
            name = candidate.parent
        }
        return false
    }
}

extension DomainName: Hashable {
    /// Compares without regard to the case of letters (RFC 4343, section 3).
    public static func == (left: DomainName, right: DomainName) -> Bool {
        left.wire.count == right.wire.count
            && zip(left.wire, right.wire).allSatisfy { $0 == $1 || lowercase($0) == lowercase($1) }
    }

    /// Hashes the name in lower case.
    public func hash(into hasher: inout Hasher) {
        for octet in wire { hasher.combine(lowercase(octet)) }
    }
}

/// A to Z become a to z. Length octets are at most 63 and so never letters: a whole wire name can pass through.
@inlinable
package func lowercase(_ octet: UInt8) -> UInt8 {
    (0x41...0x5A).contains(octet) ? octet | 0x20 : octet
}
