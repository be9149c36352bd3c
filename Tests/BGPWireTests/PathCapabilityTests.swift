import BGPWire
import Net
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
