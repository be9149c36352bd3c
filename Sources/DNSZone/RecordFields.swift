import DNSWire
import Net

/// The words of one entry, read one after the other. Every error stands at the word that is wrong, or, when one is
/// missing, at the last word.
struct RecordFields {
    private let tokens: [ZoneToken]
    private let origin: DomainName
    private var index = 0

    init(tokens: [ZoneToken], origin: DomainName) {
        self.tokens = tokens
        self.origin = origin
    }

    var isAtEnd: Bool { index >= tokens.count }

    func peek(_ what: String) throws(ZoneError) -> ZoneToken {
        guard index < tokens.count else {
            let reason = "the \(what) is missing after this"
            throw tokens.last?.error(reason) ?? ZoneError(line: 1, column: 1, reason: reason)
        }
        return tokens[index]
    }

    mutating func next(_ what: String) throws(ZoneError) -> ZoneToken {
        let token = try peek(what)
        index += 1
        return token
    }

    /// Requires that nothing is left.
    func end() throws(ZoneError) {
        if index < tokens.count { throw tokens[index].error("'\(tokens[index].text)' is too much here") }
    }

    mutating func name(_ what: String) throws(ZoneError) -> DomainName {
        let token = try next(what)
        guard !token.isQuoted else { throw token.error("the \(what) must not be in quotes") }
        if token.octets == [UInt8(ascii: "@")] { return origin }
        do {
            return try DomainName(parsing: token.octets, origin: origin)
        } catch {
            throw token.error("the \(what) '\(token.text)' is wrong: \(error)")
        }
    }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ what: String, _ type: Number.Type
    ) throws(ZoneError) -> Number {
        let token = try next(what)
        guard !token.isQuoted, !token.octets.isEmpty, token.octets.allSatisfy({ decimalDigit($0) != nil }),
            let value = Number(token.text)
        else { throw token.error("the \(what) must be a number from 0 to \(Number.max), not '\(token.text)'") }
        return value
    }

    /// Seconds, or a sum with units, as in `1w2d3h4m5s`.
    mutating func ttl(_ what: String) throws(ZoneError) -> UInt32 {
        let token = try next(what)
        guard !token.isQuoted, let seconds = Self.seconds(token.octets) else {
            throw token.error("the \(what) must be seconds, as 300 or 1h30m, up to 2147483647, not '\(token.text)'")
        }
        return seconds
    }

    private static func seconds(_ octets: [UInt8]) -> UInt32? {
        var total = 0
        var number: Int?
        let limit = Int(Int32.max)
        for octet in octets {
            if let digit = decimalDigit(octet) {
                number = (number ?? 0) * 10 + digit
                guard let number, number <= limit else { return nil }
            } else {
                guard let counted = number, let unit = secondsPerUnit(octet) else { return nil }
                total += counted * unit
                guard total <= limit else { return nil }
                number = nil
            }
        }
        guard !octets.isEmpty else { return nil }
        total += number ?? 0
        return total <= limit ? UInt32(total) : nil
    }

    private static func secondsPerUnit(_ octet: UInt8) -> Int? {
        switch lowercase(octet) {
        case UInt8(ascii: "s"): 1
        case UInt8(ascii: "m"): 60
        case UInt8(ascii: "h"): 3600
        case UInt8(ascii: "d"): 86400
        case UInt8(ascii: "w"): 604800
        default: nil
        }
    }

    /// Octets with their escapes resolved (RFC 1035, section 5.1).
    mutating func octets(_ what: String) throws(ZoneError) -> [UInt8] {
        try unescaped(try next(what))
    }

    /// The octets of a word, its escapes resolved.
    func unescaped(_ token: ZoneToken) throws(ZoneError) -> [UInt8] {
        var result: [UInt8] = []
        var rest = token.octets[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "\\") else {
                result.append(octet)
                continue
            }
            guard let escaped = rest.popFirst() else { throw token.error("a backslash has nothing after it") }
            guard let hundreds = decimalDigit(escaped) else {
                result.append(escaped)
                continue
            }
            guard let tens = rest.popFirst().flatMap(decimalDigit), let ones = rest.popFirst().flatMap(decimalDigit),
                let value = UInt8(exactly: hundreds * 100 + tens * 10 + ones)
            else { throw token.error("a backslash and digits must be three digits up to 255") }
            result.append(value)
        }
        return result
    }

    /// Octets in hexadecimal, up to the end of the entry; blanks may stand between the digits.
    mutating func hexadecimal(_ what: String) throws(ZoneError) -> [UInt8] {
        let first = try peek(what)
        var digits: [UInt8] = []
        while !isAtEnd {
            let token = try next(what)
            for octet in token.octets {
                guard let digit = Self.hexadecimalDigit(octet) else {
                    throw token.error("'\(token.text)' is not hexadecimal")
                }
                digits.append(digit)
            }
        }
        guard digits.count.isMultiple(of: 2) else { throw first.error("the \(what) ends in half an octet") }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func hexadecimalDigit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): octet - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): octet - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): octet - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// A character-string: its length in one octet, then its octets.
    mutating func characterString(_ what: String) throws(ZoneError) -> [UInt8] {
        let token = try peek(what)
        let octets = try octets(what)
        guard let length = UInt8(exactly: octets.count) else {
            throw token.error("a string has \(octets.count) octets, and 255 are the most")
        }
        return [length] + octets
    }
}
