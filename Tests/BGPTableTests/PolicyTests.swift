import BGPTable
import BGPWire
import Net
import Testing

@Suite struct ImportPolicyTests {
    @Test("LOCAL_PREF follows the relation; what an external neighbour says of it is dropped")
    func localPreference() {
        let expected: [Relation: UInt32] = [
            .customer: 300, .sibling: 250, .peer: 200, .routeServer: 200, .routeServerClient: 200, .provider: 100,
            .internal: 777,
        ]
        for relation in Relation.allCases {
            var bench = Bench()
            let id = bench.peer(relation, 2)
            bench.announce(
                attributes(
                    path: [65002], localPreference: 777, originator: "10.0.0.77", clusters: ["10.0.0.78"]), from: id)
            let route = bench.table.routes(to: prefix("192.0.2.0/24")).first?.attributes
            #expect(route?.localPreference == expected[relation])
            #expect((route?.originatorID != nil) == (relation == .internal))
            #expect((route?.clusterList.isEmpty == false) == (relation == .internal))
        }
        var bench = Bench()
        let overridden = bench.peer(.provider, 2, preference: 999)
        bench.announce(attributes(path: [65002]), from: overridden)
        let bare = bench.peer(.internal, 3)
        bench.announce(attributes(path: [65002]), to: "198.51.100.0/24", from: bare)
        #expect(bench.table.routes(to: prefix("192.0.2.0/24")).first?.attributes.localPreference == 999)
        #expect(bench.table.routes(to: prefix("198.51.100.0/24")).first?.attributes.localPreference == 100)
    }

    @Test("a looped route stays in the Adj-RIB-In, marked, and is never best nor sent")
    func loops() {
        let looped: [(Relation, PathAttributes, Exclusion?)] = [
            (.provider, attributes(path: [65002, 65000, 1]), .asPathLoop),
            (.internal, attributes(path: [65000], localPreference: 1), .asPathLoop),
            (.internal, attributes(path: [1], localPreference: 1, originator: "10.0.0.1"), .originatorLoop),
            (.internal, attributes(path: [1], localPreference: 1, clusters: ["9.9.9.9", "10.0.0.1"]), .clusterLoop),
            (.provider, attributes(path: [65002], originator: "10.0.0.1", clusters: ["10.0.0.1"]), nil),
        ]
        for (relation, route, exclusion) in looped {
            var bench = Bench()
            let id = bench.peer(relation, 2)
            let other = bench.peer(.customer, 3)
            bench.announce(route, from: id)
            #expect(bench.settle().isEmpty == (exclusion != nil))
            let views = bench.table.routes(to: prefix("192.0.2.0/24"))
            #expect(views.map(\.exclusion) == [exclusion])
            #expect(bench.table.receivedCount(from: id) == 1)
            #expect((bench.sent(to: other) == nil) == (exclusion != nil))
        }
        var bench = Bench()
        let id = bench.peer(.provider, 2)
        var inSet = attributes(path: [])
        inSet.asPath = ASPath([.init(.sequence, [ASN(65002)]), .init(.set, [ASN(7), ourASN])])
        bench.announce(inSet, from: id)
        #expect(bench.table.routes(to: prefix("192.0.2.0/24")).map(\.exclusion) == [.asPathLoop])
    }

    /// RFC 9234, section 5, the ingress procedure.
    @Test("OTC on import", arguments: Relation.allCases)
    func onlyToCustomer(_ relation: Relation) {
        // (OTC received, exclusion, OTC kept) with the neighbour in AS 65002, or in ours.
        let expected: [(UInt32?, Exclusion?, UInt32?)] =
            switch relation {
            case .customer, .routeServerClient: [(nil, nil, nil), (65002, .routeLeak, 65002), (7, .routeLeak, 7)]
            case .peer: [(nil, nil, 65002), (65002, nil, 65002), (7, .routeLeak, 7)]
            case .provider, .routeServer: [(nil, nil, 65002), (65002, nil, 65002), (7, nil, 7)]
            case .sibling, .internal: [(nil, nil, nil), (65002, nil, 65002), (7, nil, 7)]
            }
        for (received, exclusion, kept) in expected {
            var bench = Bench()
            let id = bench.peer(relation, 2)
            bench.announce(attributes(path: [65002], localPreference: 100, otc: received), from: id)
            let view = bench.table.routes(to: prefix("192.0.2.0/24")).first
            #expect(view?.exclusion == exclusion, "received \(String(describing: received))")
            #expect(view?.attributes.onlyToCustomer == kept.map { ASN($0) })
        }
    }
}

@Suite struct ExportPolicyTests {
    /// Gao and Rexford, and OTC as RFC 9234, section 5 asks at egress. As every session with another AS has a relation, none
    /// is without import and export policy (RFC 8212).
    @Test("who is sent whose routes, and with which OTC", arguments: Relation.allCases, Relation.allCases)
    func matrix(_ source: Relation, _ target: Relation) {
        var bench = Bench()
        let from = bench.peer(source, 2)
        let to = bench.peer(target, 3)
        bench.announce(attributes(path: [65002], localPreference: 100), from: from)
        let sent = bench.sent(to: to)

        let isFromAboveOrBeside = [.provider, .peer, .routeServer].contains(source)
        let allowed =
            switch target {
            case .customer, .sibling: true
            case .provider, .peer, .routeServer: !isFromAboveOrBeside
            case .routeServerClient: source == .routeServerClient
            case .internal: source != .internal
            }
        #expect((sent != nil) == allowed)
        guard let sent else { return }
        let otc: UInt32? =
            if isFromAboveOrBeside {
                65002
            } else if [.customer, .peer, .routeServerClient].contains(target) {
                65000
            } else {
                nil
            }
        #expect(sent.onlyToCustomer == otc.map { ASN($0) })
    }

    @Test(
        "the class of a route survives iBGP: the far border router exports as the near one would",
        arguments: [
            Relation.provider, .peer, .customer, .sibling,
        ])
    func classOverInternal(_ source: Relation) {
        var near = Bench()
        let from = near.peer(source, 2)
        let toFar = near.peer(.internal, 3)
        near.announce(attributes(path: [65002]), from: from)
        guard let carried = near.sent(to: toFar) else {
            Issue.record("nothing over iBGP")
            return
        }
        #expect(carried.localPreference == PreferenceByRelation.of(source))
        #expect(carried.asPath == ASPath(sequence: [ASN(65002)]))

        var far = Bench()
        let fromNear = far.peer(.internal, 4)
        let targets: [Relation] = [.provider, .peer, .customer, .sibling]
        let ids = targets.enumerated().map { far.peer($1, 10 + UInt8($0)) }
        far.announce(carried, from: fromNear)
        let everyone = source == .customer || source == .sibling
        #expect(ids.map { far.sent(to: $0) != nil } == [everyone, everyone, true, true])
    }

    @Test("our own routes go to everyone", arguments: Relation.allCases)
    func ownRoutes(_ target: Relation) {
        var bench = Bench()
        let to = bench.peer(target, 3)
        bench.table.originate(prefix("192.0.2.0/24"))
        bench.table.originate(prefix("2001:db8:53::/48"))
        bench.settle()
        let updates = bench.table.takeUpdates(for: to)
        #expect(updates.announced.count == 2)
        for group in updates.announced {
            let isInternal = target == .internal
            #expect(group.attributes.asPath == ASPath(sequence: isInternal ? [] : [ourASN]))
            #expect(group.attributes.localPreference == (isInternal ? PreferenceByRelation.own : nil))
            #expect(group.attributes.nextHop.address.family == group.prefixes.first?.family)
            #expect(group.attributes.nextHop.address.description.hasSuffix("1"))
        }
    }

    @Test("eBGP: next hop self, our AS in front, and nothing that belongs to our AS only")
    func external() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.sibling, 3)
        var route = attributes(path: [65002, 65002, 9], med: 50, communities: [0x0001_0002])
        route.unknown = [
            UnknownAttribute(flags: 0xC0, type: 99, value: [1]), UnknownAttribute(flags: 0x80, type: 100, value: [2]),
        ]
        route.aggregator = Aggregator(asn: ASN(9), identifier: v4("9.9.9.9"))
        route.atomicAggregate = true
        bench.announce(route, from: from)
        var expected = route
        expected.asPath = ASPath(sequence: [65000, 65002, 65002, 9].map { ASN($0) })
        expected.nextHop = NextHop(.v4(v4("10.0.0.1")))
        expected.multiExitDiscriminator = nil
        expected.unknown = [UnknownAttribute(flags: 0xE0, type: 99, value: [1])]
        #expect(bench.sent(to: to) == expected)
    }

    @Test("iBGP: the path as it is, LOCAL_PREF and MULTI_EXIT_DISC carried, next hop self only when asked")
    func internalExport() {
        for nextHopSelf in [false, true] {
            var bench = Bench()
            let from = bench.peer(.customer, 2)
            let to = bench.peer(.internal, 3, nextHopSelf: nextHopSelf)
            bench.announce(attributes(path: [65002], med: 50), from: from)
            let sent = bench.sent(to: to)
            #expect(sent?.asPath == ASPath(sequence: [ASN(65002)]))
            #expect(sent?.multiExitDiscriminator == 50)
            #expect(sent?.localPreference == 300)
            #expect(sent?.nextHop == NextHop(.v4(v4(nextHopSelf ? "10.0.0.1" : "10.0.0.9"))))
            #expect(sent?.originatorID == nil)
        }
    }

    @Test("a link-local next hop goes only with our own global one")
    func linkLocal() {
        let ours = IPv6Address("fe80::1")
        var table = Table(local: LocalSpeaker(asn: ourASN, identifier: v4("10.0.0.1")))
        let from = table.addPeer(PeerConfiguration(relation: .customer, asn: ASN(2), address: .v4(v4("10.0.0.2"))))
        let external = table.addPeer(
            PeerConfiguration(
                relation: .customer, asn: ASN(3), address: .v4(v4("10.0.0.3")),
                localIPv6: IPv6Address("2001:db8::1"), localLinkLocal: ours))
        let inside = table.addPeer(
            PeerConfiguration(relation: .internal, asn: ourASN, address: .v4(v4("10.0.0.4")), localLinkLocal: ours))
        for id in [from, external, inside] { table.peerUp(id, identifier: .any, families: [.ipv6]) }
        var route = attributes(path: [2])
        let theirs = IPAddress.v6(IPv6Address(high: 1, low: 2))
        route.nextHop = NextHop(theirs, linkLocal: IPv6Address("fe80::2"))
        table.announce([prefix("2001:db8:1::/48")], with: route, from: from)
        table.nextHopChanged(theirs, to: NextHopResolution(metric: 0))
        #expect(table.decide().first?.route?.nextHop == route.nextHop)
        #expect(table.takeUpdates(for: external).announced.first?.attributes.nextHop.linkLocal == ours)
        #expect(table.takeUpdates(for: inside).announced.first?.attributes.nextHop == NextHop(theirs))
    }

    @Test("without an address of ours in the family nothing is sent that would need it")
    func noNextHop() {
        var table = Table(local: LocalSpeaker(asn: ourASN, identifier: v4("10.0.0.1")))
        let id = table.addPeer(
            PeerConfiguration(
                relation: .provider, asn: ASN(2), address: .v4(v4("10.0.0.2")), localIPv4: v4("10.0.0.1")))
        table.peerUp(id, identifier: v4("10.0.0.2"), families: [.ipv4, .ipv6])
        table.originate(prefix("192.0.2.0/24"))
        table.originate(prefix("2001:db8::/32"))
        _ = table.decide()
        #expect(table.takeUpdates(for: id).announced.flatMap(\.prefixes) == [prefix("192.0.2.0/24")])
    }

    @Test("the escape hatch: prepend, MULTI_EXIT_DISC, communities, NO_EXPORT")
    func options() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(
            .provider, 3,
            options: ExportOptions(
                prepend: 2, multiExitDiscriminator: 70, communities: [Community(rawValue: 9)], noExport: true))
        bench.announce(attributes(path: [65002], communities: [9, 12]), from: from)
        let sent = bench.sent(to: to)
        #expect(sent?.asPath == ASPath(sequence: [65000, 65000, 65000, 65002].map { ASN($0) }))
        #expect(sent?.multiExitDiscriminator == 70)
        #expect(sent?.communities.map(\.rawValue) == [9, 12, 0xFFFF_FF01])
    }

    @Test("prepending to a full segment, a set or nothing opens a new segment")
    func prependToFullSegment() {
        func sent(_ segments: [ASPath.Segment], prepend: UInt8) -> [ASPath.Segment]? {
            var bench = Bench()
            let from = bench.peer(.customer, 2)
            let to = bench.peer(.provider, 3, options: ExportOptions(prepend: prepend))
            var route = attributes(path: [])
            route.asPath = ASPath(segments)
            bench.announce(route, from: from)
            return bench.sent(to: to)?.asPath.segments
        }
        func sequence(_ count: Int, of number: UInt32) -> ASPath.Segment {
            .init(.sequence, [ASN](repeating: ASN(number), count: count))
        }
        #expect(sent([sequence(255, of: 7)], prepend: 0) == [sequence(1, of: 65000), sequence(255, of: 7)])
        #expect(sent([sequence(254, of: 7)], prepend: 0)?.map(\.numbers.count) == [255])
        let set = ASPath.Segment(.set, [ASN(7)])
        #expect(sent([set], prepend: 1) == [sequence(2, of: 65000), set])
        let longest = sent([sequence(255, of: 7)], prepend: 255)
        #expect(longest?.allSatisfy { (1...255).contains($0.numbers.count) } == true)
        #expect(longest?.flatMap(\.numbers).count == 511)
    }

    @Test("a leak sends everything, and without OTC, so that it is taken for a customer's route")
    func leak() {
        for source in [Relation.provider, .peer] {
            var bench = Bench()
            let from = bench.peer(source, 2)
            let to = bench.peer(.provider, 3, options: ExportOptions(leak: true))
            bench.announce(attributes(path: [65002]), from: from)
            let sent = bench.sent(to: to)
            #expect(sent != nil)
            #expect(sent?.onlyToCustomer == nil)
        }
    }

    /// A route server leaves them to its clients: RouteServerTests.
    @Test("well-known communities are honoured", arguments: Relation.allCases.filter { $0 != .routeServerClient })
    func wellKnown(_ target: Relation) {
        let isInternal = target == .internal
        for (community, isSent) in [
            (0xFFFF_FF01, isInternal), (0xFFFF_FF02, false), (0xFFFF_FF03, isInternal), (0xFFFF_FF04, target != .peer),
        ] as [(UInt32, Bool)] {
            var bench = Bench()
            let from = bench.peer(.customer, 2)
            let to = bench.peer(target, 3)
            bench.announce(attributes(path: [65002], communities: [community]), from: from)
            #expect((bench.sent(to: to) != nil) == isSent, "\(String(community, radix: 16))")
        }
    }
}
