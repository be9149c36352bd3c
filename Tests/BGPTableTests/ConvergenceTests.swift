import BGPTable
import BGPWire
import Net
import TestSupport
import Testing

/// A random internet of ASes with one router each, in which providers always have a lower number than their customers.
private struct Topology {
    struct Link: Hashable {
        var from: Int
        var to: Int
        /// What `to` is to `from`.
        var relation: Relation
        var reversed: Link {
            let opposite: Relation =
                switch relation {
                case .provider: .customer
                case .customer: .provider
                case .routeServer: .routeServerClient
                case .routeServerClient: .routeServer
                case .peer, .sibling, .internal: relation
                }
            return Link(from: to, to: from, relation: opposite)
        }
    }

    var count: Int
    /// Each link once, seen from one of its ends.
    var links: [Link] = []
    /// BGP Identifiers, in no order.
    var identifiers: [UInt32]
    /// The ASes that originate the prefix. All of them use one AS number, as the sites of an anycast service do.
    var origins: Set<Int>

    init(_ random: inout SeededGenerator) {
        count = Int.random(in: 20...60, using: &random)
        identifiers = (1...UInt32(count)).shuffled(using: &random)
        let core = Int.random(in: 1...4, using: &random)
        var joined: Set<[Int]> = []
        for node in 1..<count {
            if node < core {
                for other in 0..<node { links.append(Link(from: node, to: other, relation: .peer)) }
                continue
            }
            for other in (0..<node).shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)) {
                links.append(Link(from: node, to: other, relation: .provider))
                joined.insert([other, node])
            }
        }
        for _ in 0..<Int.random(in: 0...count, using: &random) {
            let pair = (core..<count).shuffled(using: &random).prefix(2).sorted()
            guard joined.insert(pair).inserted else { continue }
            links.append(Link(from: pair[0], to: pair[1], relation: .peer))
        }
        origins = Set((0..<count).shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)))
    }

    func asn(_ node: Int) -> ASN { ASN(origins.contains(node) ? 64500 : 65001 + UInt32(node)) }

    /// For each node, the neighbours that are to it what `relation` says.
    func neighbours(_ relation: Relation) -> [[Int]] {
        var neighbours = [[Int]](repeating: [], count: count)
        for link in links + links.map(\.reversed) where link.relation == relation {
            neighbours[link.from].append(link.to)
        }
        return neighbours
    }
}

/// The steady state of Gao and Rexford: customer routes spread upwards, then to the peers, then all of it downwards. In each
/// class the shortest path wins, then the lowest identifier of the neighbour.
private func steadyState(_ topology: Topology) -> [Int?] {
    var length = [Int?](repeating: nil, count: topology.count)
    var next = [Int?](repeating: nil, count: topology.count)
    for node in topology.origins { length[node] = 0 }

    /// Gives every node without a route the best one that neighbours of this relation offer, shortest paths first.
    func spread(_ relation: Relation, through offers: (Int) -> Int?) {
        let neighbours = topology.neighbours(relation)
        for hops in 1...topology.count {
            for node in 0..<topology.count where length[node] == nil {
                let offering = neighbours[node].filter { offers($0) == hops - 1 }
                guard let best = offering.min(by: { topology.identifiers[$0] < topology.identifiers[$1] }) else {
                    continue
                }
                next[node] = best
                // Seen by others only in the next round: `hops` is more than they look for in this one.
                length[node] = hops
            }
        }
    }
    spread(.customer) { length[$0] }
    let customerLength = length
    spread(.peer) { customerLength[$0] }
    spread(.provider) { length[$0] }
    return next
}

/// Tables joined by lossless queues, in which messages of a session keep their order and sessions race each other.
private struct Network {
    struct Message {
        var withdrawn: [IPPrefix]
        var announced: [OutgoingUpdates.Group]
    }

    let prefix = IPPrefix(.v4(IPv4Address(192, 0, 2, 0)), length: 24)
    var tables: [Table] = []
    /// For each node, its neighbours by the number that its table gave them.
    var sessions: [[PeerID: Int]] = []
    var ids: [[Int: PeerID]] = []
    /// The places in `queues` where something is under way.
    var arrivals: [Int] = []
    /// What is under way from one node to another, at `from * count + to`.
    var queues: [[Message]]
    /// What each node was sent by each neighbour and still holds, at the same place.
    var held: [[IPPrefix: PathAttributes]]
    /// Nodes that have something to decide or to send.
    var busy: [Bool]
    /// The same as a list.
    var waiting: [Int] = []
    var topology: Topology

    init(_ topology: Topology) {
        self.topology = topology
        queues = Array(repeating: [], count: topology.count * topology.count)
        held = Array(repeating: [:], count: topology.count * topology.count)
        busy = Array(repeating: true, count: topology.count)
        for node in 0..<topology.count {
            let identifier = IPv4Address(rawValue: topology.identifiers[node])
            tables.append(Table(local: LocalSpeaker(asn: topology.asn(node), identifier: identifier)))
            sessions.append([:])
            ids.append([:])
        }
        for link in topology.links {
            add(link)
            add(link.reversed)
        }
        for link in topology.links { up(link) }
    }

    private mutating func add(_ link: Topology.Link) {
        let id = tables[link.from].addPeer(
            PeerConfiguration(
                relation: link.relation, asn: topology.asn(link.to), address: Self.address(link.to),
                localIPv4: IPv4Address(10, 0, 0, UInt8(link.from))))
        sessions[link.from][id] = link.to
        ids[link.from][link.to] = id
    }

    static func address(_ node: Int) -> IPAddress { .v4(IPv4Address(10, 0, 0, UInt8(node))) }

    mutating func up(_ link: Topology.Link) {
        for end in [link, link.reversed] {
            guard let id = ids[end.from][end.to] else { continue }
            let identifier = IPv4Address(rawValue: topology.identifiers[end.to])
            tables[end.from].peerUp(id, identifier: identifier, families: [.ipv4])
        }
    }

    mutating func down(_ link: Topology.Link) {
        for end in [link, link.reversed] {
            queues[end.from * topology.count + end.to] = []
            held[end.from * topology.count + end.to] = [:]
            if let id = ids[end.from][end.to] { tables[end.from].peerDown(id) }
        }
    }

    /// Delivers, decides and sends in a random order until nothing is left to do. False if that never happens.
    mutating func converge(_ random: inout SeededGenerator) -> Bool {
        busy = Array(repeating: true, count: topology.count)
        waiting = Array(busy.indices)
        arrivals.removeAll { queues[$0].isEmpty }
        for _ in 0..<500_000 {
            let choice = Int.random(in: 0..<max(1, arrivals.count + waiting.count), using: &random)
            if choice < arrivals.count {
                deliver(at: choice)
            } else if choice - arrivals.count < waiting.count {
                work(at: choice - arrivals.count, &random)
            } else {
                return true
            }
        }
        return false
    }

    private mutating func deliver(at place: Int) {
        let session = arrivals[place]
        let (from, to) = session.quotientAndRemainder(dividingBy: topology.count)
        let message = queues[session].removeFirst()
        if queues[session].isEmpty {
            arrivals.swapAt(place, arrivals.count - 1)
            arrivals.removeLast()
        }
        guard let id = ids[to][from] else { return }
        tables[to].withdraw(message.withdrawn, from: id)
        for group in message.announced { tables[to].announce(group.prefixes, with: group.attributes, from: id) }
        for case .track(let address) in tables[to].takeNextHopRequests() {
            tables[to].nextHopChanged(address, to: NextHopResolution(metric: 0))
        }
        if !busy[to] { waiting.append(to) }
        busy[to] = true
    }

    private mutating func work(at place: Int, _ random: inout SeededGenerator) {
        let node = waiting[place]
        _ = tables[node].decide()
        for id in tables[node].peerIDs where Bool.random(using: &random) {
            guard let other = sessions[node][id] else { continue }
            let updates = tables[node].takeUpdates(for: id)
            guard !updates.isEmpty else { continue }
            let session = node * topology.count + other
            check(updates, session)
            if queues[session].isEmpty { arrivals.append(session) }
            queues[session].append(Message(withdrawn: updates.withdrawn, announced: updates.announced))
        }
        guard !tables[node].peerIDs.contains(where: { tables[node].hasUpdates(for: $0) }) else { return }
        busy[node] = false
        waiting.swapAt(place, waiting.count - 1)
        waiting.removeLast()
    }

    /// Nothing is sent that the other end has, or withdrawn that it has not.
    private mutating func check(_ updates: OutgoingUpdates, _ session: Int) {
        for prefix in updates.withdrawn {
            let old = held[session].removeValue(forKey: prefix)
            #expect(old != nil)
        }
        for group in updates.announced {
            for prefix in group.prefixes {
                let old = held[session].updateValue(group.attributes, forKey: prefix)
                #expect(old != group.attributes)
            }
        }
    }

    /// The node that each node sends its packets to; nil at an origin and where there is no route.
    var nextHops: [Int?] {
        tables.indices.map { node in tables[node].best(for: prefix).flatMap { sessions[node][$0.peer] } }
    }
}

@Suite struct ConvergenceTests {
    @Test("500 random internets of 20 to 60 ASes settle as Gao and Rexford say, also after failures and repairs")
    func gaoRexford() {
        var routed = 0
        for seed in 1...500 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed)
            let whole = Topology(&random)
            var network = Network(whole)
            for node in whole.origins.sorted() { network.tables[node].originate(network.prefix) }
            expectSteadyState(&network, whole, &random, "seed \(seed)")
            routed += network.nextHops.count { $0 != nil }

            // Some links fail and one origin withdraws, all at once.
            var broken = whole
            let failed = whole.links.shuffled(using: &random).prefix(Int.random(in: 1...5, using: &random))
            broken.links.removeAll { failed.contains($0) }
            for link in failed { network.down(link) }
            let gone = whole.origins.sorted()[0]
            broken.origins.remove(gone)
            network.tables[gone].withdrawOriginated(network.prefix)
            // It keeps the AS number of the service, so as a transit it would see its own number: it stays out.
            broken.links.removeAll { $0.from == gone || $0.to == gone }
            for link in whole.links where link.from == gone || link.to == gone { network.down(link) }
            expectSteadyState(&network, broken, &random, "seed \(seed), broken")

            for link in whole.links where !broken.links.contains(link) { network.up(link) }
            network.tables[gone].originate(network.prefix)
            expectSteadyState(&network, whole, &random, "seed \(seed), repaired")
        }
        // The topologies are not so broken that the comparison would be of nothing with nothing.
        #expect(routed > 500 * 20)
    }

    private func expectSteadyState(
        _ network: inout Network, _ topology: Topology, _ random: inout SeededGenerator, _ comment: Comment
    ) {
        let settled = network.converge(&random)
        #expect(settled, comment)
        #expect(network.nextHops == steadyState(topology), comment)
    }
}
