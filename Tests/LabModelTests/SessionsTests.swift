import LabModel
import Net
import TestSupport
import Testing

/// The BGP sessions of a lab.
struct SessionsTests {
    private struct Ends: Hashable {
        var local: IPAddress
        var remote: IPAddress
    }

    private func checkPairs(_ topology: Topology) {
        var byEnds: [Ends: Session] = [:]
        for session in topology.sessions {
            let ends = Ends(local: session.localAddress, remote: session.remoteAddress)
            #expect(byEnds.updateValue(session, forKey: ends) == nil, "two sessions between the same addresses")
            #expect(session.localAddress.family == session.family && session.remoteAddress.family == session.family)
        }
        for session in topology.sessions {
            guard let back = byEnds[Ends(local: session.remoteAddress, remote: session.localAddress)] else {
                Issue.record("\(session.localAddress) has no session back from \(session.remoteAddress)")
                continue
            }
            #expect(back.node == session.remote && back.remote == session.node && back.link == session.link)
            #expect(back.isPassive != session.isPassive)
            #expect(back.timers == session.timers)
            switch (session.neighbour, back.neighbour) {
            case (.external(let kind), .external(let other)): #expect(other == kind.reversed)
            case (.internal(let a), .internal(let b)): #expect(!(a && b))
            default: Issue.record("external on one side only")
            }
        }
    }

    @Test func everySessionHasItsOtherHalf() throws {
        let topology = try helloTopology()
        checkPairs(topology)
        let internalOnes = topology.sessions.filter { $0.link == nil }
        #expect(internalOnes.count == 8, "two pairs of routers, two families, two directions")
        let exterior = topology.links.filter { if case .exterior = $0.kind { true } else { false } }
        #expect(topology.sessions.count - internalOnes.count == 4 * exterior.count)
        #expect(topology.sessions.allSatisfy { topology.nodes[$0.node].kind != .client })
    }

    @Test func eachSideBendsWhatItDeclares() throws {
        let topology = try helloTopology()
        func session(_ a: String, _ b: String) throws -> Session {
            try #require(
                topology.sessions.first { topology.nodes[$0.node].name == a && topology.nodes[$0.remote].name == b })
        }
        #expect(try session("eurocore-fra", "asiacore-nrt").relation?.localPreference == 150)
        #expect(try session("asiacore-nrt", "eurocore-fra").relation == nil)
        #expect(try session("london", "eurocore-fra").neighbour == .external(.provider))
        #expect(try session("london", "eurocore-fra").relation == Relation(network: "eurocore", kind: .provider))
        #expect(try session("eurocore-fra", "london").neighbour == .external(.customer))
        #expect(try session("eurocore-fra", "amcore-jfk").neighbour == .external(.peer))
    }

    @Test func theNarrowestTimersWin() throws {
        var lab = try helloTopology().lab
        lab.networks[0].timers.hold = 30000
        lab.networks[0].timers.advertisementExternal = 1000
        var rule = LinkRule(between: "london", and: "eurocore")
        rule.timers.hold = 3000
        lab.links = [rule]
        let topology = try Topology(lab)
        checkPairs(topology)
        func timers(_ a: String, _ b: String) -> Timers? {
            topology.sessions.first { topology.nodes[$0.node].name == a && topology.nodes[$0.remote].name == b }?.timers
        }
        #expect(timers("tokyo", "asiacore-nrt") == .fast)
        #expect(timers("isp-uk-lhr", "eurocore-fra")?.hold == 30000)
        #expect(timers("london", "eurocore-fra")?.hold == 3000)
        #expect(timers("london", "eurocore-fra")?.advertisementExternal == 1000)
    }

    /// Up to four routers form a full mesh; above that two reflect, and the rest talk to these only.
    @Test(arguments: [1, 2, 4, 5, 12])
    func internalSessionsReachEveryRouter(_ count: Int) throws {
        var random = SeededGenerator(7)
        let topology = try Topology(network(at: (0..<count).map { _ in somewhere(&random) }))
        checkPairs(topology)
        let perFamily = topology.sessions.count / 2
        #expect(perFamily == (count <= 4 ? count * (count - 1) : 2 + 4 * (count - 2)))
        let reflectors = Set(
            topology.sessions.filter { $0.neighbour == .internal(isReflectorClient: true) }.map(\.node))
        #expect(reflectors.count == (count <= 4 ? 0 : 2))
        for session in topology.sessions where count > 4 {
            #expect(reflectors.contains(session.node) || reflectors.contains(session.remote))
        }
    }
}
