import BGPWire
import Net
import Testing

@testable import BGPTable

/// Looking at the table piece by piece.
struct PageTests {
    @Test func everyPrefixIsVisitedOnceInPagesOfAnySize() {
        for size in [1, 3, 7, 100] {
            var bench = Bench()
            let peer = bench.peer(.customer, 2, asn: 65001)
            let all = (0..<20).map { prefix("10.0.\($0).0/24") }
            bench.table.announce(all, with: attributes(path: [65001]), from: peer)
            bench.settle()
            // A free place in the middle, and one that another prefix has taken.
            bench.table.withdraw([all[5], all[9]], from: peer)
            bench.settle()
            bench.table.announce([prefix("10.9.0.0/24")], with: attributes(path: [65001]), from: peer)
            bench.settle()
            var visited: [IPPrefix] = []
            var place: UInt32? = 0
            while let from = place {
                let before = visited.count
                place = bench.table.visit(from: from, atMost: size) { prefix in
                    visited.append(prefix)
                    return true
                }
                #expect(visited.count - before <= size)
            }
            #expect(visited.count == 19)
            #expect(visited.sorted() == bench.table.knownPrefixes)
        }
    }

    @Test func aVisitGoesOnBehindThePrefixThatStoppedIt() {
        var bench = Bench()
        let peer = bench.peer(.customer, 2, asn: 65001)
        bench.table.announce((0..<5).map { prefix("10.0.\($0).0/24") }, with: attributes(path: [65001]), from: peer)
        bench.settle()
        var visited: [IPPrefix] = []
        var place: UInt32? = 0
        while let from = place {
            place = bench.table.visit(from: from, atMost: .max) { prefix in
                visited.append(prefix)
                return false
            }
        }
        #expect(visited == bench.table.knownPrefixes)
    }

    @Test func whatANeighbourSentIsKnownBesideWhatImportMadeOfIt() throws {
        var bench = Bench()
        let plain = bench.peer(.customer, 2, asn: 65001)
        let changed = bench.peer(.customer, 3, asn: 65002)
        bench.table.setImportOptions(
            ImportOptions(policy: [PolicyRule(PolicyCondition(), [.addCommunities([Community(rawValue: 7)])], .accept)]
            ), of: changed)
        for (peer, number) in [(plain, UInt32(65001)), (changed, 65002)] {
            bench.table.announce([prefix("192.0.2.0/24")], with: attributes(path: [number]), from: peer)
            bench.table.announce([prefix("198.51.100.0/24")], with: attributes(path: [number, 65000]), from: peer)
        }
        bench.settle()
        for (peer, number) in [(plain, UInt32(65001)), (changed, 65002)] {
            let route = try #require(bench.table.received(prefix("192.0.2.0/24"), from: peer).first)
            #expect(route.received == attributes(path: [number]))
            #expect(route.imported.localPreference == PreferenceByRelation.customer)
            #expect(route.imported.communities == (peer == changed ? [Community(rawValue: 7)] : []))
            #expect(route.exclusion == nil && route.isBest == (peer == plain))
            #expect(bench.table.received(prefix("198.51.100.0/24"), from: peer).first?.exclusion == .asPathLoop)
            #expect(bench.table.receivedCount(from: peer) == 2)
            #expect(bench.table.acceptedCount(from: peer) == 1)
        }
        bench.table.withdraw([prefix("198.51.100.0/24")], from: plain)
        bench.table.announce([prefix("198.51.100.0/24")], with: attributes(path: [65002]), from: changed)
        #expect(bench.table.acceptedCount(from: plain) == 1)
        #expect(bench.table.acceptedCount(from: changed) == 2)
        bench.table.peerDown(plain)
        #expect(bench.table.acceptedCount(from: plain) == 0)
        #expect(bench.table.received(prefix("192.0.2.0/24"), from: plain).isEmpty)
    }

    @Test func theLongestPrefixThatContainsAnAddressIsFound() throws {
        var bench = Bench()
        let peer = bench.peer(.customer, 2, asn: 65001)
        let all = ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.53/32"].map(prefix)
        bench.table.announce(all, with: attributes(path: [65001]), from: peer)
        bench.settle()
        #expect(bench.table.longestMatch(try #require(IPAddress("192.0.2.53"))) == all[2])
        #expect(bench.table.longestMatch(try #require(IPAddress("192.0.2.54"))) == all[1])
        #expect(bench.table.longestMatch(try #require(IPAddress("10.0.0.1"))) == all[0])
        #expect(bench.table.longestMatch(try #require(IPAddress("2001:db8::1"))) == nil)
    }

    /// b loses to a by MED, and a to c by its identifier: nobody but a was better than b at that step.
    @Test func whoWonAtTheStepIsNamed() {
        var bench = Bench()
        let a = bench.peer(.customer, 3, asn: 65001)
        let b = bench.peer(.customer, 4, asn: 65001)
        let c = bench.peer(.customer, 2, asn: 65002)
        let d = bench.peer(.customer, 5, asn: 65003)
        let one = prefix("192.0.2.0/24")
        bench.table.announce([one], with: attributes(path: [65001], med: 1), from: a)
        bench.table.announce([one], with: attributes(path: [65001], med: 2), from: b)
        bench.table.announce([one], with: attributes(path: [65002], med: 9), from: c)
        bench.table.announce([one], with: attributes(path: [65003, 65004]), from: d)
        bench.settle()
        let views = bench.table.routes(to: one)
        #expect(views.map(\.peer) == [c, a, b, d])
        #expect(views.map(\.lostAt) == [nil, .identifier, .multiExitDiscriminator, .asPathLength])
        #expect(views.map(\.lostTo) == [nil, c, a, c])
    }
}

/// What a change of the best route says of the one before.
struct ReplacedRouteTests {
    @Test func aChangeSaysWhatItReplacesOnlyToWhoAsks() {
        for isAsked in [false, true] {
            var bench = Bench()
            bench.table.reportsReplaced = isAsked
            let near = bench.peer(.customer, 2)
            let far = bench.peer(.customer, 3)
            bench.announce(attributes(path: [65003, 65009]), from: far)
            #expect(bench.settle().map(\.replaced) == [nil])
            bench.announce(attributes(path: [65002]), from: near)
            let longer = ReplacedRoute(peer: far, asPath: ASPath(sequence: [ASN(65003), ASN(65009)]))
            #expect(bench.settle().map(\.replaced) == [isAsked ? longer : nil])
            bench.table.withdraw([prefix("192.0.2.0/24")], from: far)
            #expect(bench.settle().isEmpty)
            bench.table.withdraw([prefix("192.0.2.0/24")], from: near)
            let last = ReplacedRoute(peer: near, asPath: ASPath(sequence: [ASN(65002)]))
            #expect(bench.settle().map(\.replaced) == [isAsked ? last : nil])
        }
    }
}
