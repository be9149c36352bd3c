import BGPWire
import Net
import TestSupport
import Testing

/// The capabilities of RFC 7911 and RFC 8950 in an OPEN.
@Suite("Path capabilities")
struct PathCapabilityTests {
    private static let open = OpenMessage(
        asn: ASN(65010), holdTime: 9, identifier: v4("10.0.0.1"),
        capabilities: [
            .extendedNextHop([.ipv4ByIPv6]),
            .addPath([
                AddPath(FamilyIdentifier(.ipv4), directions: 3), AddPath(FamilyIdentifier(.ipv6), directions: 1),
            ]),
        ])

    private static let octets = hex(
        """
        FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF
        0031 01
        04 FDF2 0009 0A000001
        14 02 12
        05 06 0001 0001 0002             ; IPv4 unicast may go by way of IPv6
        45 08 0001 01 03 0002 01 01      ; IPv4 unicast: both directions, IPv6 unicast: only taken
        """)

    @Test("The octets are those of the RFCs")
    func golden() throws {
        var buffer: [UInt8] = []
        Self.open.encode(to: &buffer)
        #expect(buffer == Self.octets)
        #expect(try OpenMessage(decoding: Array(buffer[19...]).span.bytes) == Self.open)
    }

    @Test("A length that is no multiple of an entry's is an OPEN Message Error", arguments: [5, 69])
    func lengths(code: UInt8) {
        let entry = code == 5 ? 6 : 4
        for length in 0...20 {
            let capability = [code, UInt8(length)] + [UInt8](repeating: 1, count: length)
            let body =
                hex("04 FDF2 0009 0A000001") + [UInt8(capability.count + 2), 2, UInt8(capability.count)] + capability
            var fault: NotificationMessage?
            do throws(NotificationMessage) {
                _ = try OpenMessage(decoding: body.span.bytes)
            } catch { fault = error }
            #expect(fault == (length % entry == 0 ? nil : NotificationMessage(.openMessageError)), "\(length)")
        }
    }
}

/// Optional parameters whose lengths take two octets (RFC 9072).
@Suite("Extended optional parameters")
struct ExtendedParametersTests {
    private func decode(_ parameters: String) throws(NotificationMessage) -> [Capability] {
        try decode(hex(parameters))
    }

    private func decode(_ parameters: [UInt8]) throws(NotificationMessage) -> [Capability] {
        let body = hex("04 FDF2 00B4 0A000001") + parameters
        return try OpenMessage(decoding: body.span.bytes).capabilities
    }

    @Test("They are used as soon as one octet does not hold the length, and not before")
    func boundary() throws {
        // One capability of 2 + 251 octets in one parameter of 2 more is 255.
        for length in [250, 251, 252, 253] {
            var open = OpenMessage(asn: ASN(65010), holdTime: 9, identifier: v4("10.0.0.1"), capabilities: [])
            open.capabilities = [.unknown(code: 200, value: [UInt8](repeating: 7, count: length))]
            var buffer: [UInt8] = []
            open.encode(to: &buffer)
            #expect(buffer[28] == (length <= 251 ? UInt8(length + 4) : 255))
            #expect((buffer[29] == 255) == (length > 251))
            #expect(try OpenMessage(decoding: Array(buffer[19...]).span.bytes) == open)
        }
    }

    @Test("They are read whatever the first length says, for few octets too, with several parameters or none")
    func accepted() throws {
        for first in ["01", "0B", "FE", "FF"] {
            #expect(try decode("\(first) FF 0005 02 0002 02 00") == [.routeRefresh])
            #expect(
                try decode("\(first) FF 000A 02 0002 02 00 02 0002 46 00") == [.routeRefresh, .enhancedRouteRefresh])
            #expect(try decode("\(first) FF 0000").isEmpty)
        }
    }

    @Test("Lengths that contradict each other, or are cut anywhere, are an OPEN Message Error")
    func errors() throws {
        let whole = hex("FF FF 000A 02 0002 02 00 02 0002 46 00")
        for length in 1..<whole.count {
            #expect(throws: NotificationMessage(.openMessageError)) {
                try decode(Array(whole[..<length]))
            }
        }
        for wrong in ["FF FF 0004 02 0002 02 00", "FF FF 0006 02 0002 02 00", "FF FF 0005 02 0003 02 00"] {
            #expect(throws: NotificationMessage(.openMessageError)) { try decode(wrong) }
        }
        #expect(throws: NotificationMessage(.unsupportedOptionalParameter)) { try decode("FF FF 0003 01 0000") }
        // Without a first length there are no parameters, so what follows is too much.
        #expect(throws: NotificationMessage(.openMessageError)) { try decode("00 FF 0000") }
    }
}
