@testable import BGPTable
import BGPWire
import Net
import TestSupport
import Testing

extension SeededGenerator {
    /// Attributes with anything in them.
    mutating func attributes() -> PathAttributes {
        var route = PathAttributes(
            origin: [.igp, .egp, .incomplete].randomElement(using: &self) ?? .igp, asPath: ASPath(),
            nextHop: NextHop(.v4(IPv4Address(rawValue: number()))))
        route.asPath.segments = list(3) { random in
            let kinds: [ASPath.Segment.Kind] = [.set, .sequence, .confederationSequence, .confederationSet]
            let kind = kinds.randomElement(using: &random) ?? .set
            return ASPath.Segment(kind, random.list(300) { ASN($0.number()) })
        }
        if Bool.random(using: &self) { route.nextHop.address = .v6(IPv6Address(high: next(), low: next())) }
        if Bool.random(using: &self) { route.nextHop.linkLocal = IPv6Address(high: next(), low: next()) }
        if Bool.random(using: &self) { route.multiExitDiscriminator = number() }
        if Bool.random(using: &self) { route.localPreference = number() }
        route.atomicAggregate = Bool.random(using: &self)
        if Bool.random(using: &self) {
            route.aggregator = Aggregator(asn: ASN(number()), identifier: IPv4Address(rawValue: number()))
        }
        if Bool.random(using: &self) { route.communities = list(200) { Community(rawValue: $0.number()) } }
        if Bool.random(using: &self) { route.originatorID = IPv4Address(rawValue: number()) }
        if Bool.random(using: &self) { route.clusterList = list(4) { IPv4Address(rawValue: $0.number()) } }
        if Bool.random(using: &self) {
            route.largeCommunities = list(4) { LargeCommunity($0.number(), $0.number(), $0.number()) }
        }
        if Bool.random(using: &self) { route.onlyToCustomer = ASN(number()) }
        if Bool.random(using: &self) {
            route.unknown = list(3) { random in
                UnknownAttribute(
                    flags: UInt8.random(in: 0...255, using: &random), type: UInt8.random(in: 0...255, using: &random),
                    value: random.list(20_000) { UInt8.random(in: 0...255, using: &$0) })
            }
        }
        return route
    }

    mutating func number() -> UInt32 { UInt32.random(in: 0...(.max), using: &self) }

    mutating func list<Element>(_ most: Int, _ element: (inout SeededGenerator) -> Element) -> [Element] {
        // The bounds of the packed counts are tried as well.
        let count = [0, 1, 127, 128, 255, most].filter { $0 <= most }.randomElement(using: &self) ?? 0
        return (0..<count).map { _ in element(&self) }
    }
}

@Suite struct StoreTests {
    @Test("attributes come out of their packed form as they went in, one behind the other")
    func packing() {
        var random = SeededGenerator(1)
        var writer = OctetWriter()
        var expected: [(Int, PathAttributes)] = []
        for _ in 0..<300 {
            let route = random.attributes()
            expected.append((writer.octets.count, route))
            PackedAttributes.pack(route, into: &writer)
        }
        let octets = writer.octets
        for (offset, route) in expected {
            #expect(PackedAttributes.unpack(octets, at: offset) == route)
            #expect(PackedAttributes.nextHop(octets, at: offset) == route.nextHop)
        }
    }

    @Test("attributes that differ in one field only are different sets; equal ones share one")
    func sharing() {
        var store = AttributeStore()
        let local = LocalSpeaker(asn: ourASN, identifier: v4("10.0.0.1"))
        let peer = PeerConfiguration(relation: .internal, asn: ourASN, address: .v4(v4("10.0.0.2")))
        func imported(_ route: PathAttributes, peer number: UInt32 = 1, identifier: String = "10.0.0.2")
            -> ImportedRoute
        {
            ImportedRoute(
                received: route, family: .ipv4, from: PeerID(rawValue: number), identifier: v4(identifier), peer,
                local: local)
        }
        let base = attributes(path: [1, 2], localPreference: 1)
        let ids = [
            imported(base), imported(base), imported(base, peer: 2), imported(base, identifier: "10.0.0.3"),
            imported(attributes(path: [1, 2], med: 0, localPreference: 1)),
            imported(attributes(path: [1, 2], localPreference: 1, origin: .egp)),
            imported(attributes(path: [1, 2], localPreference: 1, otc: 0)),
        ].map { store.intern($0) }
        #expect(ids[0] == ids[1])
        #expect(Set(ids).count == 6)
        #expect(store.count == 6)
        for id in ids { store.release(id) }
        #expect(store.count == 0)
        #expect(store.nextHops.takeRequests() == [.track(base.nextHop.address), .forget(base.nextHop.address)])
    }

    @Test("gaps are closed under churn without losing a set")
    func churn() {
        var random = SeededGenerator(2)
        var store = AttributeStore()
        var held: [(AttributeSetID, PathAttributes)] = []
        let local = LocalSpeaker(asn: ourASN, identifier: v4("10.0.0.1"))
        for round in 0..<20_000 {
            if held.count > 200 || (round % 3 == 2 && !held.isEmpty) {
                let (id, route) = held.remove(at: Int.random(in: held.indices, using: &random))
                #expect(store.attributes(id) == route)
                store.release(id)
            } else {
                var imported = ImportedRoute(originatedBy: local, family: .ipv4)
                imported.attributes = attributes(path: (0..<random.number() % 40).map { _ in random.number() % 3 })
                held.append((store.intern(imported), imported.attributes))
            }
        }
        for (id, route) in held { #expect(store.attributes(id) == route) }
        for (id, _) in held { store.release(id) }
        #expect(store.count == 0)
    }

    @Test("the octets of sets that are gone are given up")
    func gaps() {
        var store = AttributeStore()
        var imported = ImportedRoute(
            originatedBy: LocalSpeaker(asn: ourASN, identifier: v4("10.0.0.1")), family: .ipv4)
        func intern(_ number: UInt32) -> AttributeSetID {
            imported.attributes = attributes(path: [number])
            return store.intern(imported)
        }
        let many = (0..<1000).map { intern($0) }
        let most = store.octetCount
        for id in many { store.release(id) }
        for number in 0..<1000 as Range<UInt32> { store.release(intern(number)) }
        #expect(store.octetCount < most / 2)
    }

    @Test("the hash index agrees with a dictionary under insertion and deletion, also when all hashes collide")
    func hashIndex() {
        for bits in [32, 3, 0] as [UInt32] {
            func hash(_ element: UInt32) -> UInt32 { bits == 0 ? 7 : mix(UInt64(element)) >> (32 - bits) }
            var random = SeededGenerator(3)
            var index = HashIndex()
            var expected: Set<UInt32> = []
            for _ in 0..<(bits == 32 ? 20_000 : 2_000) {
                let element = 1 + random.number() % 300
                let found = index.find(hash: hash(element)) { $0 == element }
                #expect(found == (expected.contains(element) ? element : 0))
                if expected.contains(element) {
                    expected.remove(element)
                    index.remove(element, hash: hash(element), hashOf: hash)
                } else {
                    expected.insert(element)
                    index.insert(element, hash: hash(element), hashOf: hash)
                }
                #expect(index.count == expected.count)
            }
        }
    }

    @Test("the layout is as small as the design says")
    func layout() {
        #expect(MemoryLayout<PrefixEntry>.stride == 32)
        #expect(MemoryLayout<PrefixTable.Route>.stride == 8)
        #expect(MemoryLayout<AttributeSet>.stride <= 56)
        #expect(MemoryLayout<AdjRIBOut.Waiting>.stride == 8)
    }

    /// A long random history against a table that is asked the same at the end only.
    @Test("after a long random history nothing is left over, and neighbours hold what the Loc-RIB says")
    func noLeaks() {
        var random = SeededGenerator(4)
        var bench = Bench()
        let relations: [Relation] = [.customer, .customer, .peer, .provider, .internal, .internal]
        let ids = relations.enumerated().map { bench.peer($1, UInt8($0 + 2), client: $0 == 4) }
        let all = (0..<40).map { IPPrefix(.v4(IPv4Address(198, 51, UInt8($0), 0)), length: 24) }
        var held: [[IPPrefix: PathAttributes]] = ids.map { _ in [:] }
        func take(_ index: Int, _ withdrawalsOnly: Bool) {
            let limit = Int.random(in: 1...30, using: &random)
            let updates = bench.table.takeUpdates(for: ids[index], atMost: limit, withdrawalsOnly: withdrawalsOnly)
            for prefix in updates.withdrawn { #expect(held[index].removeValue(forKey: prefix) != nil) }
            for group in updates.announced {
                for prefix in group.prefixes {
                    #expect(held[index].updateValue(group.attributes, forKey: prefix) != group.attributes)
                }
            }
        }
        for _ in 0..<8_000 {
            let index = Int.random(in: ids.indices, using: &random)
            let some = (0..<Int.random(in: 0...3, using: &random)).compactMap { _ in all.randomElement(using: &random) }
            switch random.number() % 20 {
            case 0..<9:
                let path = (0..<random.number() % 4).map { _ in 70000 + random.number() % 2 }
                let route = attributes(path: path, nextHop: "10.0.2.\(random.number() % 4)", localPreference: 100)
                bench.table.announce(some, with: route, from: ids[index])
            case 9..<12: bench.table.withdraw(some, from: ids[index])
            case 12: some.first.map { bench.table.originate($0) }
            case 13: some.first.map { bench.table.withdrawOriginated($0) }
            case 14:
                let metric = random.number() % 4
                bench.table.nextHopChanged(
                    .v4(IPv4Address(10, 0, 2, UInt8(random.number() % 4))),
                    to: metric == 0 ? nil : NextHopResolution(metric: metric, interfaceIndex: random.number() % 2))
            case 15 where random.number() % 10 == 0:
                bench.table.peerDown(ids[index])
                held[index] = [:]
                if Bool.random(using: &random) {
                    bench.up(ids[index], identifier: IPv4Address(10, 0, 0, UInt8(index + 2)))
                }
            case 15: bench.settle()
            case 16: take(index, true)
            default: take(index, false)
            }
            #expect(bench.table.advertisedCount(to: ids[index]) == held[index].count)
        }
        for id in ids { bench.table.peerDown(id) }
        held = ids.map { _ in [:] }
        for (index, id) in ids.enumerated() { bench.up(id, identifier: IPv4Address(10, 0, 0, UInt8(index + 2))) }
        bench.settle()
        for index in ids.indices {
            while bench.table.hasUpdates(for: ids[index]) { take(index, false) }
            for prefix in all { #expect(bench.table.advertisement(of: prefix, to: ids[index]) == held[index][prefix]) }
        }
        for prefix in all { bench.table.withdrawOriginated(prefix) }
        bench.settle()
        for index in ids.indices { while bench.table.hasUpdates(for: ids[index]) { take(index, false) } }
        #expect(held.allSatisfy { $0.isEmpty })
        #expect(bench.table.prefixCount == 0)
        #expect(bench.table.attributeSetCount == 0)
    }
}
