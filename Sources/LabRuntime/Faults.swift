import LabModel
import Net

/// The faults that a lab has now, and what all of them together say about each link, process and speaker.
struct Faults {
    /// A fault that has begun and not ended.
    struct Active {
        /// Tells it from a later one of the same kind and target.
        let id: Int
        let fault: Fault
        /// The target in the topology that is up.
        var target: FaultTarget
        /// Of a flap, whether links are up for now; of a drain, whether nothing is announced any more.
        var isInSecondStage = false
        /// How often a flap has brought links up again.
        var rounds = 0
        /// When it began: CLOCK_MONOTONIC, and from 1970, in nanoseconds.
        let time: Int64
        let wallTime: Int64
    }

    private(set) var active: [Active] = []
    private var begun = 0

    subscript(id: Int) -> Active? { active.first { $0.id == id } }

    /// Begins a fault and answers its number. Throws ``RequestError`` when its target has one of that kind.
    mutating func begin(
        _ fault: Fault, _ target: FaultTarget, time: Int64 = 0, wallTime: Int64 = 0
    ) throws(RequestError) -> Int {
        let name = fault.kind.name
        let known = active.first { known in
            guard known.fault.kind.name == name else { return false }
            return known.target == target
                || (fault.kind.direction == .both && known.target.isSame(target, for: known.fault.kind))
        }
        if let known {
            throw RequestError(
                "\(fault.target) has the fault '\(known.fault.kind.text)' already; 'lab heal \(fault.target) --how "
                    + "\(name.rawValue)' ends it")
        }
        begun += 1
        active.append(Active(id: begun, fault: fault, target: target, time: time, wallTime: wallTime))
        return begun
    }

    /// Ends a fault.
    mutating func end(_ id: Int) { active.removeAll { $0.id == id } }

    /// The faults that somebody means by a target: those that were begun with the same words, of which some may mean nothing any
    /// more in a changed lab, and those at the same nodes, links or process. Throws ``RequestError`` when there are none,
    /// `FaultError` when the words mean nothing.
    func meant(by text: String, in topology: Topology) throws -> [Active] {
        let target: FaultTarget?
        do {
            target = try FaultTarget(text, in: topology)
        } catch {
            guard active.contains(where: { $0.fault.target == text }) else { throw error }
            target = nil
        }
        let found = active.filter { fault in
            fault.fault.target == text || target.map { fault.target.isSame($0, for: fault.fault.kind) } == true
        }
        guard found.isEmpty else { return found }
        let all = active.map { "\($0.fault.kind.name.rawValue) at \($0.fault.target)" }
        throw RequestError("\(text) has no fault" + (all.isEmpty ? "" : "; there are \(all.joined(separator: ", "))"))
    }

    /// Changes what a fault remembers of itself.
    mutating func change(_ id: Int, _ body: (inout Active) -> Void) {
        guard let index = active.firstIndex(where: { $0.id == id }) else { return }
        body(&active[index])
    }

    /// Finds the targets again in a changed topology, by the words that they were named with: what is new there has the fault
    /// too. Of what is gone nothing is left, until it is found again or ``endLost()``.
    mutating func find(in topology: Topology) {
        for index in active.indices {
            active[index].target = FaultTarget(whatIsLeftOf: active[index].fault.target, in: topology)
        }
    }

    /// Ends the faults of which the target is gone, and answers them.
    mutating func endLost() -> [Fault] {
        let lost = active.filter { $0.target == .nothing }.map(\.fault)
        active.removeAll { $0.target == .nothing }
        return lost
    }

    // MARK: Links

    /// Whether no fault holds the link down.
    func isUp(_ link: Link) -> Bool { cut(link) == nil }

    /// The node at which a link that is down fails: the failed one of the two, for its neighbour sees a lost carrier, as of a
    /// cut cable.
    func failedEnd(of link: Link) -> Int {
        if case .nodes(let nodes) = cut(link)?.target, !nodes.contains(link.a.node) { return link.b.node }
        return link.a.node
    }

    private func cut(_ link: Link) -> Active? {
        active.first { fault in
            switch fault.fault.kind {
            case .linkDown: break
            case .flap where !fault.isInSecondStage: break
            default: return false
            }
            return fault.target.covers(link).aToB
        }
    }

    /// What a link does to packets that would do `quality` without faults.
    func quality(_ link: Link, _ quality: LinkQualities.Pair) -> LinkQualities.Pair {
        var quality = quality
        for fault in active {
            func change(_ directions: (aToB: Bool, bToA: Bool), _ body: (inout LinkQuality) -> Void) {
                if directions.aToB { body(&quality.aToB) }
                if directions.bToA { body(&quality.bToA) }
            }
            switch fault.fault.kind {
            case .blackhole(let direction): change(fault.target.covers(link, direction)) { $0.loss = 1 }
            case .loss(let share, let direction):
                change(fault.target.covers(link, direction)) { $0.loss = 1 - (1 - $0.loss) * (1 - share) }
            case .delay(let delay, let direction): change(fault.target.covers(link, direction)) { $0.delay += delay }
            case .partition where fault.target.parts(link): change((true, true)) { $0.loss = 1 }
            default: break
            }
        }
        return quality
    }

    /// The faults that a link has.
    func texts(of link: Link) -> [String] {
        active.filter { fault in
            switch fault.fault.kind {
            case .linkDown, .flap, .blackhole, .loss, .delay: fault.target.covers(link).aToB
            case .partition: fault.target.parts(link)
            default: false
            }
        }.map(\.fault.kind.text)
    }

    // MARK: Processes

    /// Whether a fault keeps a process of a node dead.
    func isKilled(_ node: Int, _ process: FaultTarget.Process) -> Bool {
        active.contains { fault in
            switch fault.fault.kind {
            case .processKill: fault.target.covers(process, of: node)
            case .dnsDead: process == .dns && fault.target.covers(process, of: node)
            default: false
            }
        }
    }

    /// Whether a fault keeps a process of a node stopped: of a node its speaker, and the responder where it is named.
    func isFrozen(_ node: Int, _ process: FaultTarget.Process) -> Bool {
        active.contains { fault in
            guard fault.fault.kind == .freeze else { return false }
            if case .nodes = fault.target, process != .bgp { return false }
            return fault.target.covers(process, of: node)
        }
    }

    // MARK: Routes

    /// Whether a fault keeps the node from originating.
    func isWithdrawn(_ node: Int) -> Bool {
        active.contains { $0.fault.kind == .withdraw && $0.target.covers(.bgp, of: node) }
    }

    /// What the faults make the speaker of a node do.
    func imposition(on node: Int) -> Imposition {
        var result = Imposition()
        for fault in active where fault.target.covers(.bgp, of: node) {
            switch fault.fault.kind {
            case .drain:
                result.isDraining = true
                if fault.isInSecondStage { result.isSilent = true }
            case .prepend(let count): result.prepend = min(255, result.prepend + Int(count))
            case .leak: result.isLeaking = true
            case .hijack(let prefixes): result.prefixes += prefixes.filter { !result.prefixes.contains($0) }
            default: break
            }
        }
        return result
    }
}

extension FaultTarget {
    fileprivate static let nothing = FaultTarget.nodes([])

    /// Finds a target again of which a part may be gone, or all.
    fileprivate init(whatIsLeftOf text: String, in topology: Topology) {
        let parts = text.split(separator: ",").compactMap { try? FaultTarget(String($0), in: topology) }
        self = parts.first ?? .nothing
        guard case .nodes(var all) = self else { return }
        for case .nodes(let nodes) in parts { all.formUnion(nodes) }
        self = .nodes(all)
    }
}

/// A request that cannot be met, said for people.
public struct RequestError: Error, Equatable, CustomStringConvertible {
    /// The reason.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
