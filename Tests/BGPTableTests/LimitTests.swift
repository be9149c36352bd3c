import BGPWire
import Net
import Testing

@testable import BGPTable

@Suite("A table that is full")
struct LimitTests {
    /// A table with a customer, a peer and little room.
    private static func bench(_ change: (inout TableLimits) -> Void) -> (Bench, customer: PeerID, peer: PeerID) {
        var bench = Bench()
        let (customer, peer) = (bench.peer(.customer, 2), bench.peer(.peer, 3))
        change(&bench.table.limits)
        return (bench, customer, peer)
    }

    private static func prefix(_ number: Int) -> String { "10.\(number >> 8).\(number & 255).0/24" }

    /// Announces up to 100 prefixes, each with attributes of its own, until there is no room; answers how many there were.
    private static func fill(_ bench: inout Bench, from id: PeerID) -> Int {
        for number in 0..<100 {
            bench.announce(attributes(path: [65002, UInt32(number + 1)]), to: prefix(number), from: id)
            if bench.table.takeOverflows() == [id] { return number }
        }
        return 100
    }

    @Test("Of octets, sets, prefixes or routes: the route that does not fit is not there, and its sender is named once")
    func overflow() {
        for change: (inout TableLimits) -> Void in [{ $0.octets = 500 }, { $0.elements = 20 }] {
            var (bench, customer, peer) = Self.bench(change)
            let count = Self.fill(&bench, from: customer)
            #expect((1..<100).contains(count))
            #expect(bench.table.receivedCount(from: customer) == count)
            #expect(bench.table.takeOverflows().isEmpty)
            bench.settle()
            #expect(bench.table.bestCount == count)
            // What goes makes room for others, also where gaps have to be closed for it, once nobody is to be told of it any more.
            bench.table.withdraw((0..<5).map { BGPTableTests.prefix(Self.prefix($0)) }, from: customer)
            bench.settle()
            _ = bench.table.takeUpdates(for: peer)
            _ = bench.table.takeUpdates(for: customer)
            bench.announce(attributes(path: [65002, 1]), to: "192.0.2.0/24", from: customer)
            #expect(bench.table.takeOverflows().isEmpty)
            bench.table.peerDown(customer)
            bench.settle()
            _ = bench.table.takeUpdates(for: peer)
            // Routes of a peer carry OTC as well, so there are fewer of them.
            #expect(Self.fill(&bench, from: peer) > count * 3 / 4)
            bench.settle()
            #expect(bench.table.routes(to: BGPTableTests.prefix(Self.prefix(count / 2))).count == 1)
        }
    }

    @Test("Prefixes and routes are counted each for itself")
    func elements() {
        var (bench, customer, peer) = Self.bench { $0.elements = 3 }
        let same = attributes(path: [65002])
        bench.table.announce((0..<4).map { BGPTableTests.prefix(Self.prefix($0)) }, with: same, from: customer)
        #expect(bench.table.takeOverflows() == [customer])
        #expect(bench.table.prefixCount == 3 && bench.table.attributeSetCount == 1)
        // There is a prefix, but no room for a second route to it.
        bench.announce(attributes(path: [65003]), to: Self.prefix(0), from: peer)
        #expect(bench.table.takeOverflows() == [peer])
        bench.table.withdraw([BGPTableTests.prefix(Self.prefix(2))], from: customer)
        bench.announce(attributes(path: [65003]), to: Self.prefix(0), from: peer)
        #expect(bench.table.takeOverflows().isEmpty)
        #expect(bench.table.routes(to: BGPTableTests.prefix(Self.prefix(0))).count == 2)
    }

    @Test("A route without room in place of another: the other is gone as well")
    func replacement() {
        var (bench, customer, _) = Self.bench { $0.elements = 1 }
        bench.announce(attributes(path: [65002]), from: customer)
        bench.settle()
        bench.announce(attributes(path: [65002, 65002]), from: customer)
        #expect(bench.table.takeOverflows() == [customer])
        #expect(bench.settle().map(\.route) == [nil])
        #expect(bench.table.receivedCount(from: customer) == 0 && bench.table.attributeSetCount == 0)
    }

    @Test("Other import options without room for what comes of them, and a prefix of our own")
    func options() {
        var (bench, customer, _) = Self.bench { $0.elements = 2 }
        bench.announce(attributes(path: [65002]), from: customer)
        bench.announce(attributes(path: [65002, 1]), to: "203.0.113.0/24", from: customer)
        bench.table.setImportOptions(ImportOptions(localPreference: 7), of: customer)
        #expect(bench.table.takeOverflows() == [customer])
        // The first could not be imported again, and left room for the second.
        #expect(bench.table.routes(to: BGPTableTests.prefix("203.0.113.0/24")).map(\.attributes.localPreference) == [7])
        #expect(bench.table.receivedCount(from: customer) == 1)
        for number in 0..<3 { bench.table.originate(BGPTableTests.prefix(Self.prefix(number))) }
        #expect(bench.table.takeOverflows() == [.local])
    }

    @Test("A set with more references than can be counted stays, and what it is used for comes and goes as ever")
    func references() {
        var (bench, customer, _) = Self.bench { $0.references = 3 }
        let prefixes = (0..<10).map { BGPTableTests.prefix(Self.prefix($0)) }
        for _ in 0..<2 {
            bench.table.announce(prefixes, with: attributes(path: [65002]), from: customer)
            bench.settle()
            #expect(bench.table.bestCount == 10)
            bench.table.withdraw(prefixes, from: customer)
            bench.settle()
            #expect(bench.table.bestCount == 0)
        }
        #expect(bench.table.attributeSetCount == 1)
    }

    @Test("A neighbour that is sent several routes to a prefix holds no more than can be numbered")
    func paths() {
        var (bench, customer, peer) = Self.bench { _ in }
        bench.table.peerUp(customer, identifier: v4("10.0.0.2"), families: .ipv4, pathFamilies: .ipv4)
        for number in 0..<5 { bench.table.originate(BGPTableTests.prefix(Self.prefix(number))) }
        bench.table.limits.elements = 3
        bench.settle()
        #expect(bench.table.takeUpdates(for: customer).announced.flatMap(\.prefixes).count == 3)
        #expect(bench.table.advertisedCount(to: customer) == 3)
        for number in 0..<5 { bench.table.withdrawOriginated(BGPTableTests.prefix(Self.prefix(number))) }
        bench.settle()
        #expect(bench.table.takeUpdates(for: customer).withdrawn.count == 3)
        #expect(bench.table.takeUpdates(for: peer).isEmpty)
    }
}
