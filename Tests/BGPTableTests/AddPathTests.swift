import BGPTable
import BGPWire
import Net
import TestSupport
import Testing

/// Several routes of one neighbour to a prefix, and several to one neighbour (RFC 7911).
@Suite("ADD-PATH in the table")
struct AddPathTests {
    private static let network = prefix("192.0.2.0/24")

    /// A neighbour that takes several routes to a prefix of IPv4.
    private func receiver(
        _ bench: inout Bench, _ number: UInt8, limit: Int?, relation: Relation = .customer,
        options: ExportOptions = ExportOptions(), families: AddressFamilies = .ipv4
    ) -> PeerID {
        let id = bench.table.addPeer(
            PeerConfiguration(
                relation: relation, asn: relation == .internal ? ourASN : ASN(65000 + UInt32(number)),
                address: .v4(IPv4Address(10, 0, 0, number)), localIPv4: v4("10.0.0.1"),
                localIPv6: IPv6Address("2001:db8::1"), pathLimit: limit, exportOptions: options))
        bench.table.peerUp(
            id, identifier: IPv4Address(10, 0, 0, number), families: [.ipv4, .ipv6], pathFamilies: families)
        return id
    }

    /// What a neighbour holds as it follows from the updates that it was sent: the first AS behind ours of each route.
    private struct Neighbour {
        var routes: [UInt32: UInt32] = [:]
        var messages = 0

        mutating func take(_ updates: OutgoingUpdates) {
            for index in updates.withdrawn.indices {
                messages += 1
                #expect(routes.removeValue(forKey: updates.withdrawnPaths[index]) != nil, "not held")
            }
            for group in updates.announced {
                for index in group.prefixes.indices {
                    messages += 1
                    routes[group.paths[index]] =
                        group.attributes.asPath.segments.first?.numbers.dropFirst().first?
                        .rawValue
                }
            }
        }
    }

    // MARK: In

    @Test("Routes of one neighbour with different identifiers stand beside each other")
    func received() {
        var bench = Bench()
        let sender = bench.peer(.provider, 2)
        bench.table.announce(
            [Self.network, Self.network], paths: PathIdentifiers([1, 2]), with: attributes(path: [65002, 65099]),
            from: sender)
        bench.table.announce(
            [Self.network], paths: PathIdentifiers([3]), with: attributes(path: [65002], nextHop: "10.0.0.8"),
            from: sender)
        bench.settle()
        #expect(bench.table.receivedCount(from: sender) == 3)
        let routes = bench.table.routes(to: Self.network)
        #expect(routes.map(\.path) == [3, 1, 2])
        #expect(routes.map(\.isBest) == [true, false, false])
        #expect(routes.map(\.lostAt) == [nil, .asPathLength, .asPathLength])
    }

    @Test("An announcement replaces the route of its identifier, a withdrawal takes that one away and no other")
    func replaced() {
        var bench = Bench()
        let sender = bench.peer(.provider, 2)
        for (path, asn) in [(UInt32(1), UInt32(64601)), (2, 64602), (1, 64603)] {
            bench.table.announce(
                [Self.network], paths: PathIdentifiers([path]), with: attributes(path: [65002, asn]), from: sender)
        }
        bench.settle()
        #expect(
            Set(bench.table.routes(to: Self.network).compactMap { $0.attributes.asPath.segments[0].numbers.last })
                == [ASN(64602), ASN(64603)])
        bench.table.withdraw([Self.network], paths: PathIdentifiers([9]), from: sender)
        #expect(bench.table.receivedCount(from: sender) == 2 && !bench.table.needsDecision)
        bench.table.withdraw([Self.network], paths: PathIdentifiers([1]), from: sender)
        bench.settle()
        #expect(bench.table.routes(to: Self.network).map(\.path) == [2])
        bench.table.peerDown(sender)
        bench.settle()
        #expect(bench.table.prefixCount == 0 && bench.table.attributeSetCount == 0)
    }

    @Test("Between equal routes of one neighbour the lowest identifier wins, in whatever order they came")
    func tie() {
        for order in [[1, 2], [2, 1]] as [[UInt32]] {
            var bench = Bench()
            let sender = bench.peer(.provider, 2)
            for path in order {
                bench.table.announce(
                    [Self.network], paths: PathIdentifiers([path]),
                    with: attributes(path: [65002], nextHop: "10.0.0.\(20 + path)"), from: sender)
            }
            bench.settle()
            #expect(bench.table.best(for: Self.network)?.nextHop == NextHop(.v4(v4("10.0.0.21"))))
            #expect(bench.table.best(for: Self.network)?.step == .pathIdentifier)
        }
    }

    @Test("Routes of one neighbour carry packets together where they have different ways")
    func multipath() {
        var bench = Bench()
        bench.table = Table(
            local: LocalSpeaker(asn: ourASN, identifier: v4("10.0.0.1")), decision: DecisionOptions(multipathLimit: 4))
        let sender = bench.peer(.provider, 2)
        for path in UInt32(1)...3 {
            bench.table.announce(
                [Self.network], paths: PathIdentifiers([path]),
                with: attributes(path: [65002], nextHop: "10.0.0.\(20 + path)"), from: sender)
        }
        bench.settle()
        #expect(
            bench.table.best(for: Self.network)?.equalPaths.map(\.nextHop.address) == [
                .v4(v4("10.0.0.22")), .v4(v4("10.0.0.23")),
            ])
    }

    @Test("A refresh takes away the routes that did not come again, by prefix and identifier")
    func refresh() {
        var bench = Bench()
        let sender = bench.peer(.provider, 2)
        let other = bench.peer(.provider, 3)
        let second = prefix("198.51.100.0/24")
        bench.announce(attributes(path: [65003]), from: other)
        for path in UInt32(1)...2 {
            bench.table.announce(
                [Self.network, second], paths: PathIdentifiers([path, path]), with: attributes(path: [65002]),
                from: sender)
        }
        bench.table.withdraw(.ipv4, from: sender, except: [RouteKey(Self.network, path: 2)])
        bench.settle()
        #expect(bench.table.routes(to: second).isEmpty)
        #expect(bench.table.routes(to: Self.network).map(\.path).sorted() == [0, 2])
        #expect(bench.table.receivedCount(from: sender) == 1)
    }

    @Test("Import options change every route of the neighbour")
    func importOptions() {
        var bench = Bench()
        let sender = bench.peer(.provider, 2)
        for path in UInt32(1)...3 {
            bench.table.announce(
                [Self.network], paths: PathIdentifiers([path]), with: attributes(path: [65002, 64600 + path]),
                from: sender)
        }
        bench.settle()
        bench.table.setImportOptions(ImportOptions(localPreference: 77), of: sender)
        bench.settle()
        let routes = bench.table.routes(to: Self.network)
        #expect(routes.map(\.attributes.localPreference) == [77, 77, 77] && routes.map(\.path).sorted() == [1, 2, 3])
    }

    // MARK: Out

    @Test("All usable routes are sent, under identifiers of our own, and only once")
    func all() {
        var bench = Bench()
        let senders = (2...5).map { bench.peer(.provider, $0) }
        bench.unreachable = [.v4(v4("10.0.0.66"))]
        let receiver = receiver(&bench, 9, limit: nil)
        for (index, sender) in senders.enumerated() {
            bench.announce(
                attributes(path: [65002 + UInt32(index)], nextHop: index == 3 ? "10.0.0.66" : "10.0.0.9"),
                from: sender)
        }
        bench.settle()
        let updates = bench.table.takeUpdates(for: receiver)
        #expect(updates.withdrawn.isEmpty)
        var neighbour = Neighbour()
        neighbour.take(updates)
        #expect(neighbour.routes == [1: 65002, 2: 65003, 3: 65004])
        #expect(bench.table.advertisedCount(to: receiver) == 3)
        #expect(!bench.table.hasUpdates(for: receiver))
        bench.announce(attributes(path: [65003]), from: senders[1])
        bench.settle()
        #expect(bench.table.takeUpdates(for: receiver).isEmpty)
    }

    @Test("A limit lets the best ones through; what comes in takes the identifier of what goes out")
    func limit() {
        var bench = Bench()
        let senders = (2...5).map { bench.peer(.provider, $0) }
        let receiver = receiver(&bench, 9, limit: 2)
        for (index, sender) in senders.enumerated() {
            bench.announce(
                attributes(path: [65002 + UInt32(index)] + .init(repeating: 64600, count: index)), from: sender)
        }
        var neighbour = Neighbour()
        bench.settle()
        neighbour.take(bench.table.takeUpdates(for: receiver))
        #expect(neighbour.routes == [1: 65002, 2: 65003])
        #expect(bench.table.advertisedPaths(of: Self.network, to: receiver).map(\.path) == [1, 2])
        #expect(bench.table.advertisement(of: Self.network, to: receiver)?.asPath.segments[0].numbers.count == 2)
        // The second goes, the third takes its place without a withdrawal, and the first is not sent again.
        bench.table.withdraw([Self.network], from: senders[1])
        bench.settle()
        neighbour.messages = 0
        neighbour.take(bench.table.takeUpdates(for: receiver))
        #expect(neighbour.routes == [1: 65002, 2: 65004] && neighbour.messages == 1)
        // The fourth becomes the best and pushes one out.
        bench.announce(attributes(path: [65005]), from: senders[3])
        bench.announce(attributes(path: [65002, 64600]), from: senders[0])
        bench.settle()
        neighbour.take(bench.table.takeUpdates(for: receiver))
        #expect(neighbour.routes == [1: 65002, 2: 65005])
        for sender in senders { bench.table.withdraw([Self.network], from: sender) }
        bench.settle()
        neighbour.take(bench.table.takeUpdates(for: receiver))
        #expect(neighbour.routes.isEmpty && bench.table.advertisedCount(to: receiver) == 0)
        #expect(bench.table.prefixCount == 0 && bench.table.attributeSetCount == 0)
    }

    @Test("Routes of one neighbour that came with identifiers keep theirs apart on the way out")
    func throughout() {
        var bench = Bench()
        let sender = bench.peer(.provider, 2)
        let receiver = receiver(&bench, 9, limit: nil, relation: .internal)
        for path in [UInt32(40), 50, 60] {
            bench.table.announce(
                [Self.network], paths: PathIdentifiers([path]),
                with: attributes(path: [65002, 64600 + path], nextHop: "10.0.0.\(path)"), from: sender)
        }
        bench.settle()
        _ = bench.table.takeUpdates(for: receiver)
        let before = bench.table.advertisedPaths(of: Self.network, to: receiver)
        #expect(before.map(\.path) == [1, 2, 3])
        bench.table.withdraw([Self.network], paths: PathIdentifiers([50]), from: sender)
        bench.settle()
        let updates = bench.table.takeUpdates(for: receiver)
        #expect(updates.announced.isEmpty && updates.withdrawnPaths == PathIdentifiers([2]))
    }

    @Test("What a neighbour announced does not come back to it, and relations and rules decide as for the best route")
    func policy() {
        var bench = Bench()
        let provider = bench.peer(.provider, 2)
        let customer = bench.peer(.customer, 3)
        let rule = PolicyRule(PolicyCondition(neighbours: [customer]), [], .reject)
        let toPeer = receiver(&bench, 7, limit: nil, relation: .peer)
        let toCustomer = receiver(&bench, 8, limit: nil, options: ExportOptions(policy: [rule]))
        bench.announce(attributes(path: [65002]), from: provider)
        bench.announce(attributes(path: [65003]), from: customer)
        bench.announce(attributes(path: [65008]), from: toCustomer)
        bench.settle()
        var (peer, other) = (Neighbour(), Neighbour())
        peer.take(bench.table.takeUpdates(for: toPeer))
        other.take(bench.table.takeUpdates(for: toCustomer))
        #expect(Set(peer.routes.values) == [65003, 65008] && Set(other.routes.values) == [65002])
        // A rule that goes lets its route through, one that comes takes it away.
        bench.table.setExportOptions(ExportOptions(), of: toCustomer)
        other.take(bench.table.takeUpdates(for: toCustomer))
        #expect(Set(other.routes.values) == [65002, 65003])
        bench.table.setExportOptions(
            ExportOptions(policy: [PolicyRule(PolicyCondition(neighbours: [provider]), [], .reject)]), of: toCustomer)
        other.take(bench.table.takeUpdates(for: toCustomer))
        #expect(Set(other.routes.values) == [65003])
        bench.table.setExportOptions(ExportOptions(prepend: 1), of: toCustomer)
        other.take(bench.table.takeUpdates(for: toCustomer))
        #expect(other.routes.count == 2)
        #expect(
            bench.table.advertisedPaths(of: Self.network, to: toCustomer).allSatisfy {
                $0.attributes.asPath.segments[0].numbers.count == 3
            })
    }

    @Test("A family without identifiers is sent its best routes only, of a neighbour that has them for the other")
    func otherFamily() {
        var bench = Bench()
        let senders = (2...3).map { bench.peer(.provider, $0) }
        let receiver = receiver(&bench, 9, limit: nil, families: .ipv4)
        let network = prefix("2001:db8:53::/48")
        for (index, sender) in senders.enumerated() {
            var route = attributes(path: [65002 + UInt32(index)])
            route.nextHop = NextHop(.v6(IPv6Address("2001:db8::9") ?? .any))
            bench.table.announce([network], with: route, from: sender)
        }
        bench.settle()
        #expect(bench.table.takeUpdates(for: receiver).announced.map(\.prefixes) == [[network]])
        bench.table.withdraw([network], from: senders[0])
        bench.settle()
        let updates = bench.table.takeUpdates(for: receiver)
        #expect(updates.withdrawn.isEmpty && updates.announced.map(\.prefixes) == [[network]])
    }

    @Test("A refresh sends all of it again, and a withdrawal that waits is not lost")
    func resend() {
        var bench = Bench()
        let senders = (2...4).map { bench.peer(.provider, $0) }
        let receiver = receiver(&bench, 9, limit: nil)
        for (index, sender) in senders.enumerated() {
            bench.announce(attributes(path: [65002 + UInt32(index)]), from: sender)
        }
        bench.settle()
        var neighbour = Neighbour()
        neighbour.take(bench.table.takeUpdates(for: receiver))
        bench.table.withdraw([Self.network], from: senders[2])
        bench.settle()
        bench.table.resend(to: receiver, .ipv4)
        bench.table.resend(to: receiver, .ipv6)
        neighbour.messages = 0
        neighbour.take(bench.table.takeUpdates(for: receiver))
        #expect(neighbour.routes == [1: 65002, 2: 65003] && neighbour.messages == 3)
    }

    @Test("While announcements wait, a route that goes without another in its place is withdrawn at once")
    func withdrawalsOnly() {
        var bench = Bench()
        let senders = (2...5).map { bench.peer(.provider, $0) }
        let receiver = receiver(&bench, 9, limit: 3)
        for (index, sender) in senders.dropLast().enumerated() {
            bench.announce(attributes(path: [65002 + UInt32(index)]), from: sender)
        }
        bench.settle()
        var neighbour = Neighbour()
        neighbour.take(bench.table.takeUpdates(for: receiver))
        // Two go and one comes: it waits, with the identifier of one of the two.
        for sender in senders[1...2] { bench.table.withdraw([Self.network], from: sender) }
        bench.announce(attributes(path: [65005]), from: senders[3])
        bench.settle()
        neighbour.messages = 0
        neighbour.take(bench.table.takeUpdates(for: receiver, withdrawalsOnly: true))
        #expect(neighbour.routes == [1: 65002, 2: 65003] && neighbour.messages == 1)
        #expect(bench.table.hasUpdates(for: receiver))
        neighbour.take(bench.table.takeUpdates(for: receiver))
        #expect(neighbour.routes == [1: 65002, 2: 65005])
        bench.table.withdraw([Self.network], from: senders[3])
        bench.settle()
        neighbour.take(bench.table.takeUpdates(for: receiver, withdrawalsOnly: true))
        #expect(neighbour.routes == [1: 65002] && !bench.table.hasUpdates(for: receiver))
    }

    @Test("A session that ends leaves nothing, whatever it holds and whatever waits for it")
    func sessionEnds() {
        var bench = Bench()
        let senders = (2...4).map { bench.peer(.provider, $0) }
        let receiver = receiver(&bench, 9, limit: nil)
        for sender in senders { bench.announce(attributes(path: [65002]), from: sender) }
        bench.settle()
        _ = bench.table.takeUpdates(for: receiver)
        bench.announce(attributes(path: [65002, 64600]), from: senders[0])
        bench.table.withdraw([Self.network], from: senders[1])
        bench.settle()
        bench.table.peerDown(receiver)
        for sender in senders { bench.table.peerDown(sender) }
        bench.settle()
        #expect(bench.table.prefixCount == 0 && bench.table.attributeSetCount == 0)
        #expect(bench.table.advertisedCount(to: receiver) == 0)
    }

    @Test("However routes come and go, the neighbour holds what it should, and nothing is left in the end")
    func random() {
        for seed in UInt64(1)...30 {
            var random = SeededGenerator(seed)
            var bench = Bench()
            let senders = (2...5).map { bench.peer(.provider, $0) }
            let limit = Int.random(in: 1...4, using: &random)
            let receiver = receiver(&bench, 9, limit: limit)
            var neighbour = Neighbour()
            for _ in 0..<120 {
                let sender = Int.random(in: 0...3, using: &random)
                let path = UInt32.random(in: 0...2, using: &random)
                if Bool.random(using: &random) {
                    let tail = [UInt32](repeating: 64600, count: Int.random(in: 0...3, using: &random))
                    bench.table.announce(
                        [Self.network], paths: PathIdentifiers([path]),
                        with: attributes(path: [65100 + UInt32(sender) * 10 + path] + tail), from: senders[sender])
                } else {
                    bench.table.withdraw([Self.network], paths: PathIdentifiers([path]), from: senders[sender])
                }
                guard Int.random(in: 0...2, using: &random) == 0 else { continue }
                bench.settle()
                if Bool.random(using: &random) {
                    neighbour.take(bench.table.takeUpdates(for: receiver, withdrawalsOnly: true))
                }
                neighbour.take(bench.table.takeUpdates(for: receiver))
                let routes = bench.table.routes(to: Self.network)
                #expect(neighbour.routes.count == min(limit, routes.count))
                let lengths = routes.map { $0.attributes.asPath.segments[0].numbers.count }.sorted()
                let held = bench.table.advertisedPaths(of: Self.network, to: receiver)
                #expect(
                    held.map { $0.attributes.asPath.segments[0].numbers.count - 1 }.sorted()
                        == Array(lengths.prefix(limit)))
                #expect(
                    neighbour.routes
                        == Dictionary(
                            uniqueKeysWithValues: held.map {
                                ($0.path, $0.attributes.asPath.segments[0].numbers[1].rawValue)
                            }))
            }
            for id in senders { bench.table.peerDown(id) }
            bench.settle()
            neighbour.take(bench.table.takeUpdates(for: receiver))
            #expect(neighbour.routes.isEmpty)
            #expect(bench.table.prefixCount == 0 && bench.table.attributeSetCount == 0)
        }
    }
}
