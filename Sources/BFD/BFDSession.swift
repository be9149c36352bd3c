/// A BFD session in asynchronous mode (RFC 5880, section 6.8), one end of it.
///
/// It is a value that turns events into actions and owns no socket, clock or thread: whoever does calls
/// ``handle(_:now:)``, carries out the actions in their order, and comes back with ``BFDEvent/timer`` at ``deadline``. Finding
/// the session of a packet (section 6.3) and the checks that need none (``ControlPacket/init(decoding:)``) come before.
///
/// Where it chooses among what the RFC allows:
/// - It takes the Active role (section 6.1): it sends before it has heard anything.
/// - No authentication, no Echo function, and it does not ask for Demand mode. It obeys a neighbour that does.
/// - A change of state is sent at once (section 6.8.7), and the diagnostic is cleared when the session comes up.
/// - In AdminDown it goes on sending, so that the neighbour knows (section 6.8.16).
public struct BFDSession: Sendable {
    /// bfd.LocalDiscr: this end's number of the session; not 0.
    public let localDiscriminator: UInt32
    /// bfd.SessionState.
    public internal(set) var state = BFDState.down
    /// bfd.LocalDiag.
    public internal(set) var diagnostic = Diagnostic.none
    /// bfd.RemoteSessionState.
    public internal(set) var remoteState = BFDState.down
    /// bfd.RemoteDiscr; 0 until it is known.
    public internal(set) var remoteDiscriminator: UInt32 = 0
    /// The neighbour's C bit: its BFD outlives its control plane (RFC 5882, section 4.3).
    public internal(set) var isRemoteControlPlaneIndependent = false

    /// What the operator asked for.
    var timing: BFDTiming
    /// A change of ``timing`` that waits for the end of a Poll Sequence.
    var waitingTiming: BFDTiming?
    var poll = Poll.idle
    /// bfd.DesiredMinTxInterval as sent, and as used: an increase waits for the end of its Poll Sequence.
    var desiredMinTx = Changing(BFDTiming.slowInterval)
    /// bfd.RequiredMinRxInterval, the same: a reduction waits.
    var requiredMinRx: Changing
    /// bfd.RemoteMinRxInterval, in microseconds.
    var remoteMinRx: UInt32 = 1
    /// The last received Desired Min TX Interval, in microseconds.
    var remoteDesiredMinTx: UInt32 = 0
    /// The last received Detect Mult.
    var remoteMultiplier: UInt8 = 0
    /// bfd.RemoteDemandMode.
    var isRemoteDemand = false

    var lastReceived: UInt64?
    var lastSent: UInt64?
    /// When the next periodic packet is due; nil when none is to be sent.
    public internal(set) var transmitDeadline: UInt64?
    /// The interval that ``transmitDeadline`` was made of, in microseconds.
    var transmitInterval: UInt32?
    var randomState: UInt64
    var actions: [BFDAction] = []

    /// A value in microseconds that the neighbour must hear of before it is used.
    struct Changing: Hashable, Sendable {
        var sent: UInt32
        var used: UInt32

        init(_ value: UInt32) {
            sent = value
            used = value
        }
    }

    /// A Poll Sequence (RFC 5880, section 6.5).
    enum Poll: Hashable, Sendable {
        case idle
        /// Packets carry P, until F comes.
        case polling
        /// F has come. Another sequence may begin after a packet without F, which cannot be the answer to the last one
        /// (section 6.8.3, third choice).
        case settling
    }

    /// Makes a session in Down, which sends its first packet at ``BFDEvent/start``. `localDiscriminator` must not be 0 nor
    /// that of another session here; `seed` decides the jitter, and sessions should not share one.
    public init(localDiscriminator: UInt32, timing: BFDTiming, seed: UInt64) {
        precondition(localDiscriminator != 0)
        self.localDiscriminator = localDiscriminator
        self.timing = timing
        requiredMinRx = Changing(timing.interval)
        desiredMinTx = Changing(max(timing.interval, BFDTiming.slowInterval))
        randomState = seed
    }

    /// When to come back with ``BFDEvent/timer``; nil when nothing is waited for.
    public var deadline: UInt64? {
        switch (transmitDeadline, detectionDeadline) {
        case (let transmit?, let detection?): min(transmit, detection)
        case (let transmit, let detection): transmit ?? detection
        }
    }

    /// Takes one event. `now` is in nanoseconds of a clock that never goes back. `companion` is when another session of the
    /// same owner sends: if the jitter allows it, the next periodic packet goes with it, so that one awakening serves both.
    public mutating func handle(_ event: BFDEvent, now: UInt64, companion: UInt64? = nil) -> [BFDAction] {
        switch event {
        case .received(let packet, let age): receive(packet, now, age)
        case .timer:
            if let deadline = detectionDeadline, deadline <= now { expire(now) }
            if let deadline = transmitDeadline, deadline <= now { transmit(now) }
        case .start: if transmitInterval == nil { transmit(now) }
        case .enable: if state == .adminDown { change(to: .down, .none, now) }
        case .disable(let reason): if state != .adminDown { change(to: .adminDown, reason, now) }
        case .retime(let timing): retime(timing, now)
        }
        schedule(now, companion)
        defer { actions = [] }
        return actions
    }
}

// MARK: - Reception (RFC 5880, section 6.8.6)

extension BFDSession {
    private mutating func receive(_ packet: ControlPacket, _ now: UInt64, _ age: UInt64) {
        remoteDiscriminator = packet.myDiscriminator
        remoteState = packet.state
        isRemoteControlPlaneIndependent = packet.isControlPlaneIndependent
        isRemoteDemand = packet.isDemand
        remoteMinRx = packet.requiredMinRxInterval
        remoteDesiredMinTx = packet.desiredMinTxInterval
        remoteMultiplier = packet.detectMultiplier
        pollAnswered(packet.isFinal, now)
        guard state != .adminDown else { return }
        // Before the actions, which may look at the Detection Time.
        lastReceived = max(lastReceived ?? 0, now - min(age, now))
        let before = actions.count
        advance(now, answering: packet.isPoll)
        // A change of state has been sent as the answer.
        if packet.isPoll, actions.count == before { send(isFinal: true, now) }
    }

    private mutating func advance(_ now: UInt64, answering isPoll: Bool) {
        switch (state, remoteState) {
        case (.initializing, .adminDown), (.up, .adminDown), (.up, .down):
            change(to: .down, .neighborSignaledSessionDown, now, answering: isPoll)
        case (.down, .down): change(to: .initializing, diagnostic, now, answering: isPoll)
        case (.down, .initializing), (.initializing, .initializing), (.initializing, .up):
            change(to: .up, .none, now, answering: isPoll)
        default: break
        }
    }

    /// The Detection Time has passed (sections 6.8.4, and 6.8.1 for what is forgotten).
    private mutating func expire(_ now: UInt64) {
        lastReceived = nil
        remoteDiscriminator = 0
        remoteState = .down
        remoteMinRx = 1
        remoteDesiredMinTx = 0
        isRemoteDemand = false
        if state >= .initializing { change(to: .down, .controlDetectionTimeExpired, now) }
    }

    private mutating func change(
        to new: BFDState, _ reason: Diagnostic, _ now: UInt64, answering isPoll: Bool = false
    ) {
        let old = state
        state = new
        diagnostic = reason
        applyTiming()
        send(isFinal: isPoll, now)
        actions.append(
            .changed(BFDChange(from: old, to: new, diagnostic: reason, isRemoteAdminDown: remoteState == .adminDown)))
    }
}
