@testable import BGPTable
import BGPWire
import Net
import Testing

private let one = prefix("192.0.2.0/24")
private let big = LargeCommunity(65000, 1, 2)

private func expression(_ text: String) -> ASPathExpression? { try? ASPathExpression(text) }

@Suite struct PolicyConditionTests {
    /// The route that the cases are about.
    private var route: PathAttributes {
        var route = attributes(path: [65002, 7, 8], communities: [10, 20])
        route.largeCommunities = [big]
        return route
    }

    @Test(
        "each condition alone holds and fails, on import and on export",
        arguments: [
            (PolicyCondition(), true),
            (PolicyCondition(prefixes: [.exact(one)]), true),
            (PolicyCondition(prefixes: [.exact(prefix("192.0.2.0/25")), .exact(one)]), true),
            (PolicyCondition(prefixes: [.exact(prefix("192.0.0.0/16"))]), false),
            (PolicyCondition(prefixes: [.orLonger(prefix("192.0.0.0/16"))]), true),
            (PolicyCondition(prefixes: [.orLonger(one)]), true),
            (PolicyCondition(prefixes: [.orLonger(prefix("192.0.2.0/25"))]), false),
            (PolicyCondition(prefixes: [.orLonger(prefix("198.51.0.0/16"))]), false),
            (PolicyCondition(prefixes: [.init(prefix("192.0.0.0/16"), lengths: 24...24)]), true),
            (PolicyCondition(prefixes: [.init(prefix("192.0.0.0/16"), lengths: 16...23)]), false),
            (PolicyCondition(prefixes: [.init(prefix("192.0.0.0/16"), lengths: 25...32)]), false),
            (PolicyCondition(prefixes: [.orLonger(prefix("::/0"))]), false),
            (PolicyCondition(family: .ipv4), true),
            (PolicyCondition(family: .ipv6), false),
            (PolicyCondition(communities: [Community(rawValue: 20), Community(rawValue: 10)]), true),
            (PolicyCondition(communities: [Community(rawValue: 20), Community(rawValue: 30)]), false),
            (PolicyCondition(largeCommunities: [big]), true),
            (PolicyCondition(largeCommunities: [big, LargeCommunity(65000, 1, 3)]), false),
            (PolicyCondition(asPath: expression("^65002 .* 8$")), true),
            (PolicyCondition(asPath: expression("^7")), false),
            (PolicyCondition(origins: [ASN(1), ASN(8)]), true),
            (PolicyCondition(origins: [ASN(7), ASN(65002)]), false),
            (PolicyCondition(neighbours: [.local, PeerID(rawValue: 1)]), true),
            (PolicyCondition(neighbours: [.local, PeerID(rawValue: 2)]), false),
            // All that is named must hold.
            (PolicyCondition(prefixes: [.exact(one)], family: .ipv4, origins: [ASN(8)]), true),
            (PolicyCondition(prefixes: [.exact(one)], family: .ipv4, origins: [ASN(9)]), false),
        ] as [(PolicyCondition, Bool)])
    func condition(_ condition: PolicyCondition, _ holds: Bool) {
        let rule = PolicyRule(condition, [], .reject)
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.provider, 3)
        bench.announce(route, from: from)
        #expect(bench.sent(to: to) != nil)
        bench.table.setExportOptions(ExportOptions(policy: [rule]), of: to)
        #expect(bench.table.takeUpdates(for: to).withdrawn == (holds ? [one] : []))
        #expect(bench.table.advertisedCount(to: to) == (holds ? 0 : 1))
        #expect((bench.table.advertisement(of: one, to: to) == nil) == holds)
        bench.table.setExportOptions(ExportOptions(), of: to)
        #expect(bench.table.takeUpdates(for: to).announced.count == (holds ? 1 : 0))

        bench.table.setImportOptions(ImportOptions(policy: [rule]), of: from)
        #expect(bench.table.routes(to: one).map(\.exclusion) == [holds ? .policy : nil])
        bench.settle()
        #expect((bench.table.best(for: one) == nil) == holds)
        // What is rejected is kept, and taken again when the rule goes.
        #expect(bench.table.receivedCount(from: from) == 1)
        bench.table.setImportOptions(ImportOptions(), of: from)
        bench.settle()
        #expect(bench.table.best(for: one)?.peer == from)
        bench.announce(route, from: from)
        #expect(!bench.table.needsDecision)
    }

    @Test("the origin AS is that of a path that ends in no set")
    func origin() {
        let rule = PolicyRule(PolicyCondition(origins: [ASN(8), ourASN]), [], .reject)
        let paths: [([ASPath.Segment], Bool)] = [
            ([.init(.sequence, [ASN(8)])], true), ([.init(.sequence, [ASN(8), ASN(9)])], false),
            ([.init(.sequence, [ASN(8)]), .init(.set, [ASN(8)])], false), ([], false),
        ]
        for (segments, isRejected) in paths {
            var bench = Bench()
            let id = bench.peer(.customer, 2)
            bench.table.setImportOptions(ImportOptions(policy: [rule]), of: id)
            var route = attributes(path: [])
            route.asPath = ASPath(segments)
            bench.announce(route, from: id)
            #expect(bench.table.routes(to: one).map(\.exclusion) == [isRejected ? .policy : nil])
        }
    }

    @Test("prefixes of one UPDATE that policy tells apart go their own ways, both in and out")
    func byPrefix() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.internal, 3)
        let all = ["192.0.2.0/24", "192.0.2.0/25", "198.51.100.0/24", "203.0.113.0/24"].map(prefix)
        let rules = [
            PolicyRule(PolicyCondition(prefixes: [.exact(all[2])]), [], .reject),
            PolicyRule(PolicyCondition(prefixes: [.orLonger(one)]), [.setMultiExitDiscriminator(5)], .accept),
        ]
        bench.table.setImportOptions(ImportOptions(policy: rules), of: from)
        bench.table.announce(all, with: attributes(path: [7]), from: from)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).announced.map(\.prefixes) == [[all[0], all[1]], [all[3]]])
        bench.table.setImportOptions(ImportOptions(), of: from)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).announced.map(\.prefixes).map(Set.init) == [Set(all[0...2])])
        #expect(bench.table.advertisedCount(to: to) == 4)
        bench.table.setExportOptions(ExportOptions(policy: rules), of: to)
        let updates = bench.table.takeUpdates(for: to)
        #expect(updates.withdrawn == [all[2]])
        #expect(updates.announced.map(\.prefixes) == [[all[0], all[1]]])
        // A change that is not seen in the exported form is compared prefix by prefix.
        let second = bench.peer(.customer, 4)
        bench.table.announce(all, with: attributes(path: [7], med: 5), from: second)
        bench.table.withdraw(all, from: from)
        bench.settle()
        let moved = bench.table.takeUpdates(for: to)
        #expect(moved.withdrawn.isEmpty)
        #expect(moved.announced.map(\.prefixes) == [[all[3]]])
    }
}

extension PolicyConditionTests {
    @Test("rules about prefixes that come and go while sessions live reach only their prefixes")
    func byPrefixLater() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.provider, 3)
        let all = ["198.51.100.0/24", "192.0.2.0/24", "203.0.113.0/24"].map(prefix)
        let rules = [PolicyRule(.init(prefixes: [.exact(one)]), [.addCommunities([Community(rawValue: 7)])], .accept)]
        bench.table.announce(all, with: attributes(path: [65002]), from: from)
        bench.settle()
        _ = bench.table.takeUpdates(for: to)
        for options in [ExportOptions(policy: rules), ExportOptions()] {
            bench.table.setExportOptions(options, of: to)
            #expect(bench.table.takeUpdates(for: to).announced.map(\.prefixes) == [[one]])
        }
        for options in [ImportOptions(policy: rules), ImportOptions()] {
            bench.table.setImportOptions(options, of: from)
            #expect(bench.settle().map(\.prefix) == [one])
            #expect(bench.table.takeUpdates(for: to).announced.map(\.prefixes) == [[one]])
        }
    }
}

extension PolicyConditionTests {
    @Test("routes that a rule makes equal are told apart again when it goes")
    func restored() {
        var bench = Bench()
        let id = bench.peer(.customer, 2)
        let all = (0..<200).map { IPPrefix(.v4(IPv4Address(198, 51, UInt8($0), 0)), length: 24) }
        for (med, prefix) in all.enumerated() {
            bench.table.announce([prefix], with: attributes(path: [65002], med: UInt32(med)), from: id)
        }
        func values() -> [UInt32?] {
            bench.settle()
            return all.map { bench.table.routes(to: $0).first?.attributes.multiExitDiscriminator }
        }
        let rule = PolicyRule(.init(), [.setMultiExitDiscriminator(nil)], .accept)
        bench.table.setImportOptions(ImportOptions(policy: [rule]), of: id)
        #expect(values() == all.map { _ in nil })
        bench.table.setImportOptions(ImportOptions(), of: id)
        #expect(values() == all.indices.map { UInt32($0) })
        #expect(bench.table.attributeSetCount == 200)
    }
}

@Suite struct PolicyActionTests {
    private func imported(_ actions: [PolicyAction], _ relation: Relation = .customer) -> PathAttributes? {
        var bench = Bench()
        let id = bench.peer(relation, 2)
        bench.table.setImportOptions(ImportOptions(policy: [PolicyRule(.init(), actions, .accept)]), of: id)
        var route = attributes(path: [65002, 7], med: 4, localPreference: 123, communities: [10, 20])
        route.largeCommunities = [big]
        bench.announce(route, from: id)
        return bench.table.routes(to: one).first?.attributes
    }

    private func exported(_ actions: [PolicyAction], _ relation: Relation = .provider) -> PathAttributes? {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(
            relation, 3,
            options: ExportOptions(
                prepend: 1, multiExitDiscriminator: 70, policy: [PolicyRule(.init(), actions, .accept)]))
        var route = attributes(path: [65002, 7], med: 4, communities: [10, 20])
        route.largeCommunities = [big]
        bench.announce(route, from: from)
        return bench.sent(to: to)
    }

    @Test("LOCAL_PREF: over the relation's on import, on export for iBGP only")
    func localPreference() {
        for relation in Relation.allCases {
            #expect(imported([.setLocalPreference(77)], relation)?.localPreference == 77)
        }
        #expect(exported([.setLocalPreference(77)], .internal)?.localPreference == 77)
        #expect(exported([.setLocalPreference(77)])?.localPreference == nil)
    }

    @Test("MULTI_EXIT_DISC: set and removed, on export before the option's")
    func multiExitDiscriminator() {
        #expect(imported([.setMultiExitDiscriminator(9)])?.multiExitDiscriminator == 9)
        #expect(imported([.setMultiExitDiscriminator(nil)])?.multiExitDiscriminator == nil)
        #expect(exported([.setMultiExitDiscriminator(9)])?.multiExitDiscriminator == 9)
        #expect(exported([.setMultiExitDiscriminator(nil)])?.multiExitDiscriminator == nil)
        #expect(exported([.setMultiExitDiscriminator(nil)], .internal)?.multiExitDiscriminator == nil)
        #expect(exported([])?.multiExitDiscriminator == 70)
    }

    @Test("communities are added in order and once, removed, and replaced")
    func communities() {
        func numbers(_ action: PolicyAction) -> [[UInt32]?] {
            [imported([action])?.communities.map(\.rawValue), exported([action])?.communities.map(\.rawValue)]
        }
        func list(_ numbers: UInt32...) -> [Community] { numbers.map { Community(rawValue: $0) } }
        #expect(numbers(.addCommunities(list(15, 10, 15))) == [[10, 15, 20], [10, 15, 20]])
        #expect(numbers(.removeCommunities(list(10, 99))) == [[20], [20]])
        #expect(numbers(.setCommunities(list(9, 8, 9))) == [[8, 9], [8, 9]])
        #expect(numbers(.setCommunities([])) == [[], []])
        let other = LargeCommunity(1, 2, 3)
        #expect(imported([.addLargeCommunities([other, big])])?.largeCommunities == [big, other])
        #expect(imported([.removeLargeCommunities([big])])?.largeCommunities == [])
        #expect(imported([.setLargeCommunities([other, other])])?.largeCommunities == [other])
        #expect(exported([.addLargeCommunities([other])])?.largeCommunities == [big, other])
    }

    @Test("what a rule says of well-known communities is obeyed in the same pass")
    func wellKnown() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.provider, 3)
        bench.announce(attributes(path: [65002], communities: [Community.noExport.rawValue]), from: from)
        #expect(bench.sent(to: to) == nil)
        let rule = PolicyRule(.init(), [.removeCommunities([.noExport])], .accept)
        bench.table.setImportOptions(ImportOptions(policy: [rule]), of: from)
        #expect(bench.sent(to: to) != nil)
        bench.table.setImportOptions(
            ImportOptions(policy: [PolicyRule(.init(), [.setCommunities([.noAdvertise])], .accept)]), of: from)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).withdrawn == [one])
    }

    @Test("prepending: our AS on export, the neighbour's on import, nothing on iBGP")
    func prepend() {
        func path(_ numbers: [UInt32]) -> ASPath { ASPath(sequence: numbers.map { ASN($0) }) }
        #expect(imported([.prepend(2)])?.asPath == path([65002, 65002, 65002, 7]))
        #expect(imported([.prepend(2)], .internal)?.asPath == path([65002, 7]))
        // One that BGP asks for, one of the options, two of the rule.
        #expect(exported([.prepend(2)])?.asPath == path([65000, 65000, 65000, 65000, 65002, 7]))
        #expect(exported([.prepend(2)], .internal)?.asPath == path([65002, 7]))
        // It counts in the decision.
        var bench = Bench()
        let long = bench.peer(.customer, 2)
        let short = bench.peer(.customer, 3)
        bench.announce(attributes(path: [65002]), from: long)
        bench.announce(attributes(path: [65003]), from: short)
        #expect(bench.settle().map(\.route?.peer) == [long])
        bench.table.setImportOptions(ImportOptions(policy: [PolicyRule(.init(), [.prepend(1)], .accept)]), of: long)
        #expect(bench.settle().map(\.route?.step) == [.asPathLength])
    }

    @Test("next hop: an address both ways, ourselves on export; not one of the other family")
    func nextHop() {
        let other = IPAddress.v4(v4("10.7.7.7"))
        let six = IPAddress.v6(IPv6Address(high: 1, low: 2))
        #expect(imported([.setNextHop(other)])?.nextHop == NextHop(other))
        #expect(imported([.setNextHop(six)])?.nextHop == NextHop(.v4(v4("10.0.0.9"))))
        #expect(imported([.setNextHop(other), .setNextHopSelf])?.nextHop == NextHop(.v4(v4("10.0.0.9"))))
        #expect(exported([.setNextHop(other)])?.nextHop == NextHop(other))
        #expect(exported([.setNextHop(six)])?.nextHop == NextHop(.v4(v4("10.0.0.1"))))
        #expect(exported([], .internal)?.nextHop == NextHop(.v4(v4("10.0.0.9"))))
        #expect(exported([.setNextHop(other), .setNextHopSelf], .internal)?.nextHop == NextHop(.v4(v4("10.0.0.1"))))
        #expect(exported([.setNextHopSelf, .setNextHop(other)], .internal)?.nextHop == NextHop(other))

        // The next hop that a rule sets is the one that is tracked and used.
        var bench = Bench()
        let id = bench.peer(.customer, 2)
        bench.table.setImportOptions(
            ImportOptions(policy: [PolicyRule(.init(), [.setNextHop(other)], .accept)]), of: id)
        bench.announce(attributes(path: [65002]), from: id)
        #expect(bench.settle().map(\.route?.nextHop.address) == [other])
        bench.table.nextHopChanged(other, to: nil)
        #expect(bench.table.decide().map(\.route) == [nil])
    }

    @Test("ourselves as the next hop without an address of the family: not sent")
    func nextHopSelfWithoutAddress() {
        var table = Table(local: LocalSpeaker(asn: ourASN, identifier: v4("10.0.0.1")))
        let from = table.addPeer(PeerConfiguration(relation: .customer, asn: ASN(2), address: .v4(v4("10.0.0.2"))))
        let to = table.addPeer(
            PeerConfiguration(
                relation: .internal, asn: ourASN, address: .v4(v4("10.0.0.3")), localIPv6: IPv6Address("2001:db8::1"),
                exportOptions: ExportOptions(policy: [PolicyRule(.init(), [.setNextHopSelf], .accept)])))
        for id in [from, to] { table.peerUp(id, identifier: .any, families: [.ipv4]) }
        table.announce([one], with: attributes(path: [2]), from: from)
        table.nextHopChanged(.v4(v4("10.0.0.9")), to: NextHopResolution(metric: 0))
        #expect(table.decide().count == 1)
        #expect(table.takeUpdates(for: to).isEmpty)
        #expect(table.advertisedCount(to: to) == 0)
    }
}

@Suite struct PolicyOrderTests {
    @Test("rules are asked in order, see what was changed before them, and stop at the first that does not proceed")
    func order() {
        let mark = Community(rawValue: 99)
        let rules = [
            PolicyRule(.init(), [.addCommunities([mark])], .proceed),
            PolicyRule(.init(origins: [ASN(1)]), [], .reject),
            PolicyRule(.init(communities: [mark]), [.setLocalPreference(1), .setLocalPreference(2)], .proceed),
            PolicyRule(.init(prefixes: [.exact(one)]), [], .accept),
            PolicyRule(.init(), [.setLocalPreference(3)], .proceed),
        ]
        var bench = Bench()
        let id = bench.peer(.customer, 2)
        bench.table.setImportOptions(ImportOptions(policy: rules), of: id)
        let route = attributes(path: [65002, 7])
        bench.table.announce([one, prefix("198.51.100.0/24")], with: route, from: id)
        bench.announce(attributes(path: [65002, 1]), to: "203.0.113.0/24", from: id)
        func view(_ text: String) -> RouteView? { bench.table.routes(to: prefix(text)).first }
        #expect(view("192.0.2.0/24")?.attributes.localPreference == 2)
        #expect(view("198.51.100.0/24")?.attributes.localPreference == 3)
        #expect(view("198.51.100.0/24")?.attributes.communities == [mark])
        // What is rejected stays as it came.
        #expect(view("203.0.113.0/24")?.exclusion == .policy)
        #expect(view("203.0.113.0/24")?.attributes.communities == [])
        bench.table.peerDown(id)
        bench.settle()
        #expect(bench.table.attributeSetCount == 0)
    }

    @Test("no rule lets through what the relation or a well-known community forbids")
    func relationsStay() {
        var bench = Bench()
        let from = bench.peer(.provider, 2)
        let to = bench.peer(
            .peer, 3,
            options: ExportOptions(policy: [PolicyRule(.init(), [.removeCommunities([.noExport])], .accept)]))
        bench.announce(attributes(path: [65002]), from: from)
        let customer = bench.peer(.customer, 4)
        bench.announce(
            attributes(path: [65004], communities: [Community.noExport.rawValue]), to: "198.51.100.0/24",
            from: customer)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).isEmpty)
    }

    @Test("neighbours without rules cost nothing more")
    func layout() {
        #expect(MemoryLayout<ImportOptions>.size <= 32)
        #expect(MemoryLayout<AttributeSet>.stride <= 52)
    }
}
