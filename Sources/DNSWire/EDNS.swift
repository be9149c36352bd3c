/// One option of an OPT record (RFC 6891, section 6.1.2).
public struct EDNSOption: Equatable, Sendable {
    /// OPTION-CODE.
    public var code: UInt16
    /// OPTION-DATA.
    public var data: [UInt8]

    /// Makes an option.
    public init(code: UInt16, data: [UInt8]) {
        self.code = code
        self.data = data
    }

    /// The code of the name server identifier: 3 (RFC 5001).
    @inlinable public static var nsid: UInt16 { 3 }
    /// The code of the network that a resolver asks for: 8 (RFC 7871).
    @inlinable public static var clientSubnet: UInt16 { 8 }
    /// The code of cookies: 10 (RFC 7873).
    @inlinable public static var cookie: UInt16 { 10 }
    /// The code of how long a TCP connection may be idle: 11 (RFC 7828).
    @inlinable public static var tcpKeepalive: UInt16 { 11 }
    /// The code of what an error means: 15 (RFC 8914).
    @inlinable public static var extendedError: UInt16 { 15 }
    /// The code of the version of a zone: 19 (RFC 9660).
    @inlinable public static var zoneVersion: UInt16 { 19 }
}

/// The OPT pseudo-record as a client writes and reads it (RFC 6891, section 6.1.3).
public struct EDNS: Equatable, Sendable {
    /// The greatest UDP payload that the sender takes, in octets.
    public var payloadSize: UInt16
    /// The upper eight bits of the response code.
    public var extendedResponseCode: UInt8
    /// The version of EDNS.
    public var version: UInt8
    /// DO: DNSSEC records are wanted (RFC 3225).
    public var isDNSSECOK: Bool
    /// The options in order.
    public var options: [EDNSOption]

    /// Makes an OPT record. 1232 octets pass every IPv6 path without fragments.
    public init(
        payloadSize: UInt16 = 1232, extendedResponseCode: UInt8 = 0, version: UInt8 = 0, isDNSSECOK: Bool = false,
        options: [EDNSOption] = []
    ) {
        self.payloadSize = payloadSize
        self.extendedResponseCode = extendedResponseCode
        self.version = version
        self.isDNSSECOK = isDNSSECOK
        self.options = options
    }

    /// Reads the fields of an OPT record; nil when an option is cut off.
    init?(_ record: ResourceRecord) {
        var options: [EDNSOption] = []
        var rest = record.data[...]
        while !rest.isEmpty {
            guard rest.count >= 4 else { return nil }
            let header = Array(rest.prefix(4)).map(Int.init)
            rest = rest.dropFirst(4)
            let size = header[2] << 8 | header[3]
            guard rest.count >= size else { return nil }
            let code = UInt16(truncatingIfNeeded: header[0] << 8 | header[1])
            options.append(EDNSOption(code: code, data: Array(rest.prefix(size))))
            rest = rest.dropFirst(size)
        }
        self.init(
            payloadSize: record.recordClass.rawValue,
            extendedResponseCode: UInt8(truncatingIfNeeded: record.ttl >> 24),
            version: UInt8(truncatingIfNeeded: record.ttl >> 16), isDNSSECOK: record.ttl & 0x8000 != 0,
            options: options)
    }

    /// The OPT record itself.
    public var record: ResourceRecord {
        var data: [UInt8] = []
        for option in options {
            data += bigEndian(option.code) + bigEndian(UInt16(truncatingIfNeeded: option.data.count)) + option.data
        }
        let ttl = UInt32(extendedResponseCode) << 24 | UInt32(version) << 16 | (isDNSSECOK ? 0x8000 : 0)
        return ResourceRecord(
            name: .root, type: .opt, recordClass: RecordClass(rawValue: payloadSize), ttl: ttl, data: data)
    }
}

/// The octets of a number in network byte order.
package func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}
