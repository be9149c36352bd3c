import CMnl

/// A queueing discipline of an interface (tc(8)): what happens to packets that leave by it.
public struct Qdisc: Equatable, Sendable {
    /// The interface.
    public var interface: UInt32
    /// What it hangs on.
    public var parent: Parent
    /// Its number, the 1 of `1:`; 0 lets the kernel choose. Whoever hangs a second one below chooses.
    public var handle: UInt16
    /// What it does.
    public var discipline: Discipline

    /// Makes a queueing discipline of its parts.
    public init(_ discipline: Discipline, on interface: UInt32, parent: Parent = .root, handle: UInt16 = 0) {
        self.interface = interface
        self.parent = parent
        self.handle = handle
        self.discipline = discipline
    }

    /// What a queueing discipline hangs on.
    public enum Parent: Hashable, Sendable {
        /// The interface itself.
        case root
        /// Another queueing discipline, by its handle: netem and tbf take one below (class 1).
        case below(UInt16)
        /// Something else, by its number.
        case other(UInt32)

        var number: UInt32 {
            switch self {
            case .root: UInt32.max
            case .below(let handle): UInt32(handle) << 16 | 1
            case .other(let number): number
            }
        }

        init(number: UInt32) {
            switch number {
            case .max: self = .root
            case let number where number & 0xFFFF == 1: self = .below(UInt16(number >> 16))
            default: self = .other(number)
            }
        }
    }

    /// The kinds of disciplines.
    public enum Discipline: Equatable, Sendable {
        /// Delay and its faults.
        case netem(Netem)
        /// A limit on the rate.
        case tokenBucket(TokenBucket)
        /// Another, by name: `noqueue`, `pfifo_fast`.
        case other(String)

        /// The name of tc(8).
        public var name: String {
            switch self {
            case .netem: "netem"
            case .tokenBucket: "tbf"
            case .other(let name): name
            }
        }
    }
}

/// Delay, and what goes wrong on a long way (tc-netem(8)).
public struct Netem: Equatable, Sendable {
    /// How long each packet waits, in nanoseconds.
    public var delay: Int64
    /// How much the delay varies, in nanoseconds.
    public var jitter: Int64
    /// How it varies.
    public var distribution: Distribution
    /// The share of packets that is lost, 0 to 1.
    public var loss: Double
    /// The share of packets that comes twice, 0 to 1.
    public var duplicate: Double
    /// The share of packets that is sent at once and so overtakes others, 0 to 1. Needs a delay.
    public var reorder: Double
    /// How many packets may wait: at least the rate times the delay, or netem drops what a fast sender sends.
    public var limit: UInt32
    /// The rate in bits a second; nil for no limit.
    public var rate: UInt64?

    /// How the delay varies. The tables are those of iproute2; dumps do not tell which was used, and one that was set
    /// stays until the discipline is deleted.
    public enum Distribution: String, Sendable {
        /// Evenly.
        case uniform
        /// By Gauss's curve, `jitter` being the standard deviation.
        case normal
        /// With a long tail.
        case pareto
        /// A quarter normal, three quarters Pareto.
        case paretonormal
    }

    /// Makes a delay of its parts.
    public init(
        delay: Int64, jitter: Int64 = 0, distribution: Distribution = .uniform, loss: Double = 0,
        duplicate: Double = 0, reorder: Double = 0, limit: UInt32 = 1000, rate: UInt64? = nil
    ) {
        self.delay = delay
        self.jitter = jitter
        self.distribution = distribution
        self.loss = loss
        self.duplicate = duplicate
        self.reorder = reorder
        self.limit = limit
        self.rate = rate
    }
}

/// A limit on the rate, with room for a burst (tc-tbf(8)).
public struct TokenBucket: Hashable, Sendable {
    /// Bits a second, rounded down to bytes.
    public var rate: UInt64
    /// How many bytes may go at once: at least the rate divided by the kernel's timer frequency, and one packet. Dumps
    /// tell it to the 64 ns of a tick at the rate.
    public var burst: UInt32
    /// How many bytes may wait.
    public var limit: UInt32

    /// Makes a limit of its parts.
    public init(rate: UInt64, burst: UInt32, limit: UInt32) {
        self.rate = rate
        self.burst = burst
        self.limit = limit
    }
}
