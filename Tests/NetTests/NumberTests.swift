import Foundation
import Net
import TestSupport
import Testing

@Suite struct ASNTests {
    @Test(
        "Numbers are read in asplain, with or without AS",
        arguments: [("0", 0), ("65010", 65010), ("AS65010", 65010), ("4294967295", .max)] as [(String, UInt32)])
    func text(_ text: String, _ number: UInt32) {
        #expect(ASN(text)?.rawValue == number)
        #expect(ASN(number).description == String(number))
    }

    @Test(
        "What is no number is refused",
        arguments: [
            "", "AS", "as1", "ASAS1", "AS 1", " 1", "1 ", "+1", "-1", "AS-1", "AS+1", "1.10", "0x10", "4294967296",
            "99999999999999999999", "\u{0661}", "1\u{0}",
        ]) func malformed(_ text: String)
    { #expect(ASN(text) == nil) }

    @Test(
        "The ranges of the registry end where they should",
        arguments: [
            (0, "reserved"), (1, ""), (23456, "reserved"), (64495, ""), (64496, "documentation"),
            (64511, "documentation"), (64512, "private"), (65534, "private"), (65535, "reserved"),
            (65536, "documentation"), (65551, "documentation"), (65552, ""), (4_199_999_999, ""),
            (4_200_000_000, "private"), (4_294_967_294, "private"), (4_294_967_295, "reserved"),
        ] as [(UInt32, String)]) func ranges(_ number: UInt32, _ range: String)
    {
        let asn = ASN(number)
        #expect(asn.isReserved == (range == "reserved"))
        #expect(asn.isDocumentation == (range == "documentation"))
        #expect(asn.isPrivate == (range == "private"))
    }
}

@Suite struct MACAddressTests {
    @Test("Text is read in either case, and written in small letters") func text() throws {
        let address = try #require(MACAddress("02:00:0A:bc:00:fF"))
        #expect(address.rawValue == 0x0200_0ABC_00FF && address.description == "02:00:0a:bc:00:ff")
        #expect(address.bytes == [2, 0, 0x0A, 0xBC, 0, 0xFF] && MACAddress(bytes: address.bytes) == address)
        #expect(MACAddress(bytes: [1, 2, 3, 4, 5]) == nil && MACAddress(bytes: [1, 2, 3, 4, 5, 6, 7]) == nil)
        #expect(MACAddress(rawValue: .max).rawValue == 0xFFFF_FFFF_FFFF)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", "02:00:00:00:00", "02:00:00:00:00:00:00", "2:0:0:0:0:0", "02-00-00-00-00-00", "0200.0000.0000",
            "02:00:00:00:00:0g", "02:00:00:00:00:+1", "02:00:00:00:00:-1", "02:00:00:00:00:00 ", ":02:00:00:00:00",
            "02:00:00:00:00:", "02:00:00:00:00:000", "\u{FF10}2:00:00:00:00:00", "02:00:00:00:00:\u{0661}",
        ]) func malformed(_ text: String)
    { #expect(MACAddress(text) == nil) }
}

@Suite struct HostileTextTests {
    @Test("Bytes of any sort never trap, and what is accepted is written as it is read") func randomBytes() {
        var random = SeededGenerator(6)
        let alphabet = Array("0123456789abcdefAS:./-+ \u{301}\u{FE0F}\r\n\u{0}\u{1F600}%")
        for round in 0..<40_000 {
            let text =
                round % 2 == 0
                ? random.text(of: alphabet, upTo: 24)
                : String(decoding: random.bytes(Int.random(in: 0...24, using: &random)), as: UTF8.self)
            check(IPv4Address.self, text)
            check(IPv6Address.self, text)
            check(IPAddress.self, text)
            check(IPPrefix.self, text)
            check(ASN.self, text)
            check(MACAddress.self, text)
        }
    }

    private func check<Value: LosslessStringConvertible & Equatable>(_ type: Value.Type, _ text: String) {
        if let value = Value(text) { #expect(Value(value.description) == value, "\(text.debugDescription)") }
    }
}

@Suite struct NetworkCodingTests {
    private struct Values: Codable, Equatable {
        var four: IPv4Address
        var six: IPv6Address
        var either: [IPAddress]
        var prefix: IPPrefix
        var mac: MACAddress
        var asn: ASN
        var family: AddressFamily
    }

    @Test("Values travel as their text") func roundTrip() throws {
        let values = Values(
            four: IPv4Address(192, 0, 2, 1), six: IPv6Address(high: 0x2001_0db8_0000_0000, low: 1),
            either: [.v4(.any), .v6(.any)], prefix: IPPrefix(.v4(IPv4Address(192, 0, 2, 0)), length: 24),
            mac: MACAddress(rawValue: 1), asn: ASN(.max), family: .ipv6)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = try encoder.encode(values)
        #expect(
            String(decoding: json, as: UTF8.self)
                == #"{"asn":4294967295,"either":["0.0.0.0","::"],"family":"ipv6","four":"192.0.2.1","mac":"00:00:00:00:00:01","prefix":"192.0.2.0/24","six":"2001:db8::1"}"#
        )
        #expect(try JSONDecoder().decode(Values.self, from: json) == values)
    }

    @Test(
        "Text of another sort is an error that quotes it",
        arguments: [#"["192.0.2.256"]"#, "[1]", "[null]", #"["::1"]"#])
    func wrong(_ json: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([IPv4Address].self, from: Data(json.utf8)) }
    }
}
