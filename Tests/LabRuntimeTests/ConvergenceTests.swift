import TestSupport
import Testing

@testable import LabRuntime

@Suite struct ConvergenceTests {
    private typealias Key = Convergence.Key
    private typealias End = Convergence.End

    private static let one = Key(node: 1, remoteAddress: "b")
    private static let two = Key(node: 2, remoteAddress: "a")

    private func end(_ sent: Int, _ received: Int, established: Bool = true, endOfRIB: Bool = true) -> End {
        End(isEstablished: established, sent: sent, received: received, hasEndOfRIB: endOfRIB)
    }

    @Test("Rest takes two rounds that agree") func twoRounds() {
        var convergence = Convergence(pairs: [(Self.one, Self.two)])
        #expect(convergence.evaluate() == .wait)
        convergence.report(Self.one, end(3, 2))
        #expect(convergence.evaluate() == .wait)
        #expect(convergence.progress == .init(established: 1, expected: 2))
        convergence.report(Self.two, end(2, 3))
        #expect(convergence.progress == .init(established: 2, expected: 2, isBalanced: true))
        #expect(convergence.evaluate() == .ask)
        #expect(convergence.evaluate() == .wait, "asked already")
        convergence.report(Self.one, end(3, 2))
        convergence.report(Self.two, end(2, 3))
        #expect(convergence.confirm() == true)
    }

    @Test("A message that was under way at the first look is found at the second") func underWay() {
        var convergence = Convergence(pairs: [(Self.one, Self.two)])
        convergence.report(Self.one, end(3, 2))
        convergence.report(Self.two, end(2, 3))
        #expect(convergence.evaluate() == .ask)
        // By the time of the second look it has arrived and been answered: balanced again, but not the same.
        convergence.report(Self.one, end(4, 3))
        convergence.report(Self.two, end(3, 4))
        #expect(convergence.confirm() == false)
        #expect(convergence.evaluate() == .ask)
        #expect(convergence.confirm() == true)
    }

    @Test("Neither a session that is not up, nor one whose table is not complete, is at rest") func incomplete() {
        for (established, endOfRIB) in [(false, true), (true, false)] {
            var convergence = Convergence(pairs: [(Self.one, Self.two)])
            convergence.report(Self.one, end(0, 0))
            convergence.report(Self.two, end(0, 0, established: established, endOfRIB: endOfRIB))
            #expect(convergence.evaluate() == .wait)
        }
    }

    @Test("A session that is lost between the rounds undoes the first") func lostBetween() {
        var convergence = Convergence(pairs: [(Self.one, Self.two)])
        convergence.report(Self.one, end(1, 1))
        convergence.report(Self.two, end(1, 1))
        #expect(convergence.evaluate() == .ask)
        convergence.lost(node: 2)
        #expect(convergence.confirm() == false)
        #expect(convergence.evaluate() == .wait)
        #expect(convergence.progress == .init(established: 1, expected: 2))
        convergence.report(Self.two, end(1, 1))
        #expect(convergence.evaluate() == .ask)
        #expect(convergence.confirm() == true)
    }

    @Test("A speaker that ends takes its own ends only") func lostNode() {
        let other = (Key(node: 1, remoteAddress: "c"), Key(node: 3, remoteAddress: "a"))
        var convergence = Convergence(pairs: [(Self.one, Self.two), other])
        for key in [Self.one, Self.two, other.0, other.1] { convergence.report(key, end(0, 0)) }
        convergence.lost(node: 1)
        #expect(convergence.ends.filter(\.value.isEstablished).keys.map(\.node).sorted() == [2, 3])
    }

    @Test("A session that a timer has yet to end is no rest, and a session that is held and gone is none to wait for")
    func falling() {
        var convergence = Convergence(pairs: [(Self.one, Self.two)])
        convergence.report(Self.one, end(3, 2))
        convergence.report(Self.two, end(2, 3))
        convergence.hold([Self.one, Self.two], falling: [Self.one])
        #expect(convergence.evaluate() == .wait)
        convergence.report(Self.one, End())
        #expect(convergence.progress == .init(established: 0, expected: 0, isBalanced: true))
        #expect(convergence.evaluate() == .ask)
        #expect(convergence.confirm() == true)
        convergence.hold([])
        #expect(convergence.progress.expected == 2 && convergence.evaluate() == .wait)
    }

    @Test("A session that no timer ends is none to wait for, whoever's daemon holds it") func neverFalling() {
        var convergence = Convergence(pairs: [(Self.one, Self.two)])
        convergence.report(Self.one, End(isEstablished: true, isSettled: true))
        convergence.hold([Self.one, Self.two], falling: [Self.one])
        #expect(convergence.evaluate() == .wait)
        convergence.hold([Self.one, Self.two])
        #expect(convergence.evaluate() == .ask)
    }

    @Test("Sessions that nobody expects do not count, and a lab without sessions is at rest") func unexpected() {
        var convergence = Convergence(pairs: [])
        convergence.report(Self.one, end(5, 0, established: false))
        #expect(convergence.ends.isEmpty)
        #expect(convergence.evaluate() == .ask)
        #expect(convergence.confirm() == true)
    }

    @Test(
        "It is never true while what was sent differs from what was received",
        arguments: [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (2, 1, 1, 3)])
    func unbalanced(_ sent: Int, _ received: Int, _ otherSent: Int, _ otherReceived: Int) {
        var convergence = Convergence(pairs: [(Self.one, Self.two)])
        convergence.report(Self.one, end(sent, received))
        convergence.report(Self.two, end(otherSent, otherReceived))
        #expect(convergence.evaluate() == .wait)
        #expect(convergence.confirm() == false)
    }

    @Test("In whatever order reports arrive, rest is found when it is there and not before", arguments: 1...60)
    func simulated(_ seed: UInt64) {
        var network = SimulatedNetwork(seed: seed)
        network.run()
        #expect(network.falseAlarms == 0)
        #expect(network.hasConverged, "at rest, and nobody noticed")
    }
}
