/// The timers of BGP sessions, in milliseconds (RFC 4271, section 10).
public struct Timers: Hashable, Sendable, Codable {
    /// HoldTime: 0, or 3000 and more in whole seconds, for it travels in seconds.
    public var hold: UInt32
    /// ConnectRetryTime.
    public var connectRetry: UInt32
    /// MinRouteAdvertisementIntervalTimer towards other ASes.
    public var advertisementExternal: UInt32
    /// MinRouteAdvertisementIntervalTimer inside the AS.
    public var advertisementInternal: UInt32
    /// How BFD watches the links to other networks; nil for not at all.
    public var bfd: BFDTimers?

    /// Makes timers of their values, without BFD.
    public init(hold: UInt32, connectRetry: UInt32, advertisementExternal: UInt32, advertisementInternal: UInt32) {
        self.hold = hold
        self.connectRetry = connectRetry
        self.advertisementExternal = advertisementExternal
        self.advertisementInternal = advertisementInternal
    }

    /// For classes and tests: nothing waits that does not have to.
    public static let fast = Timers(
        hold: 9000, connectRetry: 250, advertisementExternal: 0, advertisementInternal: 0)

    /// As routers come out of the box (RFC 4271, section 10 suggests the advertisement intervals).
    public static let internet = Timers(
        hold: 90000, connectRetry: 120_000, advertisementExternal: 30000, advertisementInternal: 5000)

    /// These timers with some of them replaced.
    public func applying(_ overrides: TimerOverrides) -> Timers {
        var result = Timers(
            hold: overrides.hold ?? hold, connectRetry: overrides.connectRetry ?? connectRetry,
            advertisementExternal: overrides.advertisementExternal ?? advertisementExternal,
            advertisementInternal: overrides.advertisementInternal ?? advertisementInternal)
        result.bfd = overrides.isWithoutBFD ? nil : overrides.bfd ?? bfd
        return result
    }
}

/// How often BFD's packets come, and how many may be missed (RFC 5880, section 6.8.4).
public struct BFDTimers: Hashable, Sendable, Codable {
    /// Milliseconds between packets: 10 to 60,000.
    public var interval: UInt32
    /// How many intervals without a packet mean that the path has failed: 1 to 255.
    public var multiplier: UInt8

    /// Makes timers of their values.
    public init(interval: UInt32, multiplier: UInt8) {
        self.interval = interval
        self.multiplier = multiplier
    }
}

/// Single timers that a network or a link says for itself, in milliseconds.
public struct TimerOverrides: Hashable, Sendable, Codable {
    /// HoldTime.
    public var hold: UInt32?
    /// ConnectRetryTime.
    public var connectRetry: UInt32?
    /// MinRouteAdvertisementIntervalTimer towards other ASes.
    public var advertisementExternal: UInt32?
    /// MinRouteAdvertisementIntervalTimer inside the AS.
    public var advertisementInternal: UInt32?
    /// How BFD watches.
    public var bfd: BFDTimers?
    /// Whether BFD does not watch, whatever is said more widely.
    public var isWithoutBFD = false

    /// Makes overrides that replace nothing.
    public init() {}

    /// Whether nothing is replaced.
    public var isEmpty: Bool { self == TimerOverrides() }
}

/// How a speaker's own restart is graceful (RFC 4724), in milliseconds.
public struct GracefulRestartTimers: Hashable, Sendable, Codable {
    /// Restart Time: how long neighbours keep its routes. 1,000 to 4,095,000, in whole seconds.
    public var restart: UInt32
    /// Selection_Deferral_Timer: how long it waits for their tables.
    public var deferral: UInt32

    /// Makes timers of their values.
    public init(restart: UInt32, deferral: UInt32) {
        self.restart = restart
        self.deferral = deferral
    }
}
