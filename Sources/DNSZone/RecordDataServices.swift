import DNSWire
import Net

extension RecordFields {
    /// `ORDER PREFERENCE FLAGS SERVICES REGEXP REPLACEMENT` (RFC 3403, section 4.1).
    mutating func namingAuthorityPointer() throws(ZoneError) -> [UInt8] {
        var data = bigEndian(try number("order", UInt16.self)) + bigEndian(try number("preference", UInt16.self))
        for what in ["flags", "services", "regular expression"] { data += try characterString(what) }
        return data + (try name("replacement")).wire
    }

    /// `PRIORITY TARGET [KEY[=VALUE]]...` (RFC 9460, section 2.1).
    mutating func serviceBinding() throws(ZoneError) -> [UInt8] {
        var data = bigEndian(try number("priority", UInt16.self)) + (try name("target name")).wire
        var parameters: [UInt16: [UInt8]] = [:]
        let start = try? peek("parameter")
        while !isAtEnd {
            let parameter = try serviceParameter()
            guard parameters[parameter.key] == nil else {
                throw parameter.token.error("the parameter is there twice")
            }
            parameters[parameter.key] = try parameter.wire()
        }
        if let start {
            try checkMandatory(parameters, start)
            // RFC 9460, section 7.1.1.
            if parameters[2] != nil, parameters[1] == nil { throw start.error("no-default-alpn needs alpn beside it") }
        }
        for (key, value) in parameters.sorted(by: { $0.key < $1.key }) {
            data += bigEndian(key) + bigEndian(UInt16(clamping: value.count)) + value
        }
        return data
    }

    /// What is mandatory must be there (RFC 9460, section 8).
    private func checkMandatory(_ parameters: [UInt16: [UInt8]], _ start: ZoneToken) throws(ZoneError) {
        guard let mandatory = parameters[0] else { return }
        for index in stride(from: 0, to: mandatory.count - 1, by: 2) {
            let key = UInt16(mandatory[index]) << 8 | UInt16(mandatory[index + 1])
            if key == 0 || parameters[key] == nil { throw start.error("a mandatory parameter is missing: key\(key)") }
        }
    }

    /// `KEY`, `KEY=VALUE` or `KEY="VALUE"`, where the string follows the equals sign at once.
    private mutating func serviceParameter() throws(ZoneError) -> ServiceParameter {
        let token = try next("parameter")
        let parts = token.octets.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(decoding: parts.first ?? [], as: UTF8.self)
        guard !token.isQuoted, let key = ServiceParameter.key(name) else {
            throw token.error("'\(token.text)' is no parameter of a service")
        }
        guard parts.count == 2 else { return ServiceParameter(token: token, key: key, value: nil) }
        if parts[1].isEmpty, !isAtEnd, let following = try? peek("value"), following.isQuoted,
            following.line == token.line, following.column == token.column + token.octets.count
        {
            return ServiceParameter(token: token, key: key, value: try octets("value"))
        }
        let value = ZoneToken(octets: Array(parts[1]), file: token.file, line: token.line, column: token.column)
        return ServiceParameter(token: token, key: key, value: try unescaped(value))
    }
}

/// A parameter of an SVCB or HTTPS record (RFC 9460, section 7).
private struct ServiceParameter {
    let token: ZoneToken
    let key: UInt16
    /// Its value, escapes resolved; nil where the key stands alone.
    let value: [UInt8]?

    private static let names = [
        "mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath",
    ]

    /// The number of a name, or of `key` and a number.
    static func key(_ name: String) -> UInt16? {
        if let index = names.firstIndex(of: name) { return UInt16(index) }
        guard name.hasPrefix("key") else { return nil }
        let digits = name.dropFirst(3)
        guard digits.utf8.allSatisfy({ decimalDigit($0) != nil }), digits == "0" || digits.first != "0" else {
            return nil
        }
        return UInt16(digits)
    }

    /// The value in wire form. Throws ``ZoneError``.
    func wire() throws(ZoneError) -> [UInt8] {
        let isLone = key == 2
        guard isLone == (value == nil) || key > 7 else {
            throw token.error(isLone ? "no-default-alpn takes no value" : "the parameter needs a value")
        }
        let value = value ?? []
        switch key {
        case 0: return try keys(value)
        case 1: return try list(value).flatMap { [UInt8(clamping: $0.count)] + $0 }
        case 3:
            // The initializer would take a sign.
            guard value.allSatisfy({ decimalDigit($0) != nil }), let port = UInt16(text(value)) else {
                throw token.error("'\(text(value))' is no port")
            }
            return bigEndian(port)
        case 4: return try addresses(value, .ipv4)
        case 5:
            guard let data = base64(value) else { throw token.error("the value is not base64") }
            return data
        case 6: return try addresses(value, .ipv6)
        default: return value
        }
    }

    private func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self) }

    private func keys(_ value: [UInt8]) throws(ZoneError) -> [UInt8] {
        var keys: [UInt16] = []
        for name in try list(value) {
            guard let key = Self.key(text(name)), !keys.contains(key) else {
                throw token.error("'\(text(name))' is no parameter of a service, or is there twice")
            }
            keys.append(key)
        }
        return keys.sorted().flatMap(bigEndian)
    }

    private func addresses(_ value: [UInt8], _ family: AddressFamily) throws(ZoneError) -> [UInt8] {
        var data: [UInt8] = []
        for item in try list(value) {
            guard let address = IPAddress(text(item)), address.family == family else {
                throw token.error("'\(text(item))' is no \(family == .ipv4 ? "IPv4" : "IPv6") address")
            }
            data += address.bytes
        }
        return data
    }

    /// The items between commas, where `\,` and `\\` stand for themselves (RFC 9460, appendix A.1).
    private func list(_ value: [UInt8]) throws(ZoneError) -> [[UInt8]] {
        var items: [[UInt8]] = [[]]
        var rest = value[...]
        while let octet = rest.popFirst() {
            switch octet {
            case UInt8(ascii: ","): items.append([])
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { throw token.error("a backslash has nothing after it") }
                items[items.count - 1].append(escaped)
            default: items[items.count - 1].append(octet)
            }
        }
        guard items.allSatisfy({ (1...255).contains($0.count) }) else {
            throw token.error("an item of the list is empty, or longer than 255 octets")
        }
        return items
    }
}

/// The octets of base64 with padding (RFC 4648, section 4); nil when it is none.
private func base64(_ text: [UInt8]) -> [UInt8]? {
    guard !text.isEmpty, text.count.isMultiple(of: 4) else { return nil }
    let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var (bits, count) = (0, 0)
    var result: [UInt8] = []
    for octet in text.dropLast(padding) {
        guard let digit = alphabet.firstIndex(of: octet) else { return nil }
        (bits, count) = ((bits << 6 | digit) & 0xFFFF, count + 6)
        if count >= 8 {
            count -= 8
            result.append(UInt8(truncatingIfNeeded: bits >> count))
        }
    }
    return result
}
