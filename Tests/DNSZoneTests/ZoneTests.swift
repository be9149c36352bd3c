import DNSWire
import DNSZone
import Net
import Testing

@Suite struct ZoneTests {
    private let origin: DomainName

    init() throws { origin = try DomainName("Hello.test") }

    private func errors(_ text: String) -> [String] {
        do {
            _ = try Zone(origin: origin, text: text)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    private func match(_ name: String, in zone: Zone) throws -> ZoneMatch {
        var key = NameKey()
        let name = try DomainName(name)
        let isAssigned = key.assign(name.wire.span.bytes)
        let isInside = zone.contains(key)
        #expect(isAssigned && isInside)
        return zone.match(key)
    }

    /// The spelling of the node that a match is about.
    private func spelling(_ match: ZoneMatch, in zone: Zone) throws -> String {
        let node: Int
        let kind: String
        switch match {
        case .node(let number): (node, kind) = (number, "")
        case .wildcard(let number): (node, kind) = (number, "wildcard ")
        case .delegation(let number, let isCut): (node, kind) = (number, isCut ? "cut " : "below ")
        case .redirection(let number): (node, kind) = (number, "redirected by ")
        case .none: return "none"
        }
        let wire = zone.spelling(of: node).withUnsafeBytes { Array($0) }
        var offset = 0
        return kind + (try DomainName(reading: wire.span.bytes, at: &offset)).description
    }

    @Test func whatAMatchFinds() throws {
        let zone = try Zone(
            origin: origin,
            text: """
                WWW A 192.0.2.1
                a.b.c A 192.0.2.2
                *.wild A 192.0.2.3
                x.y.wild A 192.0.2.4
                sub NS ns1.sub
                ns1.sub A 192.0.2.5
                deeper.ns2.sub NS elsewhere.test.
                *.sub A 192.0.2.6
                """)
        let expected = [
            "hello.TEST": "Hello.test.", "wWw.hello.test": "WWW.Hello.test.", "www2.hello.test": "none",
            "b.c.hello.test": "b.c.Hello.test.", "c.hello.test": "c.Hello.test.", "x.b.c.hello.test": "none",
            "a.wild.hello.test": "wildcard *.wild.Hello.test.", "a.b.wild.hello.test": "wildcard *.wild.Hello.test.",
            // y.wild exists as an empty non-terminal: it and names below it are not the wildcard's (RFC 4592, 2.2.1).
            "y.wild.hello.test": "y.wild.Hello.test.", "z.y.wild.hello.test": "none",
            "*.wild.hello.test": "*.wild.Hello.test.",
            "sub.hello.test": "cut sub.Hello.test.", "ns1.sub.hello.test": "below sub.Hello.test.",
            "new.sub.hello.test": "below sub.Hello.test.", "x.deeper.ns2.sub.hello.test": "below sub.Hello.test.",
        ]
        for (name, result) in expected {
            #expect(try spelling(match(name, in: zone), in: zone) == result, "\(name)")
        }
    }

    @Test func namesOutsideAreNotContained() throws {
        let zone = try Zone(origin: origin, text: "")
        var key = NameKey()
        for name in ["test", ".", "xhello.test", "hello.test.com", "hello.tesu"] {
            let wire = try DomainName(name).wire
            let isInside = key.assign(wire.span.bytes) && zone.contains(key)
            #expect(!isInside, "\(name)")
        }
        let root = try Zone(origin: .root, text: "com NS a.gtld.\n")
        let isInside = key.assign(origin.wire.span.bytes) && root.contains(key)
        #expect(isInside)
    }

    @Test func keysTakeWholeNamesOnly() throws {
        var key = NameKey()
        let wire = try DomainName("www.hello.test").wire
        for count in 0..<wire.count {
            let isAssigned = key.assign(Array(wire.prefix(count)).span.bytes)
            #expect(!isAssigned)
        }
        let isPointer = key.assign([0xC0, 0x0C].span.bytes)
        let isTooLong = key.assign(([UInt8](repeating: 1, count: 256) + [0]).span.bytes)
        #expect(!isPointer && !isTooLong)
    }

    @Test func longNamesAreFoundAndToldApart() throws {
        // Names that share all but their last or first octets, of every length modulo the word that comparison uses.
        let labels = (1...60).map { String(repeating: "a", count: $0) }
        let text = labels.map { "\($0) A 192.0.2.\($0.utf8.count)" }.joined(separator: "\n")
        let zone = try Zone(origin: origin, text: text)
        for label in labels {
            #expect(try spelling(match("\(label).hello.test", in: zone), in: zone) == "\(label).Hello.test.")
            #expect(try match("\(label.dropLast())b.hello.test", in: zone) == .none)
            #expect(try match("b\(label.dropFirst())x.hello.test", in: zone) == .none)
        }
    }

    @Test func whatTheTextLacksIsAdded() throws {
        let addresses = ["192.0.2.53", "2001:db8:53::53"].compactMap { IPAddress($0) }
        let zone = try Zone(origin: origin, text: "www A 192.0.2.1", addresses: addresses)
        #expect(zone.startOfAuthority.ttl == 300)
        #expect(zone.negativeTTL == 60)
        #expect(zone.set(.ns, at: zone.originNode)?.count == 1)
        guard case .node(let server) = try match("ns1.hello.test", in: zone) else {
            Issue.record("ns1 is not there")
            return
        }
        #expect(zone.set(.a, at: server)?.count == 1)
        #expect(zone.set(.aaaa, at: server)?.count == 1)
        let own = try Zone(
            origin: origin, text: "@ SOA a b 7 1 1 1 1000\n@ NS ns.other.test.", addresses: addresses)
        #expect(own.negativeTTL == 300)
        #expect(try match("ns1.hello.test", in: own) == .none)
        let withAddress = try Zone(origin: origin, text: "ns1 A 192.0.2.9", addresses: addresses)
        guard case .node(let kept) = try match("ns1.hello.test", in: withAddress) else {
            Issue.record("ns1 is not there")
            return
        }
        #expect(withAddress.set(.aaaa, at: kept) == nil)
    }

    @Test func recordsOfOneSetShareTheSmallestTTLAndAreThereOnce() throws {
        let zone = try Zone(origin: origin, text: "www 300 A 192.0.2.1\nWWW 60 A 192.0.2.2\nwww 60 A 192.0.2.1")
        guard case .node(let node) = try match("www.hello.test", in: zone) else {
            Issue.record("www is not there")
            return
        }
        #expect(zone.set(.a, at: node)?.ttl == 60)
        #expect(zone.set(.a, at: node)?.count == 2)
    }

    @Test func recordsThatMakeNoZone() {
        #expect(errors("www.other.test. A 192.0.2.1") == ["1:1: www.other.test. is not in the zone Hello.test."])
        #expect(
            errors("@ SOA a b 1 1 1 1 1\n@ SOA a b 2 1 1 1 1\nx SOA a b 1 1 1 1 1")
                == ["2:1: a second SOA record", "3:1: the SOA record must be at the origin, Hello.test."])
        #expect(
            errors("a CNAME b\na A 192.0.2.1") == ["1:1: a.Hello.test. has a CNAME record and other records beside it"])
        #expect(errors("a CNAME b\na CNAME c").count == 2)
        #expect(errors("@ CNAME www").isEmpty == false)
        #expect(errors("*.x NS a") == ["1:1: a wildcard cannot be delegated (RFC 4592, section 4.2)"])
    }
}
