import DNSWire
import Net

extension RecordFields {
    /// Reads the data of a record to the end of the entry, in the form of its type or in that of unknown types.
    mutating func data(of type: RecordType, _ typeToken: ZoneToken) throws(ZoneError) -> [UInt8] {
        let data: [UInt8]
        let start = try peek("data of the \(type) record")
        if start.octets == [UInt8(ascii: "\\"), UInt8(ascii: "#")], !start.isQuoted {
            _ = try next("data")
            data = try genericData()
            guard isWellFormed(data, type) else { throw start.error("these octets are no data of type \(type)") }
        } else {
            data = try typedData(of: type, typeToken)
        }
        try end()
        guard data.count <= 0xFFFF else { throw start.error("the data is longer than 65535 octets") }
        return data
    }

    private mutating func typedData(of type: RecordType, _ typeToken: ZoneToken) throws(ZoneError) -> [UInt8] {
        switch type {
        case .a:
            let token = try next("IPv4 address")
            guard let address = IPv4Address(token.text) else {
                throw token.error("'\(token.text)' is no IPv4 address")
            }
            return IPAddress.v4(address).bytes
        case .aaaa:
            let token = try next("IPv6 address")
            guard let address = IPv6Address(token.text) else {
                throw token.error("'\(token.text)' is no IPv6 address")
            }
            return IPAddress.v6(address).bytes
        case .ns, .cname, .ptr:
            return try name("target name").wire
        case .mx:
            return bigEndian(try number("preference", UInt16.self)) + (try name("mail exchange")).wire
        case .srv:
            let numbers = [
                try number("priority", UInt16.self), try number("weight", UInt16.self), try number("port", UInt16.self),
            ]
            return numbers.flatMap(bigEndian) + (try name("target name")).wire
        case .soa:
            return try startOfAuthority()
        case .txt:
            var data = try characterString("text")
            while !isAtEnd { data += try characterString("text") }
            return data
        case .caa:
            return try certificationAuthorityAuthorization()
        default:
            throw typeToken.error("the data of type \(type) must be written as \\# LENGTH HEX (RFC 3597)")
        }
    }

    /// `MNAME RNAME SERIAL REFRESH RETRY EXPIRE MINIMUM` (RFC 1035, section 3.3.13).
    private mutating func startOfAuthority() throws(ZoneError) -> [UInt8] {
        var data = try name("primary name server").wire
        data += try name("mailbox of the responsible person").wire
        data += bigEndian(try number("serial number", UInt32.self))
        for what in ["refresh interval", "retry interval", "expire interval", "negative TTL"] {
            data += bigEndian(try ttl(what))
        }
        return data
    }

    /// `FLAGS TAG VALUE` (RFC 8659, section 4.1).
    private mutating func certificationAuthorityAuthorization() throws(ZoneError) -> [UInt8] {
        let flags = try number("flags", UInt8.self)
        let token = try peek("property tag")
        let tag = try characterString("property tag")
        guard tag.count > 1, tag.dropFirst().allSatisfy(Self.isLetterOrDigit) else {
            throw token.error("the property tag must be letters and digits, not '\(token.text)'")
        }
        return [flags] + tag + (try octets("property value"))
    }

    private static func isLetterOrDigit(_ octet: UInt8) -> Bool {
        decimalDigit(octet) != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lowercase(octet))
    }

    /// `LENGTH HEX...` after `\#` (RFC 3597, section 5).
    private mutating func genericData() throws(ZoneError) -> [UInt8] {
        let lengthToken = try peek("length of the data")
        let length = try number("length of the data", UInt16.self)
        var digits: [UInt8] = []
        while !isAtEnd {
            let token = try next("data")
            for octet in token.octets {
                guard let digit = Self.hexadecimalDigit(octet) else {
                    throw token.error("'\(token.text)' is not hexadecimal")
                }
                digits.append(digit)
            }
        }
        guard digits.count == 2 * Int(length) else {
            throw lengthToken.error("the data has \(digits.count) hexadecimal digits, not 2 x \(length)")
        }
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
}

/// Whether octets are data of a type that this module knows; of other types anything is.
func isWellFormed(_ data: [UInt8], _ type: RecordType) -> Bool {
    switch type {
    case .a: return data.count == 4
    case .aaaa: return data.count == 16
    case .txt:
        return !data.isEmpty
            && ResourceRecord(name: .root, type: .txt, ttl: 0, data: data).strings != nil
    case .caa: return data.count >= 3 && data[1] > 0 && data.count >= 2 + Int(data[1])
    default: break
    }
    let layout = RecordDataLayout(type)
    guard layout.nameCount > 0 else { return true }
    var offset = layout.prefix
    for _ in 0..<layout.nameCount {
        let start = offset
        // A compressed name would be one octet run here and another one written out.
        guard let name = try? DomainName(reading: data.span.bytes, at: &offset), name.wire[...] == data[start..<offset]
        else { return false }
    }
    return offset + (type == .soa ? 20 : 0) == data.count
}
