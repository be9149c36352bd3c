import BGPSimulation
import BGPTable
import BGPWire
import Net

func prefix(_ text: String) -> IPPrefix { IPPrefix(text) ?? IPPrefix(.v4(.any), length: 0) }

let milliseconds: UInt64 = 1_000_000
let seconds: UInt64 = 1_000_000_000

/// Joins routers in pairs while a network is drawn. The one that is named first connects, the other waits.
struct Drawing {
    private(set) var routers: [RouterDescription] = []

    /// Adds a router. Its address is 10.0.0.N, in the order in which they are added.
    mutating func router(_ name: String, asn: UInt32) {
        let address = IPv4Address(10, 0, 0, UInt8(routers.count + 1))
        routers.append(RouterDescription(name, asn: asn, address: address))
    }

    /// Joins two routers; `relation` is what the second is to the first.
    mutating func join(
        _ first: String, _ second: String, _ relation: Relation, passive: Bool = true,
        _ change: (inout NeighbourDescription, inout NeighbourDescription) -> Void = { _, _ in }
    ) {
        guard let one = routers.firstIndex(where: { $0.name == first }),
            let two = routers.firstIndex(where: { $0.name == second })
        else { return }
        var there = NeighbourDescription(
            second, asn: routers[two].asn, address: routers[two].address, relation: relation)
        let opposite: Relation =
            switch relation {
            case .provider: .customer
            case .customer: .provider
            case .routeServer: .routeServerClient
            case .routeServerClient: .routeServer
            case .peer, .sibling, .internal: relation
            }
        var back = NeighbourDescription(
            first, asn: routers[one].asn, address: routers[one].address, relation: opposite)
        back.isPassive = passive
        change(&there, &back)
        routers[one].neighbours.append(there)
        routers[two].neighbours.append(back)
    }

    /// The interior metrics that a router sees.
    mutating func distances(at name: String, _ metrics: [String: UInt32]) {
        guard let index = routers.firstIndex(where: { $0.name == name }) else { return }
        for router in routers {
            if let metric = metrics[router.name] { routers[index].distances[router.address] = metric }
        }
    }

    /// Has a router damp routes that flap.
    mutating func damping(at name: String, _ options: DampingOptions) {
        for index in routers.indices where routers[index].name == name { routers[index].damping = options }
    }

    /// The clique of `count` ASes that let each other through: as1, as2 and so on.
    static func clique(_ count: Int, interval: UInt64) -> Drawing {
        var drawing = Drawing()
        for number in 1...count { drawing.router("as\(number)", asn: 65000 + UInt32(number)) }
        for number in 1...count {
            for other in (number + 1)..<max(number + 1, count + 1) {
                drawing.join("as\(number)", "as\(other)", .sibling) { there, back in
                    there.interval = interval
                    back.interval = interval
                }
            }
        }
        return drawing
    }
}
