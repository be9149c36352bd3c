import Sys

/// When a daemon that does not say so is believed to be at rest.
///
/// It is, when
/// - for a stated time nothing that can be seen has changed: the state and counters of its sessions, the routes of the kernel;
/// - since the last change each of its BGP connections was seen with everything acknowledged by the other end's kernel, at a
///   moment when the daemon slept and so had nothing more to send;
/// - it sleeps now, and has read all that has arrived.
///
/// With every router of the lab in that state at once, no UPDATE is on a link, in a queue of a kernel, or half worked off.
/// What this does not prove: that no daemon keeps something for later and sleeps meanwhile, like an announcement that
/// waits for a timer. The stated time is chosen so that the timers that are known would have come out
/// (``AdapterConfiguration/quiet``).
struct Settling {
    /// How long nothing may change.
    let quiet: Nanoseconds
    private var lastChange: Nanoseconds
    private var drained: Set<String> = []
    private var connections: [String] = []
    private var isBusy = true

    init(quiet: Nanoseconds, now: Nanoseconds) {
        self.quiet = quiet
        lastChange = now
    }

    /// Takes a look into account: at queues and threads first, and then at what the daemon says. `isAwake` says whether the daemon had something to do.
    mutating func observe(hasChanged: Bool, _ queues: [TCPQueue], isAwake: Bool, now: Nanoseconds) {
        if hasChanged {
            lastChange = now
            drained = []
        }
        connections = queues.map(\.connection)
        isBusy = isAwake || queues.contains { $0.unread > 0 }
        // The queues were read before the daemon was asked: what it had not done by then may have come since.
        guard !isAwake, !hasChanged else { return }
        for queue in queues where queue.unacknowledged == 0 { drained.insert(queue.connection) }
    }

    /// Whether the daemon is believed to be at rest.
    func isSettled(now: Nanoseconds) -> Bool {
        !isBusy && now - lastChange >= quiet && connections.allSatisfy(drained.contains)
    }
}
