import Sys

/// What one direction of a link does to the frames that pass it. The words mean what they mean to `tc netem`.
struct Impairment: Equatable, Sendable {
    /// How long a frame is under way.
    var delay: Nanoseconds = 0
    /// The delay of each frame is drawn evenly from `delay` - `jitter` to `delay` + `jitter`, never below 0. Frames overtake
    /// each other then, unless there is a `rate`.
    var jitter: Nanoseconds = 0
    /// The share of frames that are lost, 0 to 1.
    var loss = 0.0
    /// The share of frames that arrive twice, 0 to 1.
    var duplicate = 0.0
    /// The share of frames that are sent at once, ahead of those that wait, 0 to 1.
    var reorder = 0.0
    /// Bits per second, Ethernet header included; 0 for no limit.
    var rate = 0
    /// How many frames may be under way; 0 leaves it to memory and, with a rate, to ``Shaper/patience``.
    var limit = 0
}

/// A small generator of even quality (Steele, Lea, Flood: SplitMix64). The system's costs a system call per number.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A probability in the form that costs least to try.
private struct Chance {
    /// In units of 2^-32, so that 1 is certain.
    private let threshold: UInt64

    init(_ share: Double) { threshold = UInt64(max(0, min(1, share)) * 4_294_967_296) }

    @inline(__always)
    func happens(_ random: inout SplitMix64) -> Bool { threshold != 0 && random.next() >> 32 < threshold }
}

/// Decides when a frame leaves a direction of a link, and whether it does: arithmetic only, it never sees the frame.
struct Shaper {
    let impairment: Impairment
    private let loss: Chance
    private let duplicate: Chance
    private let reorder: Chance
    /// With a rate, how long the line may be busy before a frame is dropped instead of queued.
    let patience: Nanoseconds
    /// When the line has sent everything given to it so far.
    private var lineFree: Nanoseconds = 0
    private var lastArrival: Nanoseconds = 0

    /// What becomes of a frame.
    enum Verdict: Equatable {
        /// It arrives, at this time.
        case arrives(Nanoseconds)
        /// It is lost on the way.
        case lost
        /// The queue is full.
        case overLimit
    }

    init(_ impairment: Impairment) {
        self.impairment = impairment
        loss = Chance(impairment.loss)
        duplicate = Chance(impairment.duplicate)
        reorder = Chance(impairment.reorder)
        // As much as a router's interface holds: 50 ms, and at least two of the largest frames, which leave the sender's
        // kernel in one piece.
        patience =
            impairment.rate == 0 ? 0 : max(50_000_000, Self.serialisation(of: 2 * 65536, at: impairment.rate))
    }

    /// Takes over the line as another shaper leaves it, so that a change of rate does not let frames overtake.
    init(_ impairment: Impairment, after previous: Shaper) {
        self.init(impairment)
        lineFree = previous.lineFree
        lastArrival = previous.lastArrival
    }

    /// Whether the next frame is to be sent twice; each copy then has its own verdict.
    mutating func duplicates(_ random: inout SplitMix64) -> Bool { duplicate.happens(&random) }

    /// The verdict on a frame of `bytes` that came at `now` and finds `waiting` frames under way.
    mutating func admit(now: Nanoseconds, bytes: Int, waiting: Int, _ random: inout SplitMix64) -> Verdict {
        if loss.happens(&random) { return .lost }
        if impairment.limit > 0, waiting >= impairment.limit { return .overLimit }
        if reorder.happens(&random) { return .arrives(now) }
        let delay = impairment.jitter == 0 ? impairment.delay : jittered(&random)
        if impairment.rate == 0 { return .arrives(now &+ delay) }

        if lineFree &- now > patience { return .overLimit }
        lineFree = max(lineFree, now) &+ Self.serialisation(of: bytes, at: impairment.rate)
        lastArrival = max(lastArrival, lineFree &+ delay)
        return .arrives(lastArrival)
    }

    private func jittered(_ random: inout SplitMix64) -> Nanoseconds {
        let jitter = impairment.jitter
        let width = UInt64(bitPattern: 2 &* jitter &+ 1)
        let offset = Nanoseconds(bitPattern: random.next().multipliedFullWidth(by: width).high) &- jitter
        return max(0, impairment.delay &+ offset)
    }

    private static func serialisation(of bytes: Int, at rate: Int) -> Nanoseconds {
        // Rounded up: a frame is never early. 2^24 bytes at 1 bit/s still fit 64 bits.
        Nanoseconds((bytes &* 8_000_000_000 &+ rate &- 1) / rate)
    }
}
