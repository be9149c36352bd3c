@testable import BGPTable
import BGPWire
import Net
import TestSupport
import Testing

@Suite struct RefreshTests {
    private let one = prefix("192.0.2.0/24")
    private let two = prefix("198.51.100.0/24")
    private let six = prefix("2001:db8::/32")

    @Test("a refresh sends all of one family again, once, and only to who asked")
    func resend() {
        var bench = Bench()
        let to = bench.peer(.customer, 2)
        let other = bench.peer(.customer, 3)
        for prefix in [one, two, six] { bench.table.originate(prefix) }
        bench.settle()
        let first = bench.table.takeUpdates(for: to)
        _ = bench.table.takeUpdates(for: other)
        bench.table.resend(to: to, .ipv4)
        #expect(!bench.table.hasUpdates(for: other))
        let again = bench.table.takeUpdates(for: to)
        #expect(again.withdrawn.isEmpty)
        #expect(again.announced == first.announced.filter { $0.prefixes == [one, two] })
        #expect(again.announced.flatMap(\.prefixes) == [one, two])
        #expect(bench.table.advertisedCount(to: to) == 3)
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        bench.table.resend(to: to, .ipv6)
        #expect(bench.table.takeUpdates(for: to).announced.map(\.prefixes) == [[six]])
        // A change after the repetition is compared again.
        let from = bench.peer(.customer, 4)
        bench.announce(attributes(path: [65004], med: 1), to: "203.0.113.0/24", from: from)
        #expect(bench.sent("203.0.113.0/24", to: to) != nil)
        bench.announce(attributes(path: [65004], med: 2), to: "203.0.113.0/24", from: from)
        #expect(bench.sent("203.0.113.0/24", to: to) == nil)
    }

    @Test("a refresh neither loses nor invents what waits: withdrawals, changes, first announcements")
    func resendWhileWaiting() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.provider, 3)
        let third = prefix("203.0.113.0/24")
        bench.table.announce([one, two], with: attributes(path: [65002]), from: from)
        bench.settle()
        _ = bench.table.takeUpdates(for: to)
        bench.table.withdraw([one], from: from)
        bench.table.announce([two], with: attributes(path: [65002], med: 3), from: from)
        bench.table.announce([third], with: attributes(path: [65002]), from: from)
        bench.settle()
        bench.table.resend(to: to, .ipv4)
        bench.table.resend(to: to, .ipv4)
        #expect(bench.table.takeUpdates(for: to, withdrawalsOnly: true) == OutgoingUpdates(withdrawn: [one]))
        let updates = bench.table.takeUpdates(for: to)
        #expect(updates.withdrawn.isEmpty)
        // In the form that is sent, `two` is the same as before: only the refresh asks for it.
        #expect(Set(updates.announced.flatMap(\.prefixes)) == [two, third])
        #expect(updates.announced.flatMap(\.prefixes).count == 2)
        #expect(bench.table.advertisedCount(to: to) == 2)
        // Not sent and gone before it was: no withdrawal.
        bench.announce(attributes(path: [65002]), from: from)
        bench.settle()
        bench.table.resend(to: to, .ipv4)
        bench.table.withdraw([one], from: from)
        bench.settle()
        #expect(!bench.table.takeUpdates(for: to).withdrawn.contains(one))
        #expect(bench.table.prefixCount == 2)
    }

    @Test("a refresh that waits for the advertisement interval is not forgotten")
    func resendOnlyAnnounces() {
        var bench = Bench()
        let to = bench.peer(.customer, 2)
        bench.table.originate(one)
        bench.settle()
        _ = bench.table.takeUpdates(for: to)
        bench.table.resend(to: to, .ipv4)
        #expect(bench.table.takeUpdates(for: to, withdrawalsOnly: true).isEmpty)
        #expect(bench.table.takeUpdates(for: to).announced.map(\.prefixes) == [[one]])
    }

    @Test("a refresh sends nothing that may not be sent, and nothing while the session is down or without the family")
    func resendNothing() {
        var bench = Bench()
        let from = bench.peer(.provider, 2)
        let to = bench.peer(.peer, 3)
        bench.announce(attributes(path: [65002]), from: from)
        bench.table.originate(six)
        bench.settle()
        _ = bench.table.takeUpdates(for: to)
        bench.table.resend(to: to, .ipv4)
        #expect(!bench.table.hasUpdates(for: to))
        bench.table.resend(to: from, .ipv4)
        #expect(bench.table.takeUpdates(for: from).announced.flatMap(\.prefixes) == [six])
        bench.table.peerDown(to)
        bench.table.resend(to: to, .ipv6)
        #expect(!bench.table.hasUpdates(for: to))
        bench.table.peerUp(to, identifier: .any, families: [.ipv4])
        bench.table.resend(to: to, .ipv6)
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        for wrong in [PeerID.local, PeerID(rawValue: 99)] { bench.table.resend(to: wrong, .ipv4) }
    }
}

@Suite struct ReconfigurationTests {
    private let one = prefix("192.0.2.0/24")
    private let two = prefix("198.51.100.0/24")

    @Test("a neighbour that is removed takes its routes along, and its number means nobody")
    func removePeer() {
        var bench = Bench()
        let gone = bench.peer(.customer, 2)
        let stays = bench.peer(.customer, 3)
        bench.announce(attributes(path: [65002]), from: gone)
        #expect(bench.sent(to: stays) != nil)
        bench.table.removePeer(gone)
        #expect(bench.table.peerIDs == [stays])
        #expect(bench.table.configuration(of: gone) == nil)
        #expect(bench.settle().map(\.route) == [nil])
        #expect(bench.table.takeUpdates(for: stays).withdrawn == [one])
        bench.up(gone, identifier: v4("10.0.0.2"))
        bench.announce(attributes(path: [65002]), from: gone)
        bench.table.setImportOptions(ImportOptions(localPreference: 1), of: gone)
        bench.table.setExportOptions(ExportOptions(prepend: 1), of: gone)
        bench.table.removePeer(gone)
        #expect(bench.settle().isEmpty)
        #expect(!bench.table.hasUpdates(for: gone))
        #expect(bench.table.prefixCount == 0)
        #expect(bench.table.attributeSetCount == 0)
        let new = bench.peer(.customer, 2)
        #expect(new.rawValue == 3)
        #expect(bench.table.peerIDs == [stays, new])
    }

    @Test(
        "import options that change are applied to what was received, and undone without a trace",
        arguments: [true, false])
    func importOptions(isInternal: Bool) {
        var bench = Bench()
        let first = bench.peer(isInternal ? .internal : .customer, 2)
        let second = bench.peer(isInternal ? .internal : .customer, 3)
        let to = bench.peer(.customer, 4)
        for id in [first, second] { bench.announce(attributes(path: [7], localPreference: 150), from: id) }
        bench.announce(attributes(path: [7], localPreference: 160), to: "198.51.100.0/24", from: second)
        bench.settle()
        _ = bench.table.takeUpdates(for: to)
        let before = [one, two].map { bench.table.routes(to: $0) }
        let sets = bench.table.attributeSetCount
        #expect(bench.table.best(for: one)?.peer == first)

        bench.table.setImportOptions(ImportOptions(localPreference: 500), of: second)
        #expect(bench.table.configuration(of: second)?.importOptions.localPreference == 500)
        #expect(bench.settle().map(\.route?.peer) == [second, second])
        #expect(bench.table.routes(to: one).map(\.attributes.localPreference) == [500, isInternal ? 150 : 300])
        // No neighbour sees LOCAL_PREF over eBGP.
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        // What came by eBGP needs no copy of what was received.
        #expect(bench.table.attributeSetCount == sets + (isInternal ? 2 : 0))
        // New routes and those of before are alike, and the same option again is nothing.
        bench.announce(attributes(path: [7], localPreference: 150), from: second)
        bench.table.setImportOptions(ImportOptions(localPreference: 500), of: second)
        #expect(!bench.table.needsDecision)
        bench.table.setImportOptions(ImportOptions(localPreference: 50), of: second)
        #expect(bench.settle().map(\.route?.peer) == [first, second])
        bench.table.setImportOptions(ImportOptions(), of: second)
        bench.settle()
        #expect([one, two].map { bench.table.routes(to: $0) } == before)
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        #expect(bench.table.attributeSetCount == sets)
        bench.table.withdraw([one, two], from: second)
        bench.table.withdraw([one], from: first)
        bench.settle()
        _ = bench.table.takeUpdates(for: to)
        #expect(bench.table.attributeSetCount == 0)
    }

    @Test("only routes of the neighbour whose import options change are decided again")
    func importOptionsOfOne() {
        var bench = Bench()
        let first = bench.peer(.provider, 2)
        let second = bench.peer(.provider, 3)
        bench.announce(attributes(path: [7]), from: first)
        bench.announce(attributes(path: [7]), to: "198.51.100.0/24", from: second)
        bench.settle()
        bench.table.setImportOptions(ImportOptions(localPreference: 500), of: second)
        #expect(bench.settle().map(\.prefix) == [two])
        bench.table.setImportOptions(ImportOptions(localPreference: 100), of: second)
        bench.settle()
        // 100 is what the relation gives.
        bench.table.setImportOptions(ImportOptions(), of: second)
        #expect(!bench.table.needsDecision)
    }

    @Test("export options that change send again what changes by it, and nothing else")
    func exportOptions() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.provider, 3)
        let other = bench.peer(.provider, 4)
        bench.announce(attributes(path: [65002], communities: [9]), from: from)
        bench.announce(attributes(path: [65002]), to: "198.51.100.0/24", from: from)
        bench.settle()
        for id in [to, other] { _ = bench.table.takeUpdates(for: id) }
        bench.table.setExportOptions(ExportOptions(communities: [Community(rawValue: 9)]), of: to)
        #expect(!bench.table.hasUpdates(for: other))
        let updates = bench.table.takeUpdates(for: to)
        #expect(updates.withdrawn.isEmpty)
        #expect(updates.announced.map(\.prefixes) == [[two]])
        #expect(updates.announced.first?.attributes.communities == [Community(rawValue: 9)])
        #expect(bench.table.advertisedCount(to: to) == 2)
        bench.table.setExportOptions(ExportOptions(communities: [Community(rawValue: 9)]), of: to)
        #expect(!bench.table.hasUpdates(for: to))
        bench.table.setExportOptions(ExportOptions(prepend: 2), of: to)
        #expect(bench.table.takeUpdates(for: to).announced.flatMap(\.prefixes) == [one, two])
    }

    @Test("a leak that begins announces what was held back, and one that ends withdraws it")
    func exportOptionsThatPermit() {
        var bench = Bench()
        let from = bench.peer(.provider, 2)
        let to = bench.peer(.peer, 3)
        bench.announce(attributes(path: [65002]), from: from)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        bench.table.setExportOptions(ExportOptions(leak: true), of: to)
        #expect(bench.table.takeUpdates(for: to).announced.flatMap(\.prefixes) == [one])
        bench.table.setExportOptions(ExportOptions(), of: to)
        #expect(bench.table.takeUpdates(for: to) == OutgoingUpdates(withdrawn: [one]))
        // Begun and ended before anything was sent.
        bench.table.setExportOptions(ExportOptions(leak: true), of: to)
        bench.table.setExportOptions(ExportOptions(), of: to)
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        // While the session is down nothing is queued; what comes up uses the new options.
        bench.table.peerDown(to)
        bench.table.setExportOptions(ExportOptions(leak: true), of: to)
        #expect(!bench.table.hasUpdates(for: to))
        bench.up(to, identifier: v4("10.0.0.3"))
        #expect(bench.table.takeUpdates(for: to).announced.flatMap(\.prefixes) == [one])
    }

    @Test("export options that change while a change waits: the route is sent although it looks like the one that was")
    func exportOptionsWhileWaiting() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.provider, 3)
        bench.announce(attributes(path: [65002]), from: from)
        #expect(bench.sent(to: to) != nil)
        bench.announce(attributes(path: [65002], med: 3), from: from)
        bench.settle()
        bench.table.setExportOptions(ExportOptions(prepend: 1), of: to)
        bench.announce(attributes(path: [65002]), from: from)
        #expect(bench.sent(to: to)?.asPath == ASPath(sequence: [65000, 65000, 65002].map { ASN($0) }))
        bench.table.withdraw([one], from: from)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).withdrawn == [one])
        #expect(bench.table.attributeSetCount == 0)
    }

    /// Refreshes and changes of options mixed into a long random history.
    @Test("whatever is changed meanwhile, neighbours end up with what a new session would be sent")
    func randomHistory() {
        var random = SeededGenerator(5)
        var bench = Bench()
        let relations: [Relation] = [.customer, .peer, .provider, .internal]
        let ids = relations.enumerated().map { bench.peer($1, UInt8($0 + 2)) }
        let all = (0..<12).map { IPPrefix(.v4(IPv4Address(198, 51, UInt8($0), 0)), length: 24) }
        var held: [[IPPrefix: PathAttributes]] = ids.map { _ in [:] }
        var received: [[IPPrefix: PathAttributes]] = ids.map { _ in [:] }
        func take(_ index: Int) {
            let updates = bench.table.takeUpdates(
                for: ids[index], atMost: Int.random(in: 1...9, using: &random),
                withdrawalsOnly: random.number() % 3 == 0)
            for prefix in updates.withdrawn { #expect(held[index].removeValue(forKey: prefix) != nil) }
            for group in updates.announced { for prefix in group.prefixes { held[index][prefix] = group.attributes } }
            #expect(bench.table.advertisedCount(to: ids[index]) == held[index].count)
        }
        func expectWhatANewSessionGets() {
            bench.settle()
            for (index, id) in ids.enumerated() {
                for _ in 0..<100 where bench.table.hasUpdates(for: id) { take(index) }
                while bench.table.hasUpdates(for: id) {
                    let updates = bench.table.takeUpdates(for: id)
                    for prefix in updates.withdrawn { held[index][prefix] = nil }
                    for group in updates.announced {
                        for prefix in group.prefixes { held[index][prefix] = group.attributes }
                    }
                }
                for prefix in all { #expect(bench.table.advertisement(of: prefix, to: id) == held[index][prefix]) }
                var fresh = bench.table
                fresh.peerUp(id, identifier: IPv4Address(10, 0, 0, UInt8(index + 2)), families: [.ipv4, .ipv6])
                // The routes of the neighbour itself went with its session; those are not sent to it anyway.
                var expected: [IPPrefix: PathAttributes] = [:]
                for group in fresh.takeUpdates(for: id).announced {
                    for prefix in group.prefixes { expected[prefix] = group.attributes }
                }
                #expect(held[index] == expected)
                // Nor would it change anything if all that was received were sent again.
                for (prefix, route) in received[index].sorted(by: { $0.key < $1.key }) {
                    bench.table.announce([prefix], with: route, from: id)
                }
                #expect(!bench.table.needsDecision)
            }
        }
        for round in 0..<6_000 {
            let index = Int.random(in: ids.indices, using: &random)
            let some = (0..<2).compactMap { _ in all.randomElement(using: &random) }
            switch random.number() % 12 {
            case 0..<4:
                let path = (0..<random.number() % 4).map { _ in 70000 + random.number() % 2 }
                let route = attributes(path: path, localPreference: random.number() % 3)
                bench.table.announce(some, with: route, from: ids[index])
                for prefix in some { received[index][prefix] = route }
            case 4:
                bench.table.withdraw(some, from: ids[index])
                for prefix in some { received[index][prefix] = nil }
            case 5: bench.table.resend(to: ids[index], .ipv4)
            case 6:
                let preference: UInt32? = random.number() % 2 == 0 ? nil : random.number() % 3 * 150
                let rules = (0..<random.number() % 3).compactMap { _ in all.someRule(&random) }
                bench.table.setImportOptions(
                    ImportOptions(
                        localPreference: preference, gracefulShutdown: random.number() % 4 == 0, policy: rules),
                    of: ids[index])
            case 7:
                let rules = (0..<random.number() % 3).compactMap { _ in all.someRule(&random) }
                bench.table.setExportOptions(
                    ExportOptions(
                        prepend: UInt8(random.number() % 2), leak: random.number() % 3 == 0, policy: rules),
                    of: ids[index])
            case 8, 9: bench.settle()
            default: take(index)
            }
            if round % 500 == 499 { expectWhatANewSessionGets() }
        }
        for id in ids { bench.table.removePeer(id) }
        bench.settle()
        #expect(bench.table.prefixCount == 0)
        #expect(bench.table.attributeSetCount == 0)
    }
}

extension [IPPrefix] {
    /// A rule about some of these, or about anything.
    fileprivate func someRule(_ random: inout SeededGenerator) -> PolicyRule? {
        guard let prefix = randomElement(using: &random) else { return nil }
        let condition: PolicyCondition =
            switch random.number() % 3 {
            case 0: PolicyCondition(prefixes: [.orLonger(prefix)])
            case 1: PolicyCondition(asPath: try? ASPathExpression("70001"))
            default: PolicyCondition()
            }
        let actions: [PolicyAction] = [
            .setMultiExitDiscriminator(random.number() % 2), .setLocalPreference(random.number() % 3 * 100),
            .addCommunities([Community(rawValue: 5)]), .prepend(1), .setNextHopSelf,
        ]
        let verdicts: [PolicyRule.Verdict] = [.accept, .proceed, .proceed, .reject]
        return PolicyRule(
            condition, Array<PolicyAction>(actions.shuffled(using: &random).prefix(2)),
            verdicts.randomElement(using: &random) ?? .accept)
    }
}
