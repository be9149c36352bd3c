public import Net

/// A fault: what fails, and how.
public struct Fault: Hashable, Sendable {
    /// What fails, as it was said (``FaultTarget``).
    public var target: String
    /// How.
    public var kind: FaultKind

    /// Makes a fault.
    public init(_ target: String, _ kind: FaultKind) {
        self.target = target
        self.kind = kind
    }
}

/// The kinds of faults, as they are called.
public enum FaultName: String, Hashable, Sendable, CaseIterable {
    case linkDown = "link-down"
    case flap, blackhole, loss, delay, partition
    case processKill = "process-kill"
    case freeze
    case dnsDead = "dns-dead"
    case withdraw, drain, prepend, leak, hijack
}

/// Which packets a fault of a link is about, seen from its target.
public enum FaultDirection: String, Hashable, Sendable, CaseIterable {
    /// Those of both directions.
    case both
    /// Those that the target sends; of `A--B`, those that A sends to B.
    case out
    /// Those that come to the target.
    case `in`
}

/// What a fault does. In words, as the command line, the supervisor and a lab file have it: the name, and what it takes.
///
///     link-down                  loss 5% [in|out]        process-kill        prepend 2
///     flap 2s 5                  delay +40ms [in|out]    freeze              leak
///     blackhole [in|out]         partition               dns-dead            hijack [PREFIX...]
///                                                        withdraw
///                                                        drain [10s]
public enum FaultKind: Hashable, Sendable {
    /// Links lose their carrier: both ends see it at once.
    case linkDown
    /// Links lose their carrier and get it back after half of the period (nanoseconds), so many times.
    case flap(period: Int64, count: Int)
    /// Links keep their carrier, and packets vanish.
    case blackhole(FaultDirection)
    /// A share of the packets, 1e-11 to 1, is lost, besides what the link loses anyway.
    case loss(Double, FaultDirection)
    /// Packets are so many nanoseconds longer under way.
    case delay(Int64, FaultDirection)
    /// What passes between some nodes and all others vanishes.
    case partition
    /// Processes are killed as by `kill -9`, and stay dead.
    case processKill
    /// Processes are stopped as by `kill -STOP`: their sockets stay, and nobody is told.
    case freeze
    /// The responder is dead; BGP goes on announcing it.
    case dnsDead
    /// Nothing is originated any more; sessions and responder stay up.
    case withdraw
    /// Routes get GRACEFUL_SHUTDOWN; when routing has come to rest, or after so many nanoseconds, nothing is announced to other
    /// ASes any more (RFC 8326).
    case drain(limit: Int64)
    /// The own AS number is put so many more times in front of what is announced to other ASes.
    case prepend(UInt8)
    /// What providers and peers announced is announced to other providers and peers, without OTC (RFC 7908, type 1 to 4).
    case leak
    /// These prefixes of others are originated; without any, those of the lab's only service.
    case hijack([IPPrefix])

    /// What the kind is called.
    public var name: FaultName {
        switch self {
        case .linkDown: .linkDown
        case .flap: .flap
        case .blackhole: .blackhole
        case .loss: .loss
        case .delay: .delay
        case .partition: .partition
        case .processKill: .processKill
        case .freeze: .freeze
        case .dnsDead: .dnsDead
        case .withdraw: .withdraw
        case .drain: .drain
        case .prepend: .prepend
        case .leak: .leak
        case .hijack: .hijack
        }
    }

    /// Which packets the fault is about; both where that makes no difference.
    public var direction: FaultDirection {
        switch self {
        case .blackhole(let direction), .loss(_, let direction), .delay(_, let direction): direction
        case .linkDown, .flap, .partition, .processKill, .freeze, .dnsDead, .withdraw, .drain, .prepend, .leak, .hijack:
            .both
        }
    }

    /// The fault in words, which ``init(_:)`` reads.
    public var text: String {
        func words(_ parameter: String?, _ direction: FaultDirection = .both) -> String {
            ([name.rawValue, parameter] + [direction == .both ? nil : direction.rawValue]).compactMap(\.self)
                .joined(separator: " ")
        }
        return switch self {
        case .flap(let period, let count): words("\(Self.duration(period)) \(count)")
        case .blackhole(let direction): words(nil, direction)
        case .loss(let share, let direction): words(LinkQuality.percent(share), direction)
        case .delay(let delay, let direction): words("+" + Self.duration(delay), direction)
        case .drain(let limit): words(Self.duration(limit))
        case .prepend(let count): words(String(count))
        case .hijack(let prefixes):
            words(prefixes.isEmpty ? nil : prefixes.map(\.description).joined(separator: " "))
        case .linkDown, .partition, .processKill, .freeze, .dnsDead, .withdraw, .leak: name.rawValue
        }
    }

    /// A duration to the nanosecond.
    private static func duration(_ nanoseconds: Int64) -> String {
        nanoseconds > 0 && nanoseconds % 1_000_000_000 == 0
            ? "\(nanoseconds / 1_000_000_000)s" : DecimalText.text(nanoseconds, decimals: 6) + "ms"
    }
}

/// Why a fault makes no sense, for people.
public struct FaultError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
