import DNSWire
import TestSupport
import Testing

@Suite struct DomainNameTests {
    @Test func wireFormIsLengthsAndLabels() throws {
        #expect(try DomainName("hello.test.").wire == hex("05 68656c6c6f 04 74657374 00"))
        #expect(try DomainName(".").wire == [0])
        #expect(try DomainName("hello.test") == DomainName("hello.test."))
    }

    @Test func relativeNamesTakeTheOrigin() throws {
        let origin = try DomainName("hello.test.")
        #expect(try DomainName(parsing: "www".utf8, origin: origin) == DomainName("www.hello.test."))
        #expect(try DomainName(parsing: "www.".utf8, origin: origin) == DomainName("www."))
        #expect(throws: DomainNameError.notAbsolute) { try DomainName(parsing: "www".utf8, origin: nil) }
    }

    @Test func escapesAreReadAndWritten() throws {
        let name = try DomainName(#"a\.b\032\255.test."#)
        #expect(name.labels == [[0x61, 0x2E, 0x62, 0x20, 0xFF], Array("test".utf8)])
        #expect(name.description == #"a\.b\032\255.test."#)
        for bad in [#"a\25"#, #"a\256"#, #"a\"#, #"a\2x5"#] {
            #expect(throws: DomainNameError.badEscape) { try DomainName(bad) }
        }
    }

    @Test func limitsOfLabelsAndNames() throws {
        let label = String(repeating: "a", count: 63)
        #expect(throws: DomainNameError.labelTooLong) { try DomainName(label + "a") }
        let longest = "\(label).\(label).\(label)." + String(repeating: "b", count: 61)
        #expect(try DomainName(longest).wire.count == 255)
        #expect(throws: DomainNameError.nameTooLong) { try DomainName(longest + "b") }
        for bad in ["", "a..b", ".a", ".."] {
            #expect(throws: DomainNameError.emptyLabel) { try DomainName(bad) }
        }
    }

    @Test func caseIsKeptAndIgnored() throws {
        let mixed = try DomainName("HeLLo.TEST")
        #expect(try mixed == DomainName("hello.test"))
        #expect(try mixed.hashValue == DomainName("hello.test").hashValue)
        #expect(mixed.description == "HeLLo.TEST.")
        // [ is 0x20 below {, but no letter.
        #expect(try DomainName("[.test") != DomainName("{.test"))
    }

    @Test func isEqualOrBelowGoesByLabels() throws {
        let origin = try DomainName("hello.test")
        #expect(try DomainName("a.b.Hello.test").isEqualOrBelow(origin))
        #expect(origin.isEqualOrBelow(origin))
        #expect(try !DomainName("xhello.test").isEqualOrBelow(origin))
        #expect(try !DomainName("test").isEqualOrBelow(origin))
        #expect(origin.isEqualOrBelow(.root))
    }

    private func read(_ message: [UInt8], at start: Int) throws -> (name: DomainName, end: Int) {
        var offset = start
        return (try DomainName(reading: message.span.bytes, at: &offset), offset)
    }

    @Test func pointersAreFollowedAndTheEndIsBehindTheFirst() throws {
        let message = hex("04 74657374 00 // test at 0 \n 01 61 c000 // a.test at 6 \n 01 62 c006 // b.a.test at 10")
        let (name, end) = try read(message, at: 10)
        #expect(try name == DomainName("b.a.test"))
        #expect(end == 14)
    }

    @Test func pointersThatDoNotGoBackAreRefused() {
        let loops = [
            hex("c000"),  // to itself
            hex("01 61 c000"),  // to the label before it: the same name again
            hex("c002 c000"),  // forward, and back
            hex("c00a 00"),  // outside the message
        ]
        for message in loops {
            #expect(throws: DomainNameError.badPointer) { try read(message, at: 0) }
        }
    }

    @Test func aLadderOfPointersCostsNoMoreThanANameCanNeed() {
        var message: [UInt8] = [0, 0]
        for step in 0..<200 { message += [0xC0 | UInt8((2 * step) >> 8), UInt8((2 * step) & 255)] }
        #expect(throws: DomainNameError.badPointer) { try read(message, at: 400) }
        #expect(throws: Never.self) { try read(message, at: 100) }
    }

    @Test func everyTruncationOfANameIsAnError() {
        let message = hex("05 68656c6c6f 04 74657374 00")
        for count in 0..<message.count {
            #expect(throws: DomainNameError.malformed) { try read(Array(message[..<count]), at: 0) }
        }
        #expect(throws: DomainNameError.malformed) { try read(hex("41 61 00"), at: 0) }
        #expect(throws: DomainNameError.malformed) { try read(hex("80 61 00"), at: 0) }
    }

    @Test func aNameThatPointersMakeTooLongIsRefused() {
        var message: [UInt8] = [0]
        for part in 0..<5 {
            message += [63] + [UInt8](repeating: 0x61, count: 63)
            message +=
                part == 0 ? [0xC0, 0] : [0xC0 | UInt8((1 + 66 * (part - 1)) >> 8), UInt8((1 + 66 * (part - 1)) & 255)]
        }
        #expect(throws: Never.self) { try read(message, at: 1 + 66 * 2) }
        #expect(throws: DomainNameError.nameTooLong) { try read(message, at: 1 + 66 * 3) }
    }
}
