import Sys

/// Sends the probes of many flows at once, and waits for what comes back: one epoll, one deadline.
final class ProbeRun {
    /// After this long, probes that were not answered are sent once more, and so on.
    private static let retransmission: Nanoseconds = 1_000_000_000
    /// So many flows are begun before answers are taken in again: thousands at once would overflow the queues on the way.
    private static let flowsAtOnce = 16

    private let loop: EventLoop
    private let flows: [ProbeFlow]
    private var open: Set<Int32>
    private var timers: [Int32: Timer] = [:]

    /// Returns when every flow is complete, or after `timeout` nanoseconds.
    static func run(_ flows: [ProbeFlow], timeout: Nanoseconds) throws(SystemError) {
        guard !flows.isEmpty else { return }
        let run = try ProbeRun(flows)
        defer { run.end() }
        try run.start(timeout)
    }

    private init(_ flows: [ProbeFlow]) throws(SystemError) {
        loop = try EventLoop()
        self.flows = flows
        open = Set(flows.map(\.descriptor))
    }

    private func start(_ timeout: Nanoseconds) throws(SystemError) {
        for flow in flows {
            try loop.add(flow.descriptor, .read) { _ in
                flow.receive()
                self.closeIfDone(flow)
            }
        }
        let deadline = loop.schedule(after: timeout) { self.loop.stop() }
        defer { deadline.cancel() }
        begin(flows[...])
        try loop.run()
    }

    private func begin(_ rest: ArraySlice<ProbeFlow>) {
        for flow in rest.prefix(Self.flowsAtOnce) { send(flow) }
        let rest = rest.dropFirst(Self.flowsAtOnce)
        guard let next = rest.first else { return }
        timers[next.descriptor] = loop.schedule(after: 0) { self.begin(rest) }
    }

    private func send(_ flow: ProbeFlow) {
        flow.send()
        timers[flow.descriptor] = loop.schedule(after: Self.retransmission) { self.send(flow) }
        closeIfDone(flow)
    }

    private func closeIfDone(_ flow: ProbeFlow) {
        guard flow.isComplete || flow.report.failure != nil else { return }
        loop.remove(flow.descriptor)
        timers[flow.descriptor]?.cancel()
        open.remove(flow.descriptor)
        if open.isEmpty { loop.stop() }
    }

    /// Lets go of everything that refers back to this run.
    private func end() {
        for flow in flows { loop.remove(flow.descriptor) }
        for timer in timers.values { timer.cancel() }
    }
}
