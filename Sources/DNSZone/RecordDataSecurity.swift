import DNSWire

/// Data that ends in octets written in hexadecimal.
extension RecordFields {
    /// `TAG ALGORITHM DIGEST-TYPE DIGEST` (RFC 4034, section 5.3).
    mutating func delegationSigner() throws(ZoneError) -> [UInt8] {
        var data = bigEndian(try number("key tag", UInt16.self))
        data.append(try number("algorithm", UInt8.self))
        let type = try number("digest type", UInt8.self)
        data.append(type)
        return data + (try digest("digest", count: Self.digestByteCount(type)))
    }

    /// `USAGE SELECTOR MATCHING-TYPE DATA` (RFC 6698, section 2.2).
    mutating func certificateAssociation() throws(ZoneError) -> [UInt8] {
        var data = [try number("certificate usage", UInt8.self), try number("selector", UInt8.self)]
        let type = try number("matching type", UInt8.self)
        data.append(type)
        let count: Int? =
            switch type {
            case 1: 32
            case 2: 64
            default: nil
            }
        return data + (try digest("certificate association data", count: count))
    }

    /// `ALGORITHM TYPE FINGERPRINT` (RFC 4255, section 3.2; SHA-256: RFC 6594).
    mutating func keyFingerprint() throws(ZoneError) -> [UInt8] {
        var data = [try number("algorithm", UInt8.self)]
        let type = try number("fingerprint type", UInt8.self)
        data.append(type)
        return data + (try digest("fingerprint", count: type <= 2 ? Self.digestByteCount(type) : nil))
    }

    /// SHA-1, SHA-256 and SHA-384 by the numbers of DS; of others nothing is known.
    private static func digestByteCount(_ type: UInt8) -> Int? {
        switch type {
        case 1: 20
        case 2: 32
        case 4: 48
        default: nil
        }
    }

    private mutating func digest(_ what: String, count: Int?) throws(ZoneError) -> [UInt8] {
        let token = try peek(what)
        let data = try hexadecimal(what)
        guard count == nil || data.count == count else {
            throw token.error("the \(what) has \(data.count) octets, not \(count ?? 0)")
        }
        guard !data.isEmpty else { throw token.error("the \(what) is empty") }
        return data
    }
}
