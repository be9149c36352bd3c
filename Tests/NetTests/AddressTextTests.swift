import Glibc
import Net
import TestSupport
import Testing

@Suite struct IPv6TextTests {
    @Test(
        "The text is the one of RFC 5952",
        arguments: [
            // Section 1: many spellings of one address.
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:0:1::1", "2001:db8::1:0:0:1"),
            ("2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"),
            // Section 4.1: no leading zeros; a group of zeros is one zero.
            ("2001:0db8::0001", "2001:db8::1"), ("2001:db8:0000:1:1:1:1:0000", "2001:db8:0:1:1:1:1:0"),
            // Section 4.2.1: as short as can be.
            ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"), ("2001:db8::0:1", "2001:db8::1"),
            // Section 4.2.2: not for one group.
            ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            // Section 4.2.3: the longest run, and the first of equals.
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("0:0:1:0:0:1:0:0", "::1:0:0:1:0:0"), ("1:0:0:1:0:0:0:0", "1:0:0:1::"),
            // Section 4.3: small letters.
            ("2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:AAAA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"),
            // Section 5: the dotted form where the prefix tells of an IPv4 address.
            ("::ffff:c000:201", "::ffff:192.0.2.1"), ("::FFFF:129.144.52.38", "::ffff:129.144.52.38"),
            ("0:0:0:0:0:ffff:0:0", "::ffff:0.0.0.0"), ("::fffe:c000:201", "::fffe:c000:201"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            // RFC 4291, section 2.2.
            ("0:0:0:0:0:0:0:0", "::"), ("0:0:0:0:0:0:0:1", "::1"), ("FF01:0:0:0:0:0:0:101", "ff01::101"),
            ("0:0:0:0:0:0:13.1.68.3", "::d01:4403"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("1::", "1::"),
        ]) func canonical(_ text: String, _ expected: String) throws
    {
        let address = try #require(IPv6Address(text))
        #expect(address.description == expected)
        #expect(IPv6Address(expected) == address)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1::2::3", ":::1", "1:::", "1:::2", "12345::",
            "00001::", "g::", "::1%eth0", "::1%1", " ::1", "::1 ", "::1\n", "\u{0}::1", "::1\u{0}", "[::1]", "::+1",
            "::-1", "::0x1", "::1.2.3", "::1.2.3.4.5", "::1.2.3.256", "::1.2.3.04", "::.1.2.3.4", "1.2.3.4::",
            "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:1.2.3.4", "::1:2:3:4:5:6:7:1.2.3.4", "::ffff:1.2.3.4/96",
            "\u{FF11}::", "::\u{0661}", "e\u{301}::", ":\u{301}:1", "::\u{301}", "2001:db8", "192.0.2.1",
        ]) func malformed(_ text: String)
    { #expect(IPv6Address(text) == nil) }

    @Test("Text is read as inet_pton(3) reads it") func readsAsTheLibraryDoes() {
        var random = SeededGenerator(1)
        let alphabet = Array("0123456789abcdefF:::::..g% ")
        var accepted = 0
        for _ in 0..<30_000 {
            var text = Array(sparseAddress(&random).description)
            for _ in 0..<Int.random(in: 0...2, using: &random) where !text.isEmpty {
                let position = Int.random(in: 0..<text.count, using: &random)
                let letter = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                switch Int.random(in: 0...2, using: &random) {
                case 0: text[position] = letter
                case 1: text.insert(letter, at: position)
                default: text.remove(at: position)
                }
            }
            let ours = IPv6Address(String(text)).map { IPAddress.v6($0).bytes }
            if ours != nil { accepted += 1 }
            #expect(ours == libraryBytes(String(text), AF_INET6, 16), "\(String(text))")
        }
        #expect((5_000...25_000).contains(accepted), "the texts must be of both sorts")
    }

    @Test("Text is written as inet_ntop(3) writes it") func writesAsTheLibraryDoes() {
        var random = SeededGenerator(2)
        for _ in 0..<20_000 {
            let address = sparseAddress(&random)
            // The deprecated IPv4-compatible form is where the library keeps to what RFC 5952 left behind.
            if address.high == 0, address.low >> 32 == 0 { continue }
            #expect(address.description == libraryText(IPAddress.v6(address).bytes, AF_INET6))
        }
    }
}

@Suite struct IPv4TextTests {
    @Test(
        "Dotted decimal is read and written",
        arguments: [
            ("0.0.0.0", 0), ("192.0.2.1", 0xC000_0201), ("255.255.255.255", 0xFFFF_FFFF), ("1.20.255.0", 0x0114_FF00),
        ] as [(String, UInt32)]) func dottedDecimal(_ text: String, _ value: UInt32)
    {
        #expect(IPv4Address(text)?.rawValue == value)
        #expect(IPv4Address(rawValue: value).description == text)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", ".", "1", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.", "1.2.3.4.5", "256.0.0.1", "1.2.3.256",
            "1.2.3.1000", "01.2.3.4", "1.2.3.04", "00.0.0.0", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "+1.2.3.4",
            "0x1.2.3.4",
            "1,2,3,4", "a.b.c.d", "1.2.3.4\n", "1.2.3.4\u{0}", "\u{0661}.2.3.4", "3232235777", "::1", "1.2.3.4/32",
            "99999999999999999999.1.1.1",
        ]) func malformed(_ text: String)
    { #expect(IPv4Address(text) == nil) }

    @Test("Text is read as inet_pton(3) reads it") func readsAsTheLibraryDoes() {
        var random = SeededGenerator(3)
        let alphabet = Array("0123456789...a ")
        for _ in 0..<30_000 {
            var text = Array(IPv4Address(rawValue: UInt32.random(in: 0 ... .max, using: &random)).description)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                text[Int.random(in: 0..<text.count, using: &random)] =
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            let ours = IPv4Address(String(text)).map { IPAddress.v4($0).bytes }
            #expect(ours == libraryBytes(String(text), AF_INET, 4), "\(String(text))")
        }
    }

    @Test(
        "Only addresses of hosts pass as such",
        arguments: [
            ("0.0.0.1", false), ("1.0.0.0", true), ("126.255.255.255", true), ("127.0.0.1", false), ("128.0.0.0", true),
            ("223.255.255.255", true), ("224.0.0.0", false), ("240.0.0.0", false), ("255.255.255.255", false),
        ]) func hosts(_ text: String, _ isHost: Bool)
    { #expect(IPv4Address(text)?.isHost == isHost) }
}

@Suite struct AddressFamilyTests {
    @Test("Either family is told from its text, and its bytes lead back to it") func eitherFamily() throws {
        let four = try #require(IPAddress("192.0.2.1"))
        let six = try #require(IPAddress("2001:db8::1"))
        #expect(four.family == .ipv4 && four.bytes == [192, 0, 2, 1])
        #expect(six.family == .ipv6 && six.bytes == [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
        #expect(IPAddress(bytes: four.bytes) == four && IPAddress(bytes: six.bytes) == six)
        for count in 0...20 where count != 4 && count != 16 {
            #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
        }
    }

    @Test(
        "Kinds of addresses end where they should",
        arguments: [
            ("fe80::", true, false), ("febf:ffff::", true, false), ("fec0::", false, false), ("fe7f::", false, false),
            ("ff00::", false, true), ("feff::", false, false), ("::1", false, false),
        ]) func kinds(_ text: String, _ isLinkLocal: Bool, _ isMulticast: Bool)
    {
        #expect(IPv6Address(text)?.isLinkLocal == isLinkLocal)
        #expect(IPv6Address(text)?.isMulticast == isMulticast)
    }

    @Test("Addresses sort by family, then by number") func order() throws {
        let sorted = [
            "0.0.0.0", "9.255.255.255", "10.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255", "::", "::1",
            "::ffff:ffff:ffff:ffff", "0:0:0:1::", "7fff::", "8000::", "ffff::",
        ]
        let addresses = try sorted.map { try #require(IPAddress($0)) }
        var random = SeededGenerator(4)
        #expect(addresses.shuffled(using: &random).sorted() == addresses)
        for (left, right) in zip(addresses, addresses.dropFirst()) { #expect(left < right && !(right < left)) }
    }
}

/// An address with long runs of zeros, where the text is hard.
private func sparseAddress(_ random: inout SeededGenerator) -> IPv6Address {
    var groups = (0..<8).map { _ in
        UInt16.random(in: 0...9, using: &random) < 6
            ? 0 : UInt16.random(in: 0 ... .max, using: &random) >> UInt16.random(in: 0...15, using: &random)
    }
    if UInt8.random(in: 0...9, using: &random) == 0 { groups.replaceSubrange(0..<6, with: [0, 0, 0, 0, 0, 0xFFFF]) }
    func half(_ part: ArraySlice<UInt16>) -> UInt64 { part.reduce(0) { $0 << 16 | UInt64($1) } }
    return IPv6Address(high: half(groups[..<4]), low: half(groups[4...]))
}

private func libraryBytes(_ text: String, _ family: Int32, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, text, &bytes) == 1 ? bytes : nil
}

private func libraryText(_ bytes: [UInt8], _ family: Int32) -> String {
    var text = [CChar](repeating: 0, count: 64)
    return inet_ntop(family, bytes, &text, socklen_t(text.count)).map { String(cString: $0) } ?? ""
}
