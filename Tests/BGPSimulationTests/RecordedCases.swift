import BGPSimulation
import BGPTable
import BGPWire
import Net
import Testing

/// A network and what happens in it, of which one router's log lies in `Tests/Fixtures/BGP/NAME.log`, beside a drawing.
struct RecordedCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// The router whose log it is.
    let router: String
    let run: @Sendable (RecordedCase) -> SimulatedNetwork

    var testDescription: String { name }

    /// Makes the network, starts all sessions, lets it settle and then does `events`.
    init(
        _ name: String, at router: String, _ draw: @escaping @Sendable (inout Drawing) -> Void,
        _ events: @escaping @Sendable (inout SimulatedNetwork) -> Void
    ) {
        self.name = name
        self.router = router
        run = { test in
            var drawing = Drawing()
            draw(&drawing)
            var network = SimulatedNetwork(drawing.routers, recording: [test.router])
            network.start()
            network.run(until: 1 * seconds)
            events(&network)
            return network
        }
    }

    private static let network = prefix("192.0.2.0/24")

    static let all: [RecordedCase] = [
        RecordedCase("announce-withdraw", at: "middle") { drawing in
            for (number, name) in ["left", "middle", "right"].enumerated() {
                drawing.router(name, asn: 65001 + UInt32(number))
            }
            drawing.join("left", "middle", .provider) {
                $0.holdTime = 90; $1.holdTime = 90
            }
            drawing.join("middle", "right", .peer) {
                $0.holdTime = 30; $1.holdTime = 30
            }
        } _: { network in
            network.originate(network4, at: "left")
            network.originate(prefix("2001:db8:53::/48"), at: "left")
            network.run(until: 60 * seconds)
            network.withdraw(network4, at: "left")
            network.run(until: 61 * seconds)
            network.setLink("left", "middle", isUp: false)
            network.run(until: 62 * seconds)
        },
        RecordedCase("path-hunting", at: "as5") { drawing in
            drawing = .clique(5, interval: seconds)
        } _: { network in
            network.run(until: 5 * seconds)
            network.originate(network4, at: "as1")
            network.run(until: 10 * seconds)
            network.withdraw(network4, at: "as1")
            network.run(until: 20 * seconds)
        },
        RecordedCase("med-oscillation", at: "ra") { drawing in
            for name in ["ra", "rb", "rc", "rd", "re"] { drawing.router(name, asn: 65000) }
            drawing.router("x6", asn: 65006)
            drawing.router("x10b", asn: 65010)
            drawing.router("x10c", asn: 65010)
            for client in ["rb", "rc"] { drawing.join("ra", client, .internal) { there, _ in there.isClient = true } }
            drawing.join("rd", "re", .internal) { there, _ in there.isClient = true }
            drawing.join("ra", "rd", .internal)
            for (router, neighbour, med): (String, String, UInt32) in [
                ("rb", "x6", 1), ("rc", "x10b", 10), ("re", "x10c", 0),
            ] {
                drawing.join(router, neighbour, .customer) { _, back in back.multiExitDiscriminator = med }
            }
            drawing.distances(at: "ra", ["rb": 5, "rc": 4, "re": 13])
            drawing.distances(at: "rd", ["rb": 6, "rc": 5, "re": 12])
        } _: { network in
            for name in ["x6", "x10b", "x10c"] { network.originate(network4, at: name) }
            network.run(until: 1300 * milliseconds)
        },
        RecordedCase("route-reflection", at: "reflector") { drawing in
            for name in ["reflector", "client1", "client2", "other"] { drawing.router(name, asn: 65000) }
            drawing.router("customer", asn: 65001)
            for client in ["client1", "client2"] {
                drawing.join("reflector", client, .internal) { there, _ in there.isClient = true }
            }
            drawing.join("reflector", "other", .internal)
            drawing.join("client1", "customer", .customer)
        } _: { network in
            network.originate(network4, at: "customer")
            network.originate(prefix("198.51.100.0/24"), at: "other")
            network.run(until: 2 * seconds)
            network.setLink("reflector", "client1", isUp: false)
            network.run(until: 3 * seconds)
        },
        RecordedCase("collision", at: "high") { drawing in
            drawing.router("low", asn: 65001)
            drawing.router("high", asn: 65002)
            // Both connect, and the two connections cross.
            drawing.join("low", "high", .peer, passive: false) {
                $0.holdTime = 90; $1.holdTime = 90
            }
        } _: { network in
            network.originate(network4, at: "low")
            network.run(until: 2 * seconds)
        },
        RecordedCase("refresh", at: "asked") { drawing in
            drawing.router("asking", asn: 65001)
            drawing.router("asked", asn: 65002)
            drawing.join("asking", "asked", .provider)
        } _: { network in
            network.originate(network4, at: "asked")
            network.originate(prefix("198.51.100.0/24"), at: "asked")
            network.run(until: 2 * seconds)
            network.input("asking", "asked") { .refresh($0) }
            network.run(until: 3 * seconds)
        },
        RecordedCase("maximum-prefixes", at: "strict") { drawing in
            drawing.router("generous", asn: 65001)
            drawing.router("strict", asn: 65002)
            drawing.join("generous", "strict", .provider) { _, back in back.mostPrefixes = 2 }
        } _: { network in
            for number in 1...3 {
                network.originate(prefix("192.0.\(number).0/24"), at: "generous")
                network.run(until: network.now + 100 * milliseconds)
            }
            network.withdraw(prefix("192.0.1.0/24"), at: "generous")
            network.run(until: 5 * seconds)
        },
        RecordedCase("policy-wedgie", at: "as3") { drawing in
            drawing = WedgieTests.figure1
        } _: { network in
            network.setLink("as1", "as2", isUp: false)
            network.originate(network4, at: "as1")
            network.run(until: 2 * seconds)
            network.setLink("as1", "as2", isUp: true)
            network.run(until: 3 * seconds)
            network.setLink("as1", "as4", isUp: false)
            network.run(until: 4 * seconds)
            network.setLink("as1", "as4", isUp: true)
            network.run(until: 5 * seconds)
        },
        RecordedCase("flap-damping", at: "damping") { drawing in
            drawing.router("damping", asn: 65001)
            drawing.router("flapping", asn: 65002)
            drawing.router("stable", asn: 65003)
            drawing.router("behind", asn: 65004)
            for name in ["flapping", "stable"] { drawing.join("damping", name, .customer) }
            drawing.join("damping", "behind", .provider)
            drawing.damping(
                at: "damping",
                DampingOptions(halfLife: 5 * seconds, suppress: 2000, reuse: 750, maximumSuppressTime: 20 * seconds))
        } _: { network in
            // Equal but for the identifier: the route that flaps is the better one.
            for name in ["flapping", "stable"] { network.originate(network4, at: name) }
            for _ in 0..<3 {
                network.run(until: network.now + 100 * milliseconds)
                network.withdraw(network4, at: "flapping")
                network.run(until: network.now + 100 * milliseconds)
                network.originate(network4, at: "flapping")
            }
            network.run(until: 60 * seconds)
        },
        RecordedCase("hold-timer", at: "waiting") { drawing in
            drawing.router("waiting", asn: 65001)
            drawing.router("silent", asn: 65002)
            drawing.join("waiting", "silent", .peer) {
                $0.holdTime = 9; $1.holdTime = 9
            }
        } _: { network in
            network.originate(network4, at: "silent")
            network.run(until: 10 * seconds)
            network.setSilent("waiting", "silent")
            network.run(until: 40 * seconds)
        },
    ]
}

private let network4 = prefix("192.0.2.0/24")
