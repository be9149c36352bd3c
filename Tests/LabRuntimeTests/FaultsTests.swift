import LabModel
import Net
import TestSupport
import Testing

@testable import LabRuntime

/// What several faults make together of links, processes and routes.
@Suite struct FaultsTests {
    /// The small lab with faults, which are begun and ended by their words.
    private struct Bench {
        var topology: Topology
        var faults = Faults()

        init() throws { topology = try smallTopology() }

        @discardableResult
        mutating func begin(_ target: String, _ how: String) throws -> Int {
            let (fault, found) = try Fault(target, FaultKind(how)).checked(in: topology)
            return try faults.begin(fault, found)
        }

        func down() -> [Int] { topology.links.filter { !faults.isUp($0) }.map(\.index) }

        /// Loss and delay in each direction of a link that does nothing by itself.
        func quality(_ link: Int) -> [Double] {
            let pair = faults.quality(topology.links[link], .init(LinkQuality(delay: 0)))
            return [pair.aToB.loss, Double(pair.aToB.delay), pair.bToA.loss, Double(pair.bToA.delay)]
        }

        func node(_ name: String) throws -> Int { try #require(topology.node(named: name)).index }
    }

    @Test(
        "A link that two faults hold stays down until both are healed, whichever comes first", arguments: [true, false])
    func overlap(_ nodeFirst: Bool) throws {
        var bench = try Bench()
        #expect(bench.down() == [])
        let node = try bench.begin("london", "link-down")
        let link = try bench.begin("london--edge", "link-down")
        #expect(bench.down() == [3])
        bench.faults.end(nodeFirst ? node : link)
        #expect(bench.down() == [3])
        bench.faults.end(nodeFirst ? link : node)
        #expect(bench.down() == [] && bench.faults.active.isEmpty)
    }

    @Test("A node takes all of its links along, and no other; its end is the one that fails") func node() throws {
        var bench = try Bench()
        try bench.begin("core-fra", "link-down")
        #expect(bench.down() == [1, 2])
        let edge = try bench.begin("edge", "link-down")
        #expect(bench.down() == [0, 1, 2, 3])
        bench.faults.end(1)
        #expect(bench.down() == [0, 2, 3], "the shared link stays down")
        #expect(try bench.faults.failedEnd(of: bench.topology.links[2]) == bench.node("edge"))
        bench.faults.end(edge)
        try bench.begin("core-fra", "link-down")
        #expect(try bench.faults.failedEnd(of: bench.topology.links[2]) == bench.node("core-fra"))
    }

    @Test("A flap takes its links down in the first half of its period") func flap() throws {
        var bench = try Bench()
        let flap = try bench.begin("london", "flap 2s 5")
        #expect(bench.down() == [3])
        bench.faults.change(flap) { $0.isInSecondStage = true }
        #expect(bench.down() == [])
    }

    @Test("Loss, delay, blackhole and partition are added up, each for its directions, and leave what the others do")
    func qualities() throws {
        // The link 2 has core-fra at its end a and edge-lhr at its end b.
        var bench = try Bench()
        #expect(bench.quality(2) == [0, 0, 0, 0])
        let loss = try bench.begin("core--edge", "loss 50%")
        let more = try bench.begin("edge", "loss 50% out")
        let delay = try bench.begin("core--edge", "delay +40ms out")
        let node = try bench.begin("core-fra", "delay +2ms")
        #expect(bench.quality(2) == [0.5, 42_000_000, 0.75, 2_000_000])
        #expect(bench.quality(1) == [0, 2_000_000, 0, 2_000_000] && bench.quality(4) == [0, 0, 0, 0])
        let hole = try bench.begin("edge--core", "blackhole in")
        #expect(bench.quality(2) == [1, 42_000_000, 0.75, 2_000_000])
        let part = try bench.begin("core,singapore", "partition")
        #expect(bench.quality(2) == [1, 42_000_000, 1, 2_000_000])
        #expect(bench.quality(1) == [0, 2_000_000, 0, 2_000_000], "what joins two of them is whole")
        #expect(
            bench.faults.texts(of: bench.topology.links[2]) == [
                "loss 50%", "loss 50% out", "delay +40ms out", "delay +2ms", "blackhole in", "partition",
            ])
        for id in [part, loss, node, hole] { bench.faults.end(id) }
        #expect(bench.quality(2) == [0, 40_000_000, 0.5, 0])
        for id in [more, delay] { bench.faults.end(id) }
        #expect(bench.quality(2) == [0, 0, 0, 0])
    }

    @Test("A node's fault is about both processes or the speaker, and a process's about itself") func processes() throws
    {
        let (bgp, dns) = (FaultTarget.Process.bgp, FaultTarget.Process.dns)
        for (target, how, killed, frozen) in [
            ("london", "process-kill", [bgp, dns], []), ("london.dns", "process-kill", [dns], []),
            ("london", "dns-dead", [dns], []), ("dns", "dns-dead", [dns], []), ("london", "freeze", [], [bgp]),
            ("london.dns", "freeze", [], [dns]), ("edge", "freeze", [], []),
        ] as [(String, String, [FaultTarget.Process], [FaultTarget.Process])] {
            var bench = try Bench()
            try bench.begin(target, how)
            let london = try bench.node("london")
            #expect([bgp, dns].filter { bench.faults.isKilled(london, $0) } == killed, "\(target) \(how)")
            #expect([bgp, dns].filter { bench.faults.isFrozen(london, $0) } == frozen, "\(target) \(how)")
        }
    }

    @Test("What several faults impose on one speaker") func impositions() throws {
        var bench = try Bench()
        let london = try bench.node("london")
        #expect(bench.faults.imposition(on: london) == Imposition())
        try bench.begin("london", "prepend 2")
        try bench.begin("dns", "prepend 3")
        try bench.begin("dns", "withdraw")
        let drain = try bench.begin("london", "drain")
        try bench.begin("london", "hijack 203.0.113.0/24")
        var expected = Imposition()
        expected.prepend = 5
        expected.isDraining = true
        expected.prefixes = ["203.0.113.0/24"].compactMap { IPPrefix($0) }
        #expect(bench.faults.imposition(on: london) == expected)
        bench.faults.change(drain) { $0.isInSecondStage = true }
        expected.isSilent = true
        #expect(bench.faults.imposition(on: london) == expected)
        #expect(try bench.faults.isWithdrawn(london) && !bench.faults.isWithdrawn(bench.node("edge")))
        #expect(try bench.faults.imposition(on: bench.node("singapore")).prepend == 3)
        bench.faults.end(drain)
        #expect(!bench.faults.imposition(on: london).isSilent)
    }

    @Test("The same again is refused, whatever its numbers; another kind or target is not") func twice() throws {
        var bench = try Bench()
        try bench.begin("edge", "loss 5%")
        let error = #expect(throws: RequestError.self) { try bench.begin("edge-lhr", "loss 7% out") }
        #expect(
            error?.description
                == "edge-lhr has the fault 'loss 5%' already; 'lab heal edge-lhr --how loss' ends it")
        try bench.begin("edge", "delay 5ms")
        try bench.begin("london--edge", "loss 5%")
        #expect(bench.faults.active.count == 3)
    }

    @Test("A link has no first end where no direction is meant") func eitherWay() throws {
        var bench = try Bench()
        try bench.begin("core--edge", "link-down")
        try bench.begin("core--edge", "loss 5% out")
        func meant(_ target: String) throws -> [String] {
            try bench.faults.meant(by: target, in: bench.topology).map(\.fault.kind.text)
        }
        #expect(try meant("edge--core") == ["link-down"])
        #expect(try meant("core-fra--edge-lhr") == ["link-down", "loss 5% out"])
        #expect(throws: RequestError.self) { try bench.begin("edge--core", "link-down") }
        try bench.begin("edge--core", "loss 5% out")
        #expect(try meant("edge--core") == ["link-down", "loss 5% out"])
        #expect(throws: RequestError.self) { try bench.begin("edge-lhr--core-fra", "loss 7%") }
    }

    @Test("Whoever heals says what was said to fail, and some of it may be gone") func meant() throws {
        var bench = try Bench()
        try bench.begin("london,home", "partition")
        try bench.begin("edge", "loss 5%")
        var lab = smallLab()
        lab.clients[0].name = "away"
        bench.topology = try Topology(lab)
        bench.faults.find(in: bench.topology)
        func meant(_ target: String) throws -> [String] {
            try bench.faults.meant(by: target, in: bench.topology).map(\.fault.kind.text)
        }
        #expect(try meant("london,home") == ["partition"])
        #expect(try meant("london") == ["partition"] && meant("edge-lhr") == ["loss 5%"])
        #expect(throws: FaultError.self) { try meant("home") }
        let error = #expect(throws: RequestError.self) { try meant("away") }
        #expect(error?.description == "away has no fault; there are partition at london,home, loss at edge")
    }

    @Test("In a changed lab targets are found again by their names, and what is gone comes to an end") func changes()
        throws
    {
        var bench = try Bench()
        for (target, how) in [
            ("london", "link-down"), ("singapore", "withdraw"), ("dns", "prepend 1"), ("london,home", "partition"),
            ("london--edge", "loss 5%"), ("london.dns", "freeze"),
        ] { try bench.begin(target, how) }
        var lab = smallLab()
        lab.sites.removeFirst()
        lab.clients[0].name = "away"
        bench.topology = try Topology(lab)
        bench.faults.find(in: bench.topology)
        let singapore = try bench.node("singapore")
        #expect(bench.faults.isWithdrawn(singapore) && bench.faults.imposition(on: singapore).prepend == 1)
        #expect(bench.down() == [] && (0..<4).allSatisfy { bench.quality($0) == [0, 0, 0, 0] })

        var back = bench
        back.topology = try smallTopology()
        back.faults.find(in: back.topology)
        #expect(back.down() == [3] && back.faults.endLost() == [], "a change that is taken back ends nothing")

        #expect(
            bench.faults.endLost().map { "\($0.target) \($0.kind.text)" } == [
                "london link-down", "london,home partition", "london--edge loss 5%", "london.dns freeze",
            ])
        #expect(bench.faults.active.map(\.fault.target) == ["singapore", "dns"])
    }
}
