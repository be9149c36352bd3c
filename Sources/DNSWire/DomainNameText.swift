extension DomainName {
    /// Reads the text form (RFC 1035, section 5.1): labels with dots between them, `\.` and `\DDD` as escapes. A name
    /// that does not end in a dot is relative to `origin`. Throws ``DomainNameError``.
    public init(parsing text: some Sequence<UInt8>, origin: DomainName?) throws(DomainNameError) {
        var labels: [[UInt8]] = []
        var label: [UInt8] = []
        var endsInDot = false
        var isEmpty = true
        var octets = text.makeIterator()
        while let octet = octets.next() {
            if isEmpty, octet == UInt8(ascii: ".") {
                guard octets.next() == nil else { throw .emptyLabel }
                self = .root
                return
            }
            isEmpty = false
            endsInDot = octet == UInt8(ascii: ".")
            if endsInDot {
                guard !label.isEmpty else { throw .emptyLabel }
                labels.append(label)
                label = []
            } else if octet == UInt8(ascii: "\\") {
                label.append(try Self.escaped(&octets))
            } else {
                label.append(octet)
            }
        }
        guard !isEmpty else { throw .emptyLabel }
        if endsInDot {
            try self.init(labels: labels)
        } else {
            guard let origin else { throw .notAbsolute }
            try self.init(labels: labels + [label] + origin.labels)
        }
    }

    /// Reads an absolute name; the dot at its end may be missing. Throws ``DomainNameError``.
    public init(_ text: some StringProtocol) throws(DomainNameError) {
        try self.init(parsing: text.utf8, origin: .root)
    }

    private static func escaped(_ octets: inout some IteratorProtocol<UInt8>) throws(DomainNameError) -> UInt8 {
        guard let first = octets.next() else { throw .badEscape }
        guard let hundreds = decimalDigit(first) else { return first }
        guard let tens = octets.next().flatMap(decimalDigit), let ones = octets.next().flatMap(decimalDigit),
            let value = UInt8(exactly: hundreds * 100 + tens * 10 + ones)
        else { throw .badEscape }
        return value
    }
}

/// The value of `0` to `9`; nil for any other octet.
package func decimalDigit(_ octet: UInt8) -> Int? {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) ? Int(octet) - 0x30 : nil
}

extension DomainName: CustomStringConvertible {
    /// The text form with a dot at its end. Octets that are no printable ASCII, and those with a meaning in master
    /// files, are escaped.
    public var description: String {
        guard wire.count > 1 else { return "." }
        var text = ""
        for label in labels {
            for octet in label {
                switch octet {
                case UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: ";"), UInt8(ascii: "("),
                    UInt8(ascii: ")"), UInt8(ascii: "@"), UInt8(ascii: "$"):
                    text += "\\"
                    text.unicodeScalars.append(Unicode.Scalar(octet))
                case 0x21...0x7E:
                    text.unicodeScalars.append(Unicode.Scalar(octet))
                default:
                    let digits = String(octet)
                    text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
                }
            }
            text += "."
        }
        return text
    }
}
