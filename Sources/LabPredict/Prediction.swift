public import BGPSpeaker
import BGPTable
import HeapModule
public import LabModel
import LabPlan
import Net

/// Where the routing of a lab comes to rest, found from its file alone.
///
/// Every speaker of the lab is there with the configuration that it would be started with, and the same table and decision
/// process. UPDATE messages go from one to the other as values, each as long under way as its link delays, in the order of
/// their arrival; when none is under way any more, routing has come to rest. No packet is sent and no privilege needed.
///
/// What depends on more than that is not foreseen: advertisement intervals and the moments at which sessions come up decide
/// only where a lab has several places to rest (RFC 4264), and the kernel's hash decides among equal ways of multipath.
public struct Prediction {
    /// The lab.
    public let topology: Topology
    /// What is out of order in it.
    public let conditions: Conditions
    /// Whether routing comes to rest. Where policies quarrel (RFC 3345, RFC 4264) it may go on for ever.
    public let isAtRest: Bool
    let speakers: [SilentSpeaker?]
    let interiors: [InteriorTable]
    /// The lengths of all prefixes that anybody announces, longest first.
    let prefixLengths: [AddressFamily: [UInt8]]

    /// Predicts a lab. Throws `ConfigurationError` where a speaker would refuse its configuration.
    public init(_ topology: Topology, _ conditions: Conditions = Conditions()) throws(ConfigurationError) {
        var run = try RoutingRun(topology, conditions)
        isAtRest = run.run()
        self.topology = topology
        self.conditions = conditions
        speakers = run.speakers
        interiors = run.interiors
        prefixLengths = Dictionary(grouping: Set(topology.nodes.flatMap(\.prefixes)), by: \.family)
            .mapValues { Set($0.map(\.length)).sorted(by: >) }
    }
}

/// Speakers that talk until nobody has anything more to say.
private struct RoutingRun {
    let topology: Topology
    var speakers: [SilentSpeaker?]
    let interiors: [InteriorTable]
    private let channels: [Channel]
    /// The channels that each node sends on.
    private var outgoing: [[Int]]
    private var events = Heap<Event>()
    /// When the last message of each channel arrives.
    private var lastArrival: [Int64]
    private var eventCount = 0

    /// Many times what a lab needs that comes to rest: world.yaml takes 24 a channel, path exploration included.
    private static let mostEventsPerChannel = 200
    /// Small labs have few channels to spread their path exploration over.
    private static let leastMostEvents = 10_000

    /// One direction of a session.
    private struct Channel {
        let from: Int
        let to: Int
        /// The receiver, as the sender numbers it.
        let receiver: PeerID
        /// The sender, as the receiver numbers it.
        let sender: PeerID
        /// How long a message is under way, in nanoseconds.
        let delay: Int64
    }

    private struct Event: Comparable {
        let time: Int64
        /// Events of the same time happen in the order in which they came about.
        let number: Int
        let channel: Int
        /// What arrives; nil when the session becomes Established at the receiver.
        let updates: OutgoingUpdates?

        static func == (left: Event, right: Event) -> Bool { left.number == right.number }
        static func < (left: Event, right: Event) -> Bool { (left.time, left.number) < (right.time, right.number) }
    }

    init(_ topology: Topology, _ conditions: Conditions) throws(ConfigurationError) {
        self.topology = topology
        let routes = InteriorRouting.routes(topology) { !conditions.deadLinks.contains($0.index) }
        let interiorOf = Dictionary(grouping: routes, by: \.node)
        interiors = topology.nodes.map { InteriorTable($0, topology, interiorOf[$0.index] ?? [], conditions) }
        speakers = []
        for node in topology.nodes {
            guard node.runsBGP else {
                speakers.append(nil)
                continue
            }
            var speaker = try SilentSpeaker(DaemonConfiguration.bgp(topology, node: node.index)) { interface in
                topology.links(of: node.index).first { $0.end.interface == interface }
                    .map { [.v4($0.end.address), .v6($0.end.address6)] } ?? []
            }
            if !conditions.silentNodes.contains(node.index) { speaker.originate() }
            speakers.append(speaker)
        }
        var channels: [Channel] = []
        outgoing = Array(repeating: [], count: topology.nodes.count)
        for session in topology.sessions {
            guard let delay = Self.delay(of: session, interiors, conditions, topology),
                let receiver = speakers[session.node]?.peer(at: session.remoteAddress),
                let sender = speakers[session.remote]?.peer(at: session.localAddress)
            else { continue }
            outgoing[session.node].append(channels.count)
            channels.append(
                Channel(from: session.node, to: session.remote, receiver: receiver, sender: sender, delay: delay))
        }
        self.channels = channels
        lastArrival = Array(repeating: 0, count: channels.count)
    }

    /// How long a message of a session is under way, in nanoseconds; nil when the session cannot come up.
    private static func delay(
        of session: Session, _ interiors: [InteriorTable], _ conditions: Conditions, _ topology: Topology
    ) -> Int64? {
        if !session.links.isEmpty {
            guard conditions.deadLinks.isDisjoint(with: session.links) else { return nil }
            return max(1, session.links.reduce(0) { $0 + topology.links[$1].quality.delay })
        }
        return interiors[session.node].resolve(session.remoteAddress).map { Int64($0.metric) * 1000 }
    }

    /// Runs until nothing is under way. Answers whether it came to that.
    mutating func run() -> Bool {
        for node in topology.nodes.indices where speakers[node] != nil { settle(node, at: 0) }
        // A session takes about three ways of its path: a handshake of TCP, and one OPEN.
        for (channel, value) in channels.enumerated() { schedule(channel, nil, after: 3 * value.delay, 0) }
        let most = max(Self.leastMostEvents, Self.mostEventsPerChannel * channels.count)
        while let event = events.popMin() {
            guard eventCount < most else { return false }
            let node = channels[event.channel].to
            take(event)
            // What comes at the same moment is decided about together, as a speaker does.
            while let next = events.min, next.time == event.time, channels[next.channel].to == node {
                take(events.removeMin())
            }
            settle(node, at: event.time)
        }
        return true
    }

    /// Messages of a channel stay in order. Each is late by up to 1 %, the same in every run: without it, two speakers could
    /// exchange the same news for ever in step with each other, which real ones do not.
    private mutating func schedule(_ channel: Int, _ updates: OutgoingUpdates?, after delay: Int64, _ time: Int64) {
        var noise = UInt64(truncatingIfNeeded: eventCount) &* 0x9E37_79B9_7F4A_7C15
        noise ^= noise >> 29
        let arrival = time + delay + delay / 100 * Int64(noise % 100) / 100
        lastArrival[channel] = max(lastArrival[channel], arrival)
        events.insert(Event(time: lastArrival[channel], number: eventCount, channel: channel, updates: updates))
        eventCount += 1
    }

    private mutating func take(_ event: Event) {
        let channel = channels[event.channel]
        guard let updates = event.updates else {
            if let open = speakers[channel.from]?.open(to: channel.receiver) {
                _ = speakers[channel.to]?.establish(with: channel.sender, open)
            }
            return
        }
        speakers[channel.to]?.table.withdraw(
            updates.withdrawn, paths: updates.withdrawnPaths, from: channel.sender)
        for group in updates.announced {
            speakers[channel.to]?.table.announce(
                group.prefixes, paths: group.paths, with: group.attributes, from: channel.sender)
        }
    }

    /// Decides, and sends what follows.
    private mutating func settle(_ node: Int, at time: Int64) {
        speakers[node]?.decide(interiors[node])
        for number in outgoing[node] {
            let channel = channels[number]
            guard let updates = speakers[node]?.table.takeUpdates(for: channel.receiver), !updates.isEmpty else {
                continue
            }
            schedule(number, updates, after: channel.delay, time)
        }
    }
}

extension SilentSpeaker {
    /// Resolves next hops and chooses best routes.
    fileprivate mutating func decide(_ interior: InteriorTable) {
        for request in table.takeNextHopRequests() {
            switch request {
            case .track(let address): table.nextHopChanged(address, to: interior.resolve(address))
            // No lab speaks of link-local next hops.
            case .trackOnLink, .forget, .forgetOnLink: break
            }
        }
        _ = table.decide()
    }
}
