import Sys

/// When a daemon that does not say so is believed to be at rest.
///
/// It is, when for a stated time nothing that can be seen has changed (the state and counters of its sessions, the routes
/// of the kernel), and when since the last change each of its BGP connections was seen with nothing in the kernel's queues:
/// all that it had sent was acknowledged, and it had read all that had arrived.
///
/// With every router of the lab in that state at once, no UPDATE is on a link or in a queue of a kernel. What this does not
/// prove: that the daemon keeps nothing for later inside, like an announcement that waits for a timer. The stated time is
/// chosen so that it would have come out (``AdapterConfiguration/quiet``), and a machine so busy that a daemon does not run
/// for all of that time could still deceive.
struct Settling {
    /// How long nothing may change.
    let quiet: Nanoseconds
    private var lastChange: Nanoseconds
    private var drained: Set<String> = []
    private var connections: [String] = []

    init(quiet: Nanoseconds, now: Nanoseconds) {
        self.quiet = quiet
        lastChange = now
    }

    /// Takes a look into account.
    mutating func observe(hasChanged: Bool, _ queues: [TCPQueue], now: Nanoseconds) {
        if hasChanged {
            lastChange = now
            drained = []
        }
        connections = queues.map(\.connection)
        for queue in queues where queue.isEmpty { drained.insert(queue.connection) }
    }

    /// Whether the daemon is believed to be at rest.
    func isSettled(now: Nanoseconds) -> Bool {
        now - lastChange >= quiet && connections.allSatisfy(drained.contains)
    }
}
