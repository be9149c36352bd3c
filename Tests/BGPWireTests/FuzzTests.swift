import BGPWire
import Net
import TestSupport
import Testing

@Suite("Hostile UPDATEs")
struct FuzzTests {
    private static func randomAttributes(_ generator: inout SeededGenerator) -> PathAttributes {
        func number(_ range: ClosedRange<UInt32> = 1...UInt32.max) -> UInt32 {
            UInt32.random(in: range, using: &generator)
        }
        func numbers(_ range: ClosedRange<Int>) -> [ASN] {
            (0..<Int.random(in: range, using: &generator)).map { _ in ASN(number()) }
        }
        func coin() -> Bool { Bool.random(using: &generator) }
        return PathAttributes(
            origin: Origin(rawValue: UInt8.random(in: 0...2, using: &generator)) ?? .igp,
            asPath: ASPath(
                (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                    .init(coin() ? .sequence : .set, numbers(1...5))
                }),
            nextHop: coin()
                ? NextHop(.v4(v4("192.0.2.1")))
                : NextHop(.v6(v6("2001:db8::1")), linkLocal: coin() ? v6("fe80::2") : nil),
            multiExitDiscriminator: coin() ? number() : nil, localPreference: number(), atomicAggregate: coin(),
            aggregator: coin() ? Aggregator(asn: ASN(number()), identifier: IPv4Address(rawValue: number())) : nil,
            communities: Set((0..<Int.random(in: 0...80, using: &generator)).map { _ in Community(rawValue: number()) })
                .sorted(),
            originatorID: coin() ? IPv4Address(rawValue: number()) : nil,
            clusterList: (0..<Int.random(in: 0...3, using: &generator)).map { _ in IPv4Address(rawValue: number()) },
            largeCommunities: (0..<Int.random(in: 0...30, using: &generator)).map {
                LargeCommunity(number(), number(), UInt32($0))
            },
            onlyToCustomer: coin() ? ASN(number()) : nil,
            unknown: coin()
                ? [
                    UnknownAttribute(
                        flags: 0xE0, type: UInt8.random(in: 36...255, using: &generator),
                        value: generator.bytes(Int.random(in: 0...300, using: &generator)))
                ] : [])
    }

    private static func message(_ attributes: PathAttributes) throws -> [UInt8] {
        var buffer: [UInt8] = []
        let prefixes =
            attributes.nextHop.address.family == .ipv4
            ? [prefix("192.0.2.0/24"), prefix("10.0.0.0/8")] : [prefix("2001:db8::/32")]
        try UpdateEncoder(isFourOctetASN: true).announce(prefixes.span, attributes: attributes, to: &buffer)
        return buffer
    }

    @Test("What is encoded decodes to the same")
    func roundTrip() throws {
        var generator = SeededGenerator(42)
        for _ in 0..<2000 {
            let attributes = Self.randomAttributes(&generator)
            let update = try #require(try updates(in: try Self.message(attributes), .internal).first)
            #expect(update.announcements.map(\.attributes) == [attributes])
            #expect(update.discarded.isEmpty && update.treatedAsWithdraw == nil && update.withdrawn.isEmpty)
        }
    }

    @Test("A message cut at any length never traps, and never announces what it did not say")
    func truncated() throws {
        var generator = SeededGenerator(43)
        for _ in 0..<30 {
            let attributes = Self.randomAttributes(&generator)
            let whole = Array(try Self.message(attributes)[19...])
            for count in 0..<whole.count {
                guard let update = try? decode(Array(whole[..<count]), .internal) else { continue }
                #expect(update.announcements.allSatisfy { $0.attributes == attributes })
            }
        }
    }

    @Test("Flipped bytes never trap; a session reset is always an UPDATE error with a known subcode")
    func flipped() throws {
        var generator = SeededGenerator(44)
        let contexts = [
            UpdateContext.internal, .external(), .external(fourOctet: false), .external(families: .ipv4, first: ASN(1)),
        ]
        for _ in 0..<300 {
            let whole = Array(try Self.message(Self.randomAttributes(&generator))[19...])
            for round in 0..<200 {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                        in: 0...255, using: &generator)
                }
                check(bytes, contexts[round & 3])
            }
        }
    }

    @Test("Random bytes, and random attribute lists with right lengths, never trap")
    func random() {
        var generator = SeededGenerator(45)
        for round in 0..<60_000 {
            let bytes = generator.bytes(Int.random(in: 0...60, using: &generator))
            guard round % 3 != 0 else {
                check(bytes, .external())
                continue
            }
            let list = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                attribute(
                    UInt8.random(in: 0...255, using: &generator) & 0xEF, UInt8.random(in: 0...40, using: &generator),
                    generator.bytes(Int.random(in: 0...24, using: &generator)))
            }
            check(body(list, nlri: round % 2 == 0 ? Sample.nlri : []), round % 5 == 0 ? .internal : .external())
        }
    }

    /// Decodes; what comes out must be whole, and encode again.
    private func check(_ bytes: [UInt8], _ context: UpdateContext) {
        do throws(NotificationMessage) {
            let update = try decode(bytes, context)
            #expect(update.announcements.isEmpty || update.treatedAsWithdraw == nil)
            for announcement in update.announcements {
                #expect(announcement.prefixes.allSatisfy { context.families.contains($0.family) })
                var buffer: [UInt8] = []
                _ = try? UpdateEncoder(isFourOctetASN: context.isFourOctetASN).announce(
                    announcement.prefixes.span, attributes: announcement.attributes, to: &buffer)
                guard buffer.count <= 4096 else { continue }
                let again = try? updates(in: buffer, context)
                #expect(
                    buffer.isEmpty
                        || again?.first?.announcements.first?.attributes.asPath.description
                            == announcement.attributes.asPath.description
                )
            }
        } catch {
            #expect(error.reason.code == 3 && (1...11).contains(error.reason.subcode))
        }
    }
}

@Suite("Text of attributes")
struct AttributeTextTests {
    @Test(
        "Communities read and write",
        arguments: [
            "65010:100", "0:0", "65535:65535", "NO_EXPORT", "NO_ADVERTISE", "NO_EXPORT_SUBCONFED", "NOPEER",
            "GRACEFUL_SHUTDOWN", "BLACKHOLE",
        ])
    func communities(text: String) {
        #expect(Community(text)?.description == text)
    }

    @Test(
        "What is no community is refused",
        arguments: ["", ":", "1", "1:", "65536:1", "1:65536", "-1:1", "+1:1", "01:1", "1:1:1", "a:b", " 1:1", "export"])
    func wrongCommunities(text: String) {
        #expect(Community(text) == nil)
    }

    @Test("The numbers of well-known communities are those of the registry")
    func wellKnown() {
        #expect(Community("65535:65281") == .noExport && Community("65535:65282") == .noAdvertise)
        #expect(Community("65535:65283") == .noExportSubconfederation && Community("65535:65284") == .noPeer)
        #expect(Community("65535:0") == .gracefulShutdown && Community("65535:666") == .blackhole)
    }

    @Test("Large communities read and write")
    func large() {
        #expect(LargeCommunity("4294967295:0:7") == LargeCommunity(.max, 0, 7))
        #expect(LargeCommunity(1, 2, 3).description == "1:2:3")
        for text in ["1:2", "1:2:3:4", "4294967296:0:0", "1:02:3", "1::3"] { #expect(LargeCommunity(text) == nil) }
    }

    @Test("An AS path reads nearest first")
    func path() {
        let path = ASPath([
            .init(.sequence, [ASN(1), ASN(2)]), .init(.set, [ASN(3), ASN(4)]), .init(.confederationSequence, [ASN(5)]),
        ])
        #expect(path.description == "1 2 {3,4} (5)")
        #expect(ASPath().description == "")
    }
}
