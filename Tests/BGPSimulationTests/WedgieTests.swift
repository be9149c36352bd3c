import BGPSimulation
import BGPTable
import BGPWire
import Net
import Testing

/// The stable states that nobody intended of RFC 4264. A route with the community "backup" is worth less than every route
/// of a provider to the one who sells the backup service.
@Suite("BGP wedgies (RFC 4264)")
struct WedgieTests {
    /// What AS 1 marks its backup routes with, and the LOCAL_PREF that AS 2 and AS 5 give them.
    private static let backup = Community("64500:50")
    private static let preference: UInt32 = 50

    ///     as3 -peer- as4
    ///      |          |
    ///     as2         |
    ///      | backup   | primary
    ///      +--- as1 --+
    static var figure1: Drawing {
        var drawing = Drawing()
        for number in 1...4 { drawing.router("as\(number)", asn: 65000 + UInt32(number)) }
        drawing.join("as3", "as4", .peer)
        drawing.join("as2", "as3", .provider)
        drawing.join("as1", "as4", .provider)
        drawing.join("as1", "as2", .provider) { there, back in
            there.mark = Self.backup
            back.condition = Self.backup
            back.preference = Self.preference
        }
        return drawing
    }

    /// Primary for the lower half is the way by as5, for the upper half that by as2.
    ///
    ///     as3 -peer- as4
    ///      |          |
    ///     as2        as5
    ///      +--- as1 --+
    static var figure2: Drawing {
        var drawing = Drawing()
        for number in 1...5 { drawing.router("as\(number)", asn: 65000 + UInt32(number)) }
        drawing.join("as3", "as4", .peer)
        drawing.join("as2", "as3", .provider)
        drawing.join("as5", "as4", .provider)
        for (provider, network) in [("as2", lower), ("as5", upper)] {
            drawing.join("as1", provider, .provider) { there, back in
                there.mark = Self.backup
                there.marked = network
                back.condition = Self.backup
                back.preference = Self.preference
            }
        }
        return drawing
    }

    private static let network = prefix("192.0.2.0/24")
    private static let lower = prefix("192.0.2.0/25")
    private static let upper = prefix("192.0.2.128/25")

    private static func settled(_ drawing: Drawing, _ events: (inout SimulatedNetwork) -> Void) -> SimulatedNetwork {
        var network = SimulatedNetwork(drawing.routers)
        network.start()
        let isSettled = network.run()
        #expect(isSettled)
        events(&network)
        return network
    }

    private static func run(_ network: inout SimulatedNetwork, _ event: (inout SimulatedNetwork) -> Void) {
        event(&network)
        let isSettled = network.run()
        #expect(isSettled)
    }

    @Test("Figure 1: after the primary link has failed and healed, the backup carries, until its session is reset")
    func primaryAndBackup() {
        var network = Self.settled(Self.figure1) { _ in }
        func paths() -> [String?] { (2...4).map { network.path("as\($0)", to: Self.network) } }
        let intended = ["65003 65004 65001", "65004 65001", "65001"]
        let wedged = ["65001", "65002 65001", "65001"]

        // The intended state, for AS 1 announces on the primary before the backup.
        Self.run(&network) { $0.setLink("as1", "as2", isUp: false) }
        Self.run(&network) { $0.originate(Self.network, at: "as1") }
        Self.run(&network) { $0.setLink("as1", "as2", isUp: true) }
        #expect(paths() == intended)

        Self.run(&network) { $0.setLink("as1", "as4", isUp: false) }
        #expect(paths() == ["65001", "65002 65001", "65003 65002 65001"])
        Self.run(&network) { $0.setLink("as1", "as4", isUp: true) }
        #expect(paths() == wedged, "the wedgie sticks")

        // Neither more time nor another reset of the primary helps.
        network.run(until: network.now + 3600 * seconds)
        Self.run(&network) { $0.setLink("as1", "as4", isUp: false) }
        Self.run(&network) { $0.setLink("as1", "as4", isUp: true) }
        #expect(paths() == wedged)
        Self.run(&network) { $0.setLink("as3", "as4", isUp: false) }
        Self.run(&network) { $0.setLink("as3", "as4", isUp: true) }
        #expect(paths() == wedged)

        Self.run(&network) { $0.setLink("as1", "as2", isUp: false) }
        Self.run(&network) { $0.setLink("as1", "as2", isUp: true) }
        #expect(paths() == intended, "undone by the session that carries the traffic")
    }

    @Test("Figure 2: no reset of one session undoes it, but to withdraw both backups for a while does")
    func twoPrefixes() {
        var network = Self.settled(Self.figure2) { _ in }
        func paths() -> [String?] {
            ["as3", "as4"].flatMap { name in [Self.lower, Self.upper].map { network.path(name, to: $0) } }
        }
        let intended = ["65004 65005 65001", "65002 65001", "65005 65001", "65003 65002 65001"]
        let wedged = ["65002 65001", "65002 65001", "65005 65001", "65005 65001"]
        func suppress(_ isSuppressed: Bool) {
            network.input("as1", "as2") { .suppress($0, isSuppressed ? Self.lower : nil) }
            network.input("as1", "as5") { .suppress($0, isSuppressed ? Self.upper : nil) }
            let isSettled = network.run()
            #expect(isSettled)
        }
        suppress(true)
        for prefix in [Self.lower, Self.upper] { Self.run(&network) { $0.originate(prefix, at: "as1") } }
        suppress(false)
        #expect(paths() == intended)

        Self.run(&network) { $0.setLink("as3", "as4", isUp: false) }
        Self.run(&network) { $0.setLink("as3", "as4", isUp: true) }
        #expect(paths() == wedged, "the wedgie sticks")

        for (one, other) in [("as3", "as4"), ("as2", "as3"), ("as5", "as4"), ("as1", "as2"), ("as1", "as5")] {
            var copy = network
            Self.run(&copy) { $0.setLink(one, other, isUp: false) }
            Self.run(&copy) { $0.setLink(one, other, isUp: true) }
            let lower = copy.path("as3", to: Self.lower) == intended[0]
            let upper = copy.path("as4", to: Self.upper) == intended[3]
            #expect(!(lower && upper), "a reset of \(one) and \(other)")
        }
        suppress(true)
        suppress(false)
        #expect(paths() == intended)
    }
}
