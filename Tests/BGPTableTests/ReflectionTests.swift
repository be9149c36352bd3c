import BGPTable
import BGPWire
import Net
import Testing

@Suite struct ReflectionTests {
    @Test("who is sent what an internal neighbour announced", arguments: [false, true], [false, true])
    func matrix(fromClient: Bool, toClient: Bool) {
        var bench = Bench()
        let from = bench.peer(.internal, 2, client: fromClient)
        let to = bench.peer(.internal, 3, client: toClient)
        let outside = bench.peer(.customer, 4)
        bench.announce(attributes(path: [7], localPreference: 100), from: from)
        #expect((bench.sent(to: to) != nil) == (fromClient || toClient))
        #expect(bench.sent(to: outside) != nil)
        #expect(bench.sent(to: from) == nil)
    }

    @Test("ORIGINATOR_ID is made once, CLUSTER_LIST grows, the next hop stays, even with next hop self")
    func attributesAdded() {
        var bench = Bench()
        let from = bench.peer(.internal, 2, identifier: "10.5.5.5", client: true)
        let to = bench.peer(.internal, 3, nextHopSelf: true)
        let outside = bench.peer(.customer, 4)
        bench.announce(attributes(path: [7], localPreference: 100), from: from)
        var sent = bench.sent(to: to)
        #expect(sent?.originatorID == v4("10.5.5.5"))
        #expect(sent?.clusterList == [v4("10.0.0.1")])
        #expect(sent?.nextHop == NextHop(.v4(v4("10.0.0.9"))))
        sent = bench.sent(to: outside)
        #expect(sent?.originatorID == nil)
        #expect(sent?.clusterList == [])

        bench.announce(
            attributes(path: [7], localPreference: 100, originator: "10.6.6.6", clusters: ["8.8.8.8"]), from: from)
        sent = bench.sent(to: to)
        #expect(sent?.originatorID == v4("10.6.6.6"))
        #expect(sent?.clusterList == [v4("10.0.0.1"), v4("8.8.8.8")])
    }

    @Test("a route is not reflected to the router that brought it into the AS")
    func notToOriginator() {
        var bench = Bench()
        let reflector = bench.peer(.internal, 2)
        let originator = bench.peer(.internal, 3, identifier: "10.6.6.6", client: true)
        let other = bench.peer(.internal, 4, client: true)
        bench.announce(
            attributes(path: [7], localPreference: 100, originator: "10.6.6.6", clusters: ["8.8.8.8"]),
            from: reflector)
        #expect(bench.sent(to: originator) == nil)
        #expect(bench.sent(to: other) != nil)
    }

    @Test("a neighbour that comes back under another identifier is another originator")
    func identifierChange() {
        var bench = Bench()
        let from = bench.peer(.internal, 2, identifier: "10.5.5.5", client: true)
        let to = bench.peer(.internal, 3)
        bench.announce(attributes(path: [7], localPreference: 100), from: from)
        #expect(bench.sent(to: to)?.originatorID == v4("10.5.5.5"))
        bench.table.peerDown(from)
        bench.up(from, identifier: v4("10.5.5.6"))
        bench.announce(attributes(path: [7], localPreference: 100), from: from)
        #expect(bench.sent(to: to)?.originatorID == v4("10.5.5.6"))
    }
}
