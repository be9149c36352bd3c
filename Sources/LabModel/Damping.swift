/// How a network's routers damp the routes of other networks that flap (RFC 2439). Times are in milliseconds.
public struct Damping: Hashable, Sendable, Codable {
    /// The time in which the count of a route halves: 100 ms to 6 hours.
    public var halfLife: UInt32 = 900_000
    /// The count from which on a route that is announced is not used.
    public var suppress: UInt32 = 6000
    /// The count below which it is used again.
    public var reuse: UInt32 = 750
    /// The longest time without another flap that it is not used: 100 ms to a day.
    public var maximumSuppressTime: UInt32 = 3_600_000

    /// The values that RFC 7196, sections 3 and 6, recommends.
    public init() {}
}
