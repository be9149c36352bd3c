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
        case .ns, .cname, .ptr, .dname:
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
        case .hinfo:
            return try characterString("kind of processor") + characterString("operating system")
        case .naptr: return try namingAuthorityPointer()
        case .svcb, .https: return try serviceBinding()
        case .ds: return try delegationSigner()
        case .tlsa: return try certificateAssociation()
        case .sshfp: return try keyFingerprint()
        case .loc: return try location()
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
        let data = isAtEnd ? [] : try hexadecimal("data")
        guard data.count == Int(length) else {
            throw lengthToken.error("the data has \(data.count) octets, not \(length)")
        }
        return data
    }
}
