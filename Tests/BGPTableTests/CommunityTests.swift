@testable import BGPTable
import BGPWire
import Net
import Testing

@Suite struct GracefulShutdownTests {
    private let one = prefix("192.0.2.0/24")
    private let mark = Community.gracefulShutdown.rawValue

    /// RFC 8326, section 4.1.
    @Test(
        "GRACEFUL_SHUTDOWN makes LOCAL_PREF 0 on eBGP, over all that sets it, and is left to iBGP",
        arguments: Relation.allCases.filter { $0 != .routeServerClient })
    func received(_ relation: Relation) {
        var bench = Bench()
        let id = bench.peer(relation, 2, preference: relation == .peer ? 999 : nil)
        bench.announce(attributes(path: [65002], localPreference: 100, communities: [mark]), from: id)
        let expected: UInt32 = relation == .internal ? 100 : 0
        #expect(bench.table.routes(to: one).map(\.attributes.localPreference) == [expected])
        #expect(bench.settle().map(\.route?.peer) == [id])
        let rule = PolicyRule(.init(), [.setLocalPreference(700)], .accept)
        bench.table.setImportOptions(ImportOptions(policy: [rule]), of: id)
        #expect(bench.table.routes(to: one).map(\.attributes.localPreference) == [relation == .internal ? 700 : 0])
        // Who does not want it removes the community.
        let without = PolicyRule(.init(), [.removeCommunities([.gracefulShutdown]), .setLocalPreference(700)], .accept)
        bench.table.setImportOptions(ImportOptions(policy: [without]), of: id)
        #expect(bench.table.routes(to: one).map(\.attributes.localPreference) == [700])
        bench.table.setImportOptions(ImportOptions(), of: id)
        #expect(bench.table.routes(to: one).first?.attributes.communities.map(\.rawValue) == [mark])
        #expect(
            bench.table.routes(to: one).map(\.attributes.localPreference) == [relation == .internal ? 100 : 0])
    }

    /// RFC 8326, section 4.2.
    @Test("a session about to shut down: routes both ways are marked while it lives, and not a moment longer")
    func initiated() {
        var bench = Bench()
        let old = bench.peer(.customer, 2)
        let new = bench.peer(.provider, 3)
        bench.announce(attributes(path: [65002]), from: old)
        bench.announce(attributes(path: [65003]), from: new)
        bench.table.originate(prefix("198.51.100.0/24"))
        bench.settle()
        for id in [old, new] { _ = bench.table.takeUpdates(for: id) }
        let sets = bench.table.attributeSetCount

        bench.table.setImportOptions(ImportOptions(gracefulShutdown: true), of: old)
        bench.table.setExportOptions(ExportOptions(gracefulShutdown: true), of: old)
        #expect(bench.settle().map(\.route?.peer) == [new])
        #expect(bench.table.routes(to: one).last?.attributes.localPreference == 0)
        let marked = bench.table.takeUpdates(for: old)
        #expect(Set(marked.announced.flatMap(\.prefixes)) == [prefix("198.51.100.0/24"), one])
        #expect(marked.announced.allSatisfy { $0.attributes.communities == [.gracefulShutdown] })
        #expect(bench.table.takeUpdates(for: new).withdrawn == [one])

        bench.table.setImportOptions(ImportOptions(), of: old)
        bench.table.setExportOptions(ExportOptions(), of: old)
        #expect(bench.settle().map(\.route?.peer) == [old])
        let unmarked = bench.table.takeUpdates(for: old)
        #expect(unmarked.withdrawn == [one])
        #expect(unmarked.announced.map(\.attributes.communities) == [[]])
        #expect(bench.table.takeUpdates(for: new).announced.map(\.attributes.communities) == [[]])
        #expect(bench.table.attributeSetCount == sets)
    }

    @Test("iBGP sessions are not marked")
    func `internal`() {
        var bench = Bench()
        let id = bench.peer(.internal, 2, options: ExportOptions(gracefulShutdown: true))
        bench.table.setImportOptions(ImportOptions(gracefulShutdown: true), of: id)
        bench.announce(attributes(path: [7], localPreference: 55), from: id)
        #expect(bench.table.routes(to: one).map(\.attributes.localPreference) == [55])
        #expect(bench.table.routes(to: one).map(\.attributes.communities) == [[]])
        bench.table.originate(prefix("198.51.100.0/24"))
        #expect(bench.sent("198.51.100.0/24", to: id)?.communities == [])
    }
}

@Suite struct BlackholeTests {
    private let mark = Community.blackhole.rawValue

    /// RFC 7999, sections 3.2 and 3.3.
    @Test("BLACKHOLE is honoured only inside what the neighbour may announce, and stays in our AS")
    func accepted() {
        var bench = Bench()
        let id = bench.peer(.customer, 2)
        let inside = bench.peer(.internal, 3)
        let outside = bench.peer(.provider, 4)
        bench.table.setImportOptions(ImportOptions(blackholes: [prefix("192.0.2.0/24")]), of: id)
        let route = attributes(path: [65002], communities: [mark])
        bench.table.announce(
            ["192.0.2.7/32", "192.0.2.0/24", "198.51.100.7/32", "192.0.0.0/16"].map(prefix), with: route, from: id)
        bench.table.announce([prefix("192.0.2.8/32")], with: attributes(path: [65002]), from: id)
        let changes = bench.settle()
        #expect(changes.map(\.prefix) == ["192.0.2.7/32", "192.0.2.0/24", "192.0.2.8/32"].map(prefix))
        #expect(changes.map(\.route?.isBlackhole) == [true, true, false])
        for refused in ["198.51.100.7/32", "192.0.0.0/16"] {
            #expect(bench.table.routes(to: prefix(refused)).map(\.exclusion) == [.policy])
        }
        let carried = bench.table.takeUpdates(for: inside).announced
        #expect(carried.first?.attributes.communities == [.blackhole, .noExport])
        #expect(carried.flatMap(\.prefixes).count == 3)
        #expect(bench.table.takeUpdates(for: outside).announced.flatMap(\.prefixes) == [prefix("192.0.2.8/32")])
    }

    @Test(
        "who says NO_ADVERTISE or NO_EXPORT already is not told again",
        arguments: [0xFFFF_FF02, 0xFFFF_FF01] as [UInt32])
    func alreadyLocal(_ community: UInt32) {
        var bench = Bench()
        let id = bench.peer(.customer, 2)
        bench.table.setImportOptions(ImportOptions(blackholes: [prefix("192.0.2.0/24")]), of: id)
        bench.announce(attributes(path: [65002], communities: [mark, community]), to: "192.0.2.7/32", from: id)
        #expect(
            bench.table.routes(to: prefix("192.0.2.7/32")).first?.attributes.communities.map(\.rawValue)
                == [mark, community])
        #expect(bench.settle().map(\.route?.isBlackhole) == [true])
    }

    @Test("where it was not agreed on BLACKHOLE is a community like others; agreeing is a change of the kernel's route")
    func agreedLater() {
        var bench = Bench()
        let id = bench.peer(.customer, 2)
        let to = bench.peer(.provider, 3)
        bench.announce(attributes(path: [65002], communities: [mark]), to: "192.0.2.7/32", from: id)
        #expect(bench.settle().map(\.route?.isBlackhole) == [false])
        #expect(bench.table.takeUpdates(for: to).announced.first?.attributes.communities.map(\.rawValue) == [mark])
        bench.table.setImportOptions(ImportOptions(blackholes: [prefix("192.0.2.0/24")]), of: id)
        #expect(bench.settle().map(\.route?.isBlackhole) == [true])
        #expect(bench.table.best(for: prefix("192.0.2.7/32"))?.isBlackhole == true)
        #expect(bench.table.takeUpdates(for: to).withdrawn == [prefix("192.0.2.7/32")])
        bench.table.setImportOptions(ImportOptions(), of: id)
        #expect(bench.settle().map(\.route?.isBlackhole) == [false])
        // What was added on import is not left behind.
        #expect(bench.table.takeUpdates(for: to).announced.first?.attributes.communities.map(\.rawValue) == [mark])
    }

    @Test("a rule that adds BLACKHOLE is held to the same prefixes, each by itself")
    func byRule() {
        var bench = Bench()
        let id = bench.peer(.customer, 2)
        let rule = PolicyRule(.init(), [.addCommunities([.blackhole])], .accept)
        bench.table.setImportOptions(ImportOptions(blackholes: [prefix("192.0.2.0/24")], policy: [rule]), of: id)
        let all = ["192.0.2.7/32", "198.51.100.7/32"].map(prefix)
        bench.table.announce(all, with: attributes(path: [65002]), from: id)
        #expect(bench.settle().map(\.route?.isBlackhole) == [true])
        #expect(bench.table.routes(to: all[1]).map(\.exclusion) == [.policy])
    }

    @Test("a looped route stays a looped route, whatever it asks for")
    func looped() {
        var bench = Bench()
        let id = bench.peer(.customer, 2)
        bench.table.setImportOptions(
            ImportOptions(blackholes: [prefix("198.51.100.0/24")], policy: [PolicyRule(.init(), [], .reject)]), of: id)
        bench.announce(attributes(path: [65002, 65000], communities: [mark]), from: id)
        #expect(bench.table.routes(to: prefix("192.0.2.0/24")).map(\.exclusion) == [.asPathLoop])
    }
}

@Suite struct NoPeerTests {
    /// RFC 3765, section 2.
    @Test(
        "NOPEER goes to all but bilateral peers, also when they are leaked to",
        arguments: Relation.allCases.filter { $0 != .routeServerClient })
    func noPeer(_ target: Relation) {
        for leak in [false, true] {
            var bench = Bench()
            let from = bench.peer(.customer, 2)
            let to = bench.peer(target, 3, options: ExportOptions(leak: leak))
            bench.announce(attributes(path: [65002], communities: [Community.noPeer.rawValue]), from: from)
            #expect((bench.sent(to: to) != nil) == (target != .peer))
        }
    }
}
