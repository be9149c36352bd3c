import BGPWire
import JSON
import Net

/// Values of the field that are written alike in several places of the configuration.
extension ConfigurationFields {
    func uint32(_ key: String) throws(ConfigurationError) -> UInt32? {
        try number(key, 0...Int(UInt32.max)).map { UInt32(clamping: $0) }
    }

    func uint8(_ key: String) throws(ConfigurationError) -> UInt8? {
        try number(key, 0...255).map { UInt8(clamping: $0) }
    }

    func asn() throws(ConfigurationError) -> ASN {
        guard let asn = try uint32("asn").map({ ASN($0) }) else { throw error("asn", "missing: a number expected") }
        guard !asn.isReserved else { throw error("asn", "AS \(asn) is reserved; for private use are 64512 to 65534") }
        return asn
    }

    func prefixes(_ key: String) throws(ConfigurationError) -> [IPPrefix] {
        try texts(key, "a prefix without bits behind its length, like 192.0.2.0/24,")
    }

    func communities(_ key: String) throws(ConfigurationError) -> [Community] {
        try texts(key, "a community, like 65010:1 or NO_EXPORT,")
    }

    func largeCommunities(_ key: String) throws(ConfigurationError) -> [LargeCommunity] {
        try texts(key, "a large community, like 65010:1:2,")
    }

    func families(otherwise base: AddressFamilies) throws(ConfigurationError) -> AddressFamilies {
        guard self["families"] != nil else { return base }
        var families: AddressFamilies = []
        for (json, path) in try list("families") {
            guard let family = json.string.flatMap(AddressFamily.init) else {
                throw ConfigurationError(description: "\(path): ipv4 or ipv6 expected")
            }
            families.insert(AddressFamilies(family))
        }
        guard !families.isEmpty else { throw error("families", "at least one expected: ipv4 or ipv6") }
        return families
    }
}
