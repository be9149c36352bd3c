import Net
import TestSupport
import Testing

@Suite struct PrefixTests {
    @Test(
        "Text is read, and written the same",
        arguments: [
            "0.0.0.0/0", "10.0.0.0/8", "192.0.2.0/24", "192.0.2.254/31", "192.0.2.1/32", "::/0", "2001:db8::/32",
            "2001:db8:0:0:8000::/65", "2001:db8::1/128", "8000::/1", "128.0.0.0/1",
        ]) func text(_ text: String)
    { #expect(IPPrefix(text)?.description == text) }

    @Test(
        "What is no prefix is refused",
        arguments: [
            "", "/", "/24", "192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/256", "192.0.2.0/999999999999",
            "192.0.2.0/-1", "192.0.2.0/+24", "192.0.2.0/ 24", "192.0.2.0/24 ", "192.0.2.0/24/24", "192.0.2.0/024",
            "192.0.2.0/255.255.255.0", "192.0.2/24", "::/129", "::/1000", "2001:db8::/0x20", "192.0.2.0/\u{0662}",
        ]) func malformed(_ text: String)
    { #expect(IPPrefix(text) == nil) }

    @Test(
        "Host bits in a text are a slip, and refused",
        arguments: ["192.0.2.1/24", "192.0.2.1/31", "0.0.0.1/0", "2001:db8::1/64", "2001:db8::1/127", "::1/0"])
    func hostBits(_ text: String) { #expect(IPPrefix(text) == nil) }

    @Test("Host bits of an address are cleared, and a length too long is a host's") func clearing() {
        #expect(IPPrefix(.v4(IPv4Address(192, 0, 2, 255)), length: 24).description == "192.0.2.0/24")
        #expect(IPPrefix(.v4(IPv4Address(192, 0, 2, 255)), length: 0).description == "0.0.0.0/0")
        #expect(IPPrefix(.v4(IPv4Address(192, 0, 2, 255)), length: 255).description == "192.0.2.255/32")
        #expect(IPPrefix(.v6(IPv6Address(high: .max, low: .max)), length: 255).isHost)
        #expect(!IPPrefix(.v6(IPv6Address(high: .max, low: .max)), length: 127).isHost)
    }

    @Test("An address is inside if and only if the first bits are equal", arguments: AddressFamily.allCases)
    func containment(_ family: AddressFamily) throws {
        var random = SeededGenerator(5)
        for length in 0...Int(family.bitWidth) {
            let bytes = random.bytes(Int(family.bitWidth) / 8)
            let address = try #require(IPAddress(bytes: bytes))
            let prefix = IPPrefix(address, length: UInt8(length))
            #expect(prefix.contains(address) && prefix.contains(prefix.address))
            for bit in 0..<Int(family.bitWidth) {
                let other = try #require(IPAddress(bytes: flipping(bit, of: bytes)))
                #expect(prefix.contains(other) == (bit >= length), "bit \(bit) of \(prefix)")
                let host = IPPrefix(other, length: family.bitWidth)
                #expect(prefix.contains(host) == (bit >= length))
                #expect(prefix.overlaps(host) == (bit >= length) && host.overlaps(prefix) == (bit >= length))
            }
        }
    }

    @Test("Of two prefixes that overlap, the wider contains the other") func overlap() throws {
        let wide = try #require(IPPrefix("192.0.2.0/24"))
        let inside = try #require(IPPrefix("192.0.2.128/25"))
        let beside = try #require(IPPrefix("192.0.3.0/24"))
        #expect(wide.contains(inside) && !inside.contains(wide) && wide.contains(wide))
        let half = try #require(IPPrefix("192.0.2.0/25"))
        #expect(wide.contains(half) && !half.contains(wide), "the same address is not the same prefix")
        #expect(wide.overlaps(inside) && inside.overlaps(wide) && !wide.overlaps(beside) && !beside.overlaps(wide))
    }

    @Test("The families have nothing in common, not even everything") func families() throws {
        let everything = try #require(IPPrefix("0.0.0.0/0"))
        let everything6 = try #require(IPPrefix("::/0"))
        #expect(!everything.overlaps(everything6) && !everything6.overlaps(everything))
        #expect(!everything.contains(everything6.address) && !everything6.contains(everything.address))
        #expect(everything != everything6)
    }

    @Test("Prefixes sort by address, the wider first") func order() throws {
        let sorted = [
            "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/32", "10.128.0.0/9", "::/0", "::/128", "1::/16",
        ]
        let prefixes = try sorted.map { try #require(IPPrefix($0)) }
        #expect(Array(prefixes.reversed()).sorted() == prefixes)
    }

    private func flipping(_ bit: Int, of bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes[bit / 8] ^= 0x80 >> UInt8(bit % 8)
        return bytes
    }
}
