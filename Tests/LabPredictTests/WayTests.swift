import LabModel
import Net
import TestSupport
import Testing

@testable import LabPredict

@Suite struct WayTests {
    /// What the routers of `smallTopology` do, whatever their tables say.
    private func way(_ next: [String: [String]], from source: String) throws -> (PredictedWay, Topology) {
        let topology = try smallTopology()
        let prediction = try Prediction(topology)
        func number(_ name: String) throws -> Int { try #require(topology.node(named: name)).index }
        var ways: [Int: [Prediction.Onward]] = [:]
        for (name, others) in next {
            ways[try number(name)] = try others.map { Prediction.Onward(links: [0], node: try number($0)) }
        }
        let way = prediction.way(from: try number(source), after: []) { node in
            ways[node].map { .onward($0) } ?? .own
        }
        return (way, topology)
    }

    @Test("Two routers that have each other as a second way are a loop for some packets, and the search ends")
    func secondWays() throws {
        let (way, topology) = try way(
            ["core-fra": ["edge-lhr", "core-sin"], "core-sin": ["london", "core-fra"]], from: "core-fra")
        func number(_ name: String) throws -> Int { try #require(topology.node(named: name)).index }
        #expect(way.end == .delivered(try number("edge-lhr")))
        #expect(way.otherEnds == [.delivered(try number("london")), .loop(try number("core-fra"))])
    }

    @Test("A site passes nothing on, by whichever way it came")
    func siteOnTheSecondWay() throws {
        let (way, topology) = try way(
            ["core-fra": ["edge-lhr", "london"], "london": ["core-sin"]], from: "core-fra")
        #expect(way.otherEnds == [.dropped(try #require(topology.node(named: "london")).index)])
    }
}
