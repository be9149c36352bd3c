/// What the operator asks of a session.
public struct BFDTiming: Hashable, Sendable {
    /// How often to send, and how often packets can be received, in microseconds; not 0.
    public var interval: UInt32
    /// How many packets the neighbour must miss in a row before it says that this end is gone; not 0.
    public var multiplier: UInt8

    /// The least interval of a session that is not up (RFC 5880, section 6.8.3), in microseconds.
    static var slowInterval: UInt32 { 1_000_000 }

    /// Makes a timing.
    public init(interval: UInt32, multiplier: UInt8) {
        precondition(interval > 0 && multiplier > 0)
        self.interval = interval
        self.multiplier = multiplier
    }
}

/// What happens to a session.
public enum BFDEvent: Hashable, Sendable {
    /// Begin to send; again does nothing.
    case start
    /// A packet of this session that passed all checks, and how long ago it came, in nanoseconds: the Detection Time counts
    /// from then.
    case received(ControlPacket, age: UInt64 = 0)
    /// ``BFDSession/deadline`` has come.
    case timer
    /// Leave AdminDown (RFC 5880, section 6.8.16).
    case enable
    /// Enter AdminDown with this diagnostic (section 6.8.16).
    case disable(Diagnostic)
    /// Other intervals or another multiplier (sections 6.8.10 to 6.8.12); the state stays.
    case retime(BFDTiming)
}

/// What the owner of the socket has to do, in this order.
public enum BFDAction: Hashable, Sendable {
    /// Send a packet.
    case send(ControlPacket)
    /// The state has changed.
    case changed(BFDChange)
}

/// A change of state.
public struct BFDChange: Hashable, Sendable {
    /// The state before.
    public var from: BFDState
    /// The state now.
    public var to: BFDState
    /// Why.
    public var diagnostic: Diagnostic
    /// Whether the neighbour's operator has put the session down.
    public var isRemoteAdminDown: Bool

    /// Whether the path has failed: the session was up, and nobody has put it down on purpose (RFC 5882, sections 3.2
    /// and 4.2).
    public var isFailure: Bool { from == .up && to == .down && !isRemoteAdminDown }
}
