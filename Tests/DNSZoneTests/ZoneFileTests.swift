import DNSWire
import DNSZone
import Testing

@Suite struct ZoneFileTests {
    private let origin: DomainName

    init() throws { origin = try DomainName("hello.test") }

    private func records(_ text: String) throws -> [ZoneRecord] {
        try ZoneFile(parsing: text, origin: origin).records
    }

    /// The errors of a text, as `line:column: reason`.
    private func errors(_ text: String) -> [String] {
        do {
            _ = try ZoneFile(parsing: text, origin: origin)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    @Test func ownersAreRelativeAbsoluteInheritedOrTheOrigin() throws {
        let owners = try records(
            """
            www A 192.0.2.1
                A 192.0.2.2
            mail.hello.test. A 192.0.2.3
            @ A 192.0.2.4
            $ORIGIN sub
            www A 192.0.2.5
            $ORIGIN other.test.
            @ A 192.0.2.6
            """
        ).map(\.owner.description)
        #expect(
            owners == [
                "www.hello.test.", "www.hello.test.", "mail.hello.test.", "hello.test.", "www.sub.hello.test.",
                "other.test.",
            ])
    }

    @Test func timesToLiveAndClassesInEitherOrder() throws {
        let ttls = try records(
            """
            a A 192.0.2.1
            a 60 IN A 192.0.2.2
            a IN 1h30m A 192.0.2.3
            a A 192.0.2.4
            $TTL 1d
            a in A 192.0.2.5
            a 0 A 192.0.2.6
            a A 192.0.2.7
            """
        ).map(\.ttl)
        #expect(ttls == [300, 60, 5400, 5400, 86400, 0, 86400])
    }

    @Test func theFormOfLabFileRecords() throws {
        let record = try #require(try records("www 300 A 198.51.100.10").first)
        #expect(record.type == .a)
        #expect(record.ttl == 300)
        #expect(record.data == [198, 51, 100, 10])
    }

    @Test func dataOfEveryType() throws {
        let all = try records(
            ##"""
            @ SOA ns1 host\.master (   ; the primary and a mailbox with a dot
                2026010101             ; serial
                1h 10m 1w 60 )         ; timers
            @ NS ns1
            a A 192.0.2.1
            a AAAA 2001:db8::1
            c CNAME a
            p PTR a.hello.test.
            @ MX 10 mail
            t TXT "two words" one "" "quote \" and \065; not a comment"
            s SRV 1 2 443 a
            @ CAA 0 issue "ca.example"
            u TYPE65280 \# 3 01 02 03
            u TYPE65281 \# 0
            g A \# 4 c0000201
            """##)
        let data = Dictionary(grouping: all, by: \.type).mapValues { $0.map(\.data) }
        let ns1 = try DomainName("ns1.hello.test").wire
        #expect(
            try data[.soa]?.first
                == ns1 + DomainName(#"host\.master.hello.test"#).wire
                + [0x78, 0xC2, 0x75, 0xF5, 0, 0, 14, 16, 0, 0, 2, 88, 0, 9, 58, 128, 0, 0, 0, 60])
        #expect(data[.ns] == [ns1])
        #expect(data[.a] == [[192, 0, 2, 1], [192, 0, 2, 1]])
        #expect(data[.aaaa] == [[0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]])
        #expect(try data[.cname] == [DomainName("a.hello.test").wire])
        #expect(try data[.ptr] == [DomainName("a.hello.test").wire])
        #expect(try data[.mx] == [[0, 10] + DomainName("mail.hello.test").wire])
        #expect(try data[.srv] == [[0, 1, 0, 2, 1, 187] + DomainName("a.hello.test").wire])
        #expect(data[.caa] == [[0, 5] + Array("issueca.example".utf8)])
        let text = ["two words", "one", "", "quote \" and A; not a comment"].flatMap {
            [UInt8($0.utf8.count)] + Array($0.utf8)
        }
        #expect(data[.txt] == [text])
        #expect(data[RecordType(rawValue: 65280)] == [[1, 2, 3]])
        #expect(data[RecordType(rawValue: 65281)] == [[]])
    }

    /// The examples of RFC 1876, section 4, RFC 9460, appendix D.2, and the registrations of the others, in octets.
    @Test func dataOfTheRarerTypes() throws {
        let name = "03 66 6f 6f 07 65 78 61 6d 70 6c 65 03 63 6f 6d 00"
        let cases: [(String, String)] = [
            ("HINFO \"PDP 11\" unix", "06 50 44 50 20 31 31 04 75 6e 69 78"),
            ("DNAME foo.example.com.", name),
            ("NAPTR 100 10 u E2U+sip \"!x!y!\" .", "0064 000a 01 75 07 4532552b736970 05 2178217921 00"),
            (
                "DS 60485 5 1 ( 2BB183AF5F22588179A5 3B0A98631FAD1A292118 )",
                "ec45 05 01 2bb183af5f22588179a53b0a98631fad1a292118"
            ),
            ("TLSA 3 1 2 \(String(repeating: "ab", count: 64))", "03 01 02" + String(repeating: "ab", count: 64)),
            ("SSHFP 4 2 \(String(repeating: "0f", count: 32))", "04 02" + String(repeating: "0f", count: 32)),
            ("LOC 42 21 54 N 71 06 18 W -24m 30m", "00 33 16 13 89 17 2d d0 70 be 15 f0 00 98 8d 20"),
            ("LOC 42 21 43.952 N 71 5 6.344 W -24m 1m 200m", "00 12 24 13 89 17 06 90 70 bf 2d d8 00 98 8d 20"),
            ("LOC 32 7 19 S 116 2 25 E 10m", "00 12 16 13 79 1b 7d 28 98 e6 48 68 00 98 9a 68"),
            ("HTTPS 0 foo.example.com.", "0000" + name),
            ("SVCB 1 .", "0001 00"),
            ("SVCB 16 foo.example.com. port=53", "0010" + name + "0003 0002 0035"),
            ("SVCB 1 foo.example.com. key667=hello", "0001" + name + "029b 0005 68656c6c6f"),
            (
                #"SVCB 1 foo.example.com. key667="hello\210qoo""#, "0001" + name + "029b 0009 68656c6c6fd2716f6f"
            ),
            (
                #"SVCB 1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1""#,
                "0001" + name
                    + "0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001"
            ),
            (
                "SVCB 16 foo.example.com. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
                "0010" + name + "0000 0004 0001 0004 0001 0009 02 6832 05 68332d3139 0004 0004 c0000201"
            ),
            (
                #"SVCB 16 foo.example.com. alpn="f\\\\oo\\,bar,h2""#,
                "0010" + name + "0001 000c 08 665c6f6f2c626172 02 6832"
            ),
            ("SVCB 1 . alpn=h2 no-default-alpn ech=AQID", "0001 00 0001 0003 02 6832 0002 0000 0005 0003 010203"),
        ]
        for (text, expected) in cases {
            let record = try #require(try records("a " + text).first, "\(text)")
            let digits = expected.filter { $0 != " " }
            #expect(
                record.data.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == digits,
                "\(text)")
            // The same octets in the form of unknown types are as good.
            let generic = "a \(record.type) \\# \(record.data.count) \(digits)"
            #expect(try records(generic).first?.data == record.data, "\(text)")
        }
    }

    @Test func includedFilesAreRelativeToTheFileThatIncludesThem() throws {
        let files = [
            "sub/hosts.zone": "a A 192.0.2.1\n$ORIGIN deeper\nb A 192.0.2.2\n$INCLUDE more.zone",
            "sub/more.zone": "c A 192.0.2.3", "loop.zone": "$INCLUDE loop.zone", "bad.zone": "x A y\nz A 192.0.2.9",
        ]
        func include(_ name: String) -> Result<String, ZoneFile.Unreadable> {
            files[name].map { .success($0) } ?? .failure(.init("no such file"))
        }
        let text = "w A 192.0.2.8\n$INCLUDE sub/hosts.zone inner\n A 192.0.2.4\nd A 192.0.2.5\n"
        let owners = try ZoneFile(parsing: text, origin: origin, include: include).records.map(\.owner.description)
        let expected = ["w", "a.inner", "b.deeper.inner", "c.deeper.inner", "w", "d"]
        #expect(owners == expected.map { $0 + ".hello.test." })
        let errors: [(String, String)] = [
            ("$INCLUDE none", "1:10: 'none' cannot be included: no such file"),
            ("$INCLUDE bad.zone", "bad.zone:1:5: 'y' is no IPv4 address"),
            ("$INCLUDE loop.zone", "loop.zone:1:10: files include each other more than 10 deep"),
        ]
        for (text, expected) in errors {
            do {
                _ = try ZoneFile(parsing: text, origin: origin, include: include)
                Issue.record("\(text) was read")
            } catch {
                #expect(error.errors.map(\.description) == [expected])
            }
        }
    }

    /// Each inclusion of the text brings two more.
    @Test func aFileThatIncludesItselfTwiceIsNotReadAThousandTimes() {
        var count = 0
        let text = "$INCLUDE again\n$INCLUDE ./again\n"
        #expect(throws: ZoneErrors.self) {
            try ZoneFile(parsing: text, origin: origin) { _ in
                count += 1
                return .success(text)
            }
        }
        #expect(count == ZoneFile.mostInclusions)
    }

    @Test func errorsNameLineColumnAndReason() {
        let cases: [(String, String)] = [
            ("www A 192.0.2", "1:7: '192.0.2' is no IPv4 address"),
            ("www AAAA 192.0.2.1", "1:10: '192.0.2.1' is no IPv6 address"),
            ("www A 192.0.2.1 x", "1:17: 'x' is too much here"),
            ("www MX 10", "1:8: the mail exchange is missing after this"),
            ("www MX 65536 a", "1:8: the preference must be a number from 0 to 65535, not '65536'"),
            ("www", "1:1: the record type is missing after this"),
            ("www 300 B 1", "1:9: 'B' is no record type"),
            ("www CH A 192.0.2.1", "1:5: only class IN can be served"),
            ("www ANY x", "1:5: records of type ANY cannot be in a zone"),
            (
                "www 9999999999 A 192.0.2.1",
                "1:5: the TTL must be seconds, as 300 or 1h30m, up to 2147483647, not '9999999999'"
            ),
            (" A 192.0.2.1", "1:2: the first record must name its owner"),
            ("a..b A 192.0.2.1", "1:1: the owner name 'a..b' is wrong: the name has an empty label"),
            ("\n\nwww TXT \"open\nwww A 192.0.2.1", "3:9: the quoted string is not closed on its line"),
            ("www TXT ( a", "1:9: the parenthesis is not closed"),
            ("www A 192.0.2.1 )", "1:17: a closing parenthesis without an opening one"),
            ("www TXT \\300", "1:9: a backslash and digits must be three digits up to 255"),
            ("$INCLUDE /etc/passwd", "1:10: '/etc/passwd' cannot be included: nothing can be included here"),
            ("$GENERATE 1-2 a A 192.0.2.$", "1:1: the directive $GENERATE is not known here"),
            ("www TYPE65280 x", "1:5: the data of type TYPE65280 must be written as \\# LENGTH HEX (RFC 3597)"),
            ("www TYPE65280 \\# 2 0a", "1:18: the data has 1 octets, not 2"),
            ("www A \\# 3 0a0b0c", "1:7: these octets are no data of type A"),
            ("www NS \\# 2 c000", "1:8: these octets are no data of type NS"),
            ("www NS \\# 3 016100 \\# 3", "1:20: '\\#' is not hexadecimal"),
            ("www DS 1 8 2 00", "1:14: the digest has 1 octets, not 32"),
            ("www SSHFP 1 1 0g", "1:15: '0g' is not hexadecimal"),
            ("www TLSA 3 1 1 0", "1:16: the certificate association data ends in half an octet"),
            ("www HTTPS 1 . port=http", "1:15: 'http' is no port"),
            ("www SVCB 1 . port=1 port=2", "1:21: the parameter is there twice"),
            ("www SVCB 1 . mandatory=port", "1:14: a mandatory parameter is missing: key3"),
            ("www SVCB 1 . no-default-alpn=x", "1:14: no-default-alpn takes no value"),
            ("www SVCB 1 . colour=red", "1:14: 'colour=red' is no parameter of a service"),
            ("www SVCB 1 . ech=a", "1:14: the value is not base64"),
            ("www SVCB 1 . ipv4hint=2001:db8::1", "1:14: '2001:db8::1' is no IPv4 address"),
            ("www LOC 91 N 0 E 0m", "1:9: the latitude is more than 90 degrees"),
            ("www LOC 52 22 23.000 N 4 53 32 X 0m", "1:32: the longitude must end in E or W, not 'X'"),
            ("www LOC 52 N 4 E high", "1:18: the altitude must be metres, as 12.50m, not 'high'"),
            ("www NAPTR 1 2 u sip", "1:17: the regular expression is missing after this"),
            ("@ CAA 0 is-sue x", "1:9: the property tag must be letters and digits, not 'is-sue'"),
            ("é 300 A x", "1:9: 'x' is no IPv4 address"),
        ]
        for (text, error) in cases { #expect(errors(text) == [error], "\(text)") }
        let long = String(repeating: "a", count: 256)
        #expect(errors("www TXT \(long)") == ["1:9: a string has 256 octets, and 255 are the most"])
    }

    @Test func allErrorsAreReportedAtOnce() {
        #expect(
            errors("a A x\nb A 192.0.2.1\nc AAAA y\nd TXT \"z\ne MX a b").map { $0.prefix(4) }
                == ["1:5:", "3:8:", "4:7:", "5:6:"])
    }

    @Test func everyTruncationAndManyChangesNeverTrap() {
        let text = Array(
            ##"""
            @ 300 IN SOA ns1 h ( 1 2 3 4 5 ) ; c
            u TYPE9 \# 2 0102
            t TXT "a\"b" \065
            s SRV 1 2 3 a
            @ CAA 0 issue "x"
            """##.utf8)
        var accepted = 0
        func tryParsing(_ octets: some Collection<UInt8>) {
            if errors(String(decoding: octets, as: UTF8.self)).isEmpty { accepted += 1 }
        }
        for count in 0...text.count { tryParsing(text.prefix(count)) }
        var state: UInt64 = 3
        for _ in 0..<20_000 {
            var changed = text
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let alphabet = Array("\\\"();$@ \n\t.09aZ#-".utf8)
                changed[Int(state >> 33) % changed.count] = alphabet[Int(state >> 20) % alphabet.count]
            }
            tryParsing(changed)
        }
        #expect((1..<20_000).contains(accepted))
    }
}
