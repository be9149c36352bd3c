import BGPWire
import Net

extension [UInt8] {
    mutating func append(_ address: IPAddress) {
        switch address {
        case .v4(let v4): append(bigEndian: v4.rawValue)
        case .v6(let v6):
            append(bigEndian: v6.high)
            append(bigEndian: v6.low)
        }
    }

    /// Overwrites the four octets at `offset`, which a length field has kept free.
    mutating func patch32(_ value: Int, at offset: Int) {
        for (index, shift) in [24, 16, 8, 0].enumerated() {
            self[offset + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
    }
}

extension ByteReader {
    @_lifetime(self: copy self)
    mutating func address(_ family: AddressFamily) -> IPAddress? {
        switch family {
        case .ipv4: return uint32().map { .v4(IPv4Address(rawValue: $0)) }
        case .ipv6:
            guard let high = uint64(), let low = uint64() else { return nil }
            return .v6(IPv6Address(high: high, low: low))
        }
    }

    @_lifetime(self: copy self)
    mutating func asn(isFourOctet: Bool) -> ASN? {
        isFourOctet ? uint32().map { ASN($0) } : uint16().map { ASN(UInt32($0)) }
    }
}
