import BGPTable
import BGPWire
import Net
import Testing

/// Graceful restart (RFC 4724): what becomes of the routes of a neighbour that goes away and comes back.
@Suite("Graceful restart")
struct RestartTests {
    private static let first = "192.0.2.0/24"
    private static let second = "198.51.100.0/24"
    private static let third = "2001:db8:53::/48"

    /// A provider with three routes, which a customer has been sent.
    private struct Restarting {
        var bench = Bench()
        let provider: PeerID
        let customer: PeerID

        init() {
            provider = bench.peer(.provider, 9, asn: 65009)
            customer = bench.peer(.customer, 2, asn: 65002)
            for text in [first, second, third] { announce(text) }
            bench.settle()
            _ = bench.table.takeUpdates(for: customer)
        }

        mutating func announce(_ text: String, path: [UInt32] = [65009]) {
            bench.announce(attributes(path: path), to: text, from: provider)
        }

        mutating func lose(_ families: AddressFamilies = [.ipv4, .ipv6]) {
            bench.table.peerLost(provider, keeping: families)
        }

        mutating func comeBack() { bench.up(provider, identifier: IPv4Address(10, 0, 0, 9)) }

        /// The prefixes with a best route.
        var known: Set<String> {
            Set([first, second, third].filter { bench.table.best(for: prefix($0)) != nil })
        }
    }

    @Test("Routes stay, and neither the kernel nor another neighbour hears of it")
    func stay() {
        var state = Restarting()
        state.lose()
        #expect(state.bench.settle().isEmpty && !state.bench.table.hasUpdates(for: state.customer))
        #expect(state.bench.table.staleCount(from: state.provider) == 3)
        state.comeBack()
        for text in [Self.first, Self.second, Self.third] { state.announce(text) }
        #expect(state.bench.table.staleCount(from: state.provider) == 0)
        state.bench.table.removeStale(from: state.provider)
        #expect(state.bench.settle().isEmpty && !state.bench.table.hasUpdates(for: state.customer))
        #expect(state.known == [Self.first, Self.second, Self.third])
    }

    @Test("What does not come again goes with the End-of-RIB of its family, and only that")
    func sweep() {
        var state = Restarting()
        state.lose()
        state.comeBack()
        state.announce(Self.first, path: [65009, 65010])
        state.bench.table.removeStale(from: state.provider, .ipv4)
        #expect(state.bench.settle().map(\.prefix) == [prefix(Self.first), prefix(Self.second)])
        #expect(state.known == [Self.first, Self.third])
        let updates = state.bench.table.takeUpdates(for: state.customer)
        #expect(updates.withdrawn == [prefix(Self.second)] && updates.announced.count == 1)
        state.bench.table.removeStale(from: state.provider, .ipv6)
        state.bench.settle()
        #expect(state.known == [Self.first])
    }

    @Test("Families that are not kept go at once")
    func families() {
        var state = Restarting()
        state.lose(.ipv6)
        state.bench.settle()
        #expect(state.known == [Self.third] && state.bench.table.receivedCount(from: state.provider) == 1)
    }

    @Test("A second failure removes what was stale, and keeps what had come again")
    func secondFailure() {
        var state = Restarting()
        state.lose()
        state.comeBack()
        state.announce(Self.second)
        state.lose()
        state.bench.settle()
        #expect(state.known == [Self.second] && state.bench.table.staleCount(from: state.provider) == 1)
    }

    @Test("A withdrawal, an end without restart and the removal of the neighbour take stale routes away")
    func ends() {
        var state = Restarting()
        state.lose()
        state.comeBack()
        state.bench.table.withdraw([prefix(Self.first)], from: state.provider)
        #expect(state.bench.table.staleCount(from: state.provider) == 2)
        state.bench.table.peerDown(state.provider)
        state.bench.settle()
        #expect(state.known.isEmpty && state.bench.table.staleCount(from: state.provider) == 0)

        state = Restarting()
        state.lose()
        state.bench.table.removePeer(state.provider)
        state.bench.settle()
        #expect(state.known.isEmpty)
    }

    @Test("Other import options change stale routes and leave them stale")
    func reimport() {
        var state = Restarting()
        state.lose()
        state.bench.table.setImportOptions(ImportOptions(localPreference: 50), of: state.provider)
        state.bench.settle()
        #expect(state.bench.table.staleCount(from: state.provider) == 3)
        state.comeBack()
        state.bench.table.removeStale(from: state.provider)
        state.bench.settle()
        #expect(state.known.isEmpty)
    }

    @Test("A stale route whose next hop is lost is not used")
    func deadLink() throws {
        var state = Restarting()
        state.lose()
        let best = try #require(state.bench.table.best(for: prefix(Self.first)))
        state.bench.table.nextHopChanged(best.nextHop.address, to: nil)
        state.bench.settle()
        #expect(!state.known.contains(Self.first))
    }
}
