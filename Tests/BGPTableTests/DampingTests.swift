import BGPTable
import BGPWire
import Net
import TestSupport
import Testing

/// Route flap damping (RFC 2439) in the table.
@Suite("Route flap damping")
struct DampingTests {
    private static let second: UInt64 = 1_000_000_000
    private static let network = prefix("192.0.2.0/24")
    private static let options = DampingOptions(
        halfLife: 5 * second, suppress: 2000, maximumSuppressTime: 20 * second)

    /// Two customers with a route to the same prefix, of which the first is better, and a provider that is sent the best.
    private struct Flapping {
        var bench = Bench()
        let first: PeerID
        let other: PeerID
        let provider: PeerID
        var now: UInt64 = 1000

        init(_ options: DampingOptions? = options, relation: Relation = .customer) {
            bench.table.setDamping(options, at: 0)
            first = bench.peer(relation, 2)
            other = bench.peer(relation, 3)
            provider = bench.peer(.provider, 9)
            announce()
            bench.announce(attributes(path: [65003]), from: other)
            bench.settle()
        }

        mutating func announce(_ path: [UInt32] = [65002], paths: PathIdentifiers = PathIdentifiers()) {
            bench.table.announce([network], paths: paths, with: attributes(path: path), from: first, at: now)
        }

        mutating func withdraw(paths: PathIdentifiers = PathIdentifiers()) {
            bench.table.withdraw([network], paths: paths, from: first, at: now)
        }

        /// Withdraws and announces, so often.
        mutating func flap(_ times: Int) {
            for _ in 0..<times {
                withdraw()
                bench.settle()
                announce()
                bench.settle()
            }
        }

        mutating func wait(until time: UInt64) {
            now = time
            bench.table.reuseRoutes(at: now)
            bench.settle()
        }

        var best: PeerID? { bench.table.best(for: network)?.peer }
        var view: RouteView? { bench.table.routes(to: network).first { $0.peer == first } }
        var isSuppressed: Bool { view?.exclusion == .damped }
    }

    @Test("A route that flaps is suppressed, stays in the Adj-RIB-In, and is used again at its time")
    func suppressed() throws {
        var state = Flapping()
        state.flap(1)
        #expect(
            state.best == state.first && !state.isSuppressed && state.bench.table.dampedCount(from: state.first) == 0)
        state.flap(1)
        #expect(state.best == state.other && state.isSuppressed && state.view?.isBest == false)
        #expect(state.bench.table.receivedCount(from: state.first) == 1)
        #expect(state.bench.table.acceptedCount(from: state.first) == 0)
        #expect(state.bench.table.dampedCount(from: state.first) == 1 && state.bench.table.flappingCount == 1)
        #expect(state.bench.table.received(Self.network, from: state.first).map(\.exclusion) == [.damped])
        #expect(state.bench.table.usableRoutes(to: Self.network).map(\.peer) == [state.other])
        #expect(state.bench.sent(to: state.provider)?.asPath == ASPath(sequence: [ourASN, ASN(65003)]))

        let reuse = try #require(state.view?.reuseTime)
        #expect(reuse == state.bench.table.dampingDeadline && reuse > 7 * Self.second && reuse < 8 * Self.second)
        let suppressed = state.bench.table.takeDampingChanges()
        #expect(suppressed.map(\.peer) == [state.first] && suppressed.map(\.reuseTime) == [reuse])
        #expect(suppressed.map(\.route) == [RouteKey(Self.network)] && suppressed.map(\.figure) == [2000])
        state.wait(until: reuse - 1)
        #expect(state.isSuppressed)
        state.wait(until: reuse)
        #expect(state.best == state.first && state.view?.reuseTime == nil)
        #expect(state.bench.table.acceptedCount(from: state.first) == 1)
        #expect(state.bench.table.dampedCount(from: state.first) == 0)
        let reused = state.bench.table.takeDampingChanges()
        #expect(reused.map(\.reuseTime) == [nil] && reused.map(\.figure) == [750])
        #expect(state.bench.sent(to: state.provider)?.asPath == ASPath(sequence: [ourASN, ASN(65002)]))

        // Then it is forgotten.
        let deadline = try #require(state.bench.table.dampingDeadline)
        state.wait(until: deadline)
        #expect(state.bench.table.flappingCount == 0 && state.bench.table.dampingDeadline == nil)
    }

    @Test("The only route to a prefix goes from the Loc-RIB and from the neighbours")
    func onlyRoute() {
        var state = Flapping()
        state.bench.table.withdraw([Self.network], from: state.other, at: 0)
        state.bench.settle()
        _ = state.bench.table.takeUpdates(for: state.provider)
        state.flap(2)
        #expect(state.best == nil && state.isSuppressed)
        #expect(state.bench.table.takeUpdates(for: state.provider).withdrawn == [Self.network])
    }

    @Test("Half as much for other attributes; nothing for the same route again, or for coming for the first time")
    func penalties() {
        var state = Flapping()
        for _ in 0..<100 { state.announce() }
        #expect(state.bench.table.flappingCount == 0)
        for number in 1...3 { state.announce([65002, UInt32(number)]) }
        #expect(!state.isSuppressed)
        state.announce([65002])
        state.bench.settle()
        #expect(state.isSuppressed && state.best == state.other)
    }

    @Test("iBGP is never damped, nor our own routes, nor anybody without the option")
    func notDamped() {
        var inner = Flapping(relation: .internal)
        inner.flap(20)
        #expect(inner.view?.exclusion == nil && inner.bench.table.flappingCount == 0)
        var off = Flapping(nil)
        off.flap(20)
        #expect(off.best == off.first && off.bench.table.dampingDeadline == nil)
        for _ in 0..<20 {
            off.bench.table.withdrawOriginated(Self.network)
            off.bench.table.originate(Self.network)
        }
        off.bench.settle()
        #expect(off.best == .local)
    }

    @Test("The end of a session is no flap, and a suppressed route comes back suppressed")
    func session() throws {
        var state = Flapping()
        for _ in 0..<20 {
            state.bench.table.peerDown(state.first)
            state.bench.settle()
            state.bench.up(state.first, identifier: IPv4Address(10, 0, 0, 2))
            state.announce()
            state.bench.settle()
        }
        #expect(state.best == state.first && state.bench.table.flappingCount == 0)
        state.flap(2)
        let reuse = try #require(state.view?.reuseTime)
        state.bench.table.peerDown(state.first)
        state.bench.settle()
        #expect(state.bench.table.dampedCount(from: state.first) == 0)
        state.bench.up(state.first, identifier: IPv4Address(10, 0, 0, 2))
        state.announce()
        state.bench.settle()
        #expect(state.isSuppressed && state.view?.reuseTime == reuse)
        // One that is away when its time comes is used when it is back.
        state.withdraw()
        state.bench.settle()
        let later = try #require(state.bench.table.dampingDeadline)
        #expect(later > reuse)
        state.wait(until: later)
        state.announce()
        state.bench.settle()
        #expect(state.best == state.first)
        state.flap(1)
        #expect(state.bench.table.flappingCount == 1)
        state.bench.table.removePeer(state.first)
        #expect(state.bench.table.flappingCount == 0 && state.bench.table.dampingDeadline == nil)
    }

    @Test("A graceful restart and a refresh that bring the same route are no flaps, and what is suppressed stays so")
    func restart() {
        var state = Flapping()
        for _ in 0..<20 {
            state.bench.table.peerLost(state.first, keeping: [.ipv4])
            state.bench.up(state.first, identifier: IPv4Address(10, 0, 0, 2))
            state.announce()
            state.bench.table.removeStale(from: state.first)
            state.bench.table.withdraw(.ipv4, from: state.first, except: [RouteKey(Self.network)])
        }
        #expect(state.bench.table.flappingCount == 0)
        state.flap(2)
        state.bench.table.peerLost(state.first, keeping: [.ipv4])
        state.bench.settle()
        #expect(state.isSuppressed)
        state.bench.up(state.first, identifier: IPv4Address(10, 0, 0, 2))
        state.announce()
        state.bench.table.removeStale(from: state.first)
        state.bench.settle()
        #expect(state.isSuppressed && state.best == state.other)
    }

    @Test("Import policy that changes is no flap, and a suppressed route that it rejects is counted once")
    func policy() {
        var state = Flapping()
        let reject = ImportOptions(policy: [PolicyRule(PolicyCondition(), [], .reject)])
        for preference in UInt32(1)...20 {
            state.bench.table.setImportOptions(ImportOptions(localPreference: preference), of: state.first)
        }
        #expect(state.bench.table.flappingCount == 0)
        state.flap(2)
        state.bench.table.setImportOptions(reject, of: state.first)
        #expect(state.view?.exclusion == .policy && state.bench.table.acceptedCount(from: state.first) == 0)
        state.wait(until: 60 * Self.second)
        #expect(state.view?.exclusion == .policy && state.bench.table.acceptedCount(from: state.first) == 0)
        state.bench.table.setImportOptions(ImportOptions(), of: state.first)
        state.bench.settle()
        #expect(state.best == state.first && state.bench.table.acceptedCount(from: state.first) == 1)
    }

    @Test("Of several routes of a neighbour, only the one that flaps is suppressed")
    func addPath() {
        var state = Flapping()
        state.withdraw()
        state.bench.table.withdraw([Self.network], from: state.other)
        for path in UInt32(1)...2 { state.announce(paths: PathIdentifiers([path])) }
        state.bench.settle()
        for _ in 0..<2 {
            state.withdraw(paths: PathIdentifiers([1]))
            state.announce(paths: PathIdentifiers([1]))
            state.bench.settle()
        }
        let routes = state.bench.table.routes(to: Self.network)
        #expect(routes.map(\.path) == [2, 1] && routes.map(\.exclusion) == [nil, .damped])
        // They share their attributes, and still only one is the best.
        #expect(routes.map(\.isBest) == [true, false])
        #expect(state.bench.table.received(Self.network, from: state.first).map(\.isBest) == [false, true])
        #expect(state.bench.table.dampedCount(from: state.first) == 1)
    }

    @Test("Switched off, all is used again and nothing is remembered; switched on, it begins anew")
    func switched() {
        var state = Flapping()
        state.flap(3)
        _ = state.bench.table.takeDampingChanges()
        state.bench.table.setDamping(nil, at: state.now)
        state.bench.settle()
        #expect(state.best == state.first && state.bench.table.dampedCount(from: state.first) == 0)
        #expect(state.bench.table.takeDampingChanges().map(\.reuseTime) == [nil])
        #expect(state.bench.table.flappingCount == 0 && state.bench.table.damping == nil)
        state.bench.table.setDamping(Self.options, at: state.now)
        state.flap(1)
        #expect(state.best == state.first)
    }

    @Test("Other parameters hold at once for what is suppressed")
    func reconfigured() throws {
        var state = Flapping()
        state.flap(3)
        let before = try #require(state.view?.reuseTime)
        var options = Self.options
        options.halfLife = Self.second
        state.bench.table.setDamping(options, at: state.now)
        let after = try #require(state.view?.reuseTime)
        #expect(state.isSuppressed && after < before)
        options.reuse = 5000
        options.suppress = 9000
        state.bench.table.setDamping(options, at: state.now)
        state.bench.settle()
        #expect(!state.isSuppressed && state.best == state.first)
    }

    @Test("Those who look on hear of it")
    func received() {
        var state = Flapping()
        state.bench.table.recordsReceived = true
        state.flap(2)
        _ = state.bench.table.takeReceivedChanges()
        state.wait(until: 60 * Self.second)
        let changes = state.bench.table.takeReceivedChanges()
        #expect(changes.map(\.peer) == [state.first] && changes.map(\.prefix) == [Self.network])
    }

    @Test("Whatever happens, counts agree with the routes, and nothing is left in the end")
    func anything() {
        for seed in UInt64(0)..<30 {
            var random = SeededGenerator(seed)
            var state = Flapping()
            let networks = (0..<4).map { prefix("10.0.\($0).0/24") }
            for _ in 0..<300 {
                let peer = [state.first, state.other].randomElement(using: &random) ?? state.first
                let network = networks.randomElement(using: &random) ?? Self.network
                let path = PathIdentifiers([UInt32.random(in: 0...1, using: &random)])
                switch Int.random(in: 0..<12, using: &random) {
                case 0..<4: state.bench.table.withdraw([network], paths: path, from: peer, at: state.now)
                case 4: state.bench.table.peerDown(peer)
                case 5: state.bench.table.peerLost(peer, keeping: [.ipv4])
                case 6: state.wait(until: state.now + .random(in: 0...10 * Self.second, using: &random))
                case 7: state.bench.table.removeStale(from: peer)
                default:
                    state.bench.up(peer, identifier: IPv4Address(10, 0, 0, UInt8(peer.rawValue)))
                    let sent = attributes(path: [65002, .random(in: 1...2, using: &random)])
                    state.bench.table.announce([network], paths: path, with: sent, from: peer, at: state.now)
                }
                state.bench.settle()
                for peer in [state.first, state.other] {
                    let routes =
                        networks.flatMap { state.bench.table.received($0, from: peer) }
                        + state.bench.table.received(Self.network, from: peer)
                    #expect(state.bench.table.receivedCount(from: peer) == routes.count)
                    #expect(state.bench.table.dampedCount(from: peer) == routes.count { $0.exclusion == .damped })
                    #expect(state.bench.table.acceptedCount(from: peer) == routes.count { $0.exclusion == nil })
                    #expect(routes.allSatisfy { ($0.reuseTime != nil) == ($0.exclusion == .damped) })
                }
            }
            for peer in [state.first, state.other] { state.bench.table.removePeer(peer) }
            state.bench.settle()
            _ = state.bench.table.takeUpdates(for: state.provider)
            #expect(state.bench.table.prefixCount == 0 && state.bench.table.attributeSetCount == 0)
            #expect(state.bench.table.flappingCount == 0)
        }
    }
}
