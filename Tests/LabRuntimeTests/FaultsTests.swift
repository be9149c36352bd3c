import LabModel
import Net
import TestSupport
import Testing

@testable import LabRuntime

@Suite struct FaultsTests {
    private func fault(_ name: String, _ kind: FaultKind, _ topology: Topology) throws -> Faults.Fault {
        Faults.Fault(name: name, target: try FaultTarget(name, in: topology), kind: kind)
    }

    @Test(
        "A link that two faults hold stays down until both are healed, whichever comes first", arguments: [true, false])
    func overlap(_ nodeFirst: Bool) throws {
        let topology = try smallTopology()
        let node = try fault("london", .linkDown, topology)
        let link = try fault("london--edge", .linkDown, topology)
        var faults = Faults()
        func down() -> [Int] { topology.links.filter { !faults.isUp($0) }.map(\.index) }
        #expect(down() == [])
        faults.add(node)
        faults.add(link)
        #expect(down() == [3])
        faults.remove(nodeFirst ? node : link)
        #expect(down() == [3])
        faults.remove(nodeFirst ? link : node)
        #expect(down() == [] && faults.active.isEmpty)
    }

    @Test("A node takes all of its links along, and no other") func node() throws {
        let topology = try smallTopology()
        var faults = Faults()
        faults.add(try fault("core-fra", .linkDown, topology))
        #expect(topology.links.filter { !faults.isUp($0) }.map(\.index) == [1, 2])
        faults.add(try fault("edge", .linkDown, topology))
        #expect(topology.links.filter { !faults.isUp($0) }.map(\.index) == [0, 1, 2, 3])
        faults.remove(try fault("core-fra", .linkDown, topology))
        #expect(topology.links.filter { !faults.isUp($0) }.map(\.index) == [0, 2, 3], "the shared link stays down")
    }

    @Test("Faults of one kind are not those of another") func kinds() throws {
        let topology = try smallTopology()
        let london = try #require(topology.node(named: "london")).index
        var faults = Faults()
        faults.add(try fault("london", .withdraw, topology))
        #expect(faults.isWithdrawn(london) && !faults.isKilled(london) && topology.links.allSatisfy(faults.isUp))
        #expect(!faults.isWithdrawn(london + 1))
        #expect(try faults.contains(fault("london", .withdraw, topology)))
        #expect(try !faults.contains(fault("london", .processKill, topology)))
        faults.add(try fault("london", .processKill, topology))
        faults.remove(try fault("london", .withdraw, topology))
        #expect(!faults.isWithdrawn(london) && faults.isKilled(london))
    }

    @Test("A target is a node, a network of one router, or what joins two") func targets() throws {
        let topology = try smallTopology()
        #expect(try FaultTarget("edge", in: topology) == FaultTarget("edge-lhr", in: topology))
        #expect(try FaultTarget("core--edge", in: topology) == .links([2]))
        #expect(try FaultTarget("edge-lhr--core-fra", in: topology) == .links([2]))
        #expect(try FaultTarget("core-fra--core-sin", in: topology) == .links([1]))
        for (text, reason) in [
            ("lisbon", "there is no node 'lisbon'; nodes are core-fra, core-sin, edge-lhr, london, singapore, home"),
            ("core", "there is no node 'core'"), ("", "there is no node ''"),
            ("london--singapore", "there is no link between 'london' and 'singapore'"),
            ("--", "there is no link between '' and ''"), ("london--", "there is no link between 'london' and ''"),
        ] {
            let error = #expect(throws: RequestError.self) { try FaultTarget(text, in: topology) }
            #expect(error?.description.hasPrefix(reason) == true, "\(error?.description ?? "")")
        }
    }
}
