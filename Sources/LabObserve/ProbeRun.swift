import Sys

/// Sends the probes of many flows at once, and waits for what comes back: one epoll, one deadline.
final class ProbeRun {
    /// After this long, probes that were not answered are sent once more, and so on.
    private static let retransmission: Nanoseconds = 1_000_000_000
    /// So many flows are begun before answers are taken in again: thousands at once would overflow the queues on the way.
    private static let flowsAtOnce = 16

    private let loop: EventLoop
    private let flows: [Flow]
    private var open: Int
    private var failure: SystemError?

    private final class Flow {
        let probes: any Probing
        var timer: Timer?
        var watched: [Int32: Readiness] = [:]
        var isOpen = true
        init(_ probes: any Probing) { self.probes = probes }
    }

    /// Returns when every flow is complete, or after `timeout` nanoseconds.
    static func run(_ flows: [any Probing], timeout: Nanoseconds) throws(SystemError) {
        guard !flows.isEmpty else { return }
        let run = try ProbeRun(flows)
        defer { run.end() }
        try run.start(timeout)
    }

    private init(_ flows: [any Probing]) throws(SystemError) {
        loop = try EventLoop()
        self.flows = flows.map { Flow($0) }
        open = flows.count
    }

    private func start(_ timeout: Nanoseconds) throws(SystemError) {
        let deadline = loop.schedule(after: timeout) { self.loop.stop() }
        defer { deadline.cancel() }
        begin(flows[...])
        try loop.run()
        if let failure { throw failure }
    }

    private func begin(_ rest: ArraySlice<Flow>) {
        for flow in rest.prefix(Self.flowsAtOnce) { send(flow) }
        let rest = rest.dropFirst(Self.flowsAtOnce)
        guard let next = rest.first else { return }
        next.timer = loop.schedule(after: 0) { self.begin(rest) }
    }

    private func send(_ flow: Flow) {
        flow.probes.send()
        flow.timer = loop.schedule(after: Self.retransmission) { self.send(flow) }
        look(at: flow)
    }

    /// Watches what a flow waits for now; nothing when it is complete.
    private func look(at flow: Flow) {
        guard flow.isOpen else { return }
        guard !flow.probes.isComplete, flow.probes.report.failure == nil else { return close(flow) }
        var watched: [Int32: Readiness] = [:]
        for (descriptor, interest) in flow.probes.watched { watched[descriptor] = interest }
        guard watched != flow.watched else { return }
        do throws(SystemError) {
            try follow(watched, flow)
        } catch {
            failure = error
            loop.stop()
        }
    }

    private func follow(_ watched: [Int32: Readiness], _ flow: Flow) throws(SystemError) {
        for descriptor in flow.watched.keys where watched[descriptor] == nil { loop.remove(descriptor) }
        for (descriptor, interest) in watched where flow.watched[descriptor] != interest {
            if flow.watched[descriptor] != nil {
                try loop.modify(descriptor, interest)
                continue
            }
            try loop.add(descriptor, interest) { [self] _ in
                flow.probes.receive(from: descriptor)
                look(at: flow)
            }
        }
        flow.watched = watched
    }

    private func close(_ flow: Flow) {
        flow.isOpen = false
        letGo(flow)
        open -= 1
        if open == 0 { loop.stop() }
    }

    private func letGo(_ flow: Flow) {
        for descriptor in flow.watched.keys { loop.remove(descriptor) }
        flow.watched = [:]
        flow.timer?.cancel()
    }

    /// Lets go of everything that refers back to this run.
    private func end() {
        for flow in flows { letGo(flow) }
    }
}
