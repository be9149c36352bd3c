/// What a speaker is on an external session (RFC 9234, section 4): the value of the BGP Role capability. Values that nobody
/// has assigned can be read; they correspond to no role.
public struct Role: RawRepresentable, Hashable, Sendable {
    /// The value on the wire.
    public let rawValue: UInt8

    /// Makes a role of its value.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The sender sells transit to the receiver.
    public static var provider: Self { Self(rawValue: 0) }
    /// The sender is a route server, the receiver one of its clients.
    public static var routeServer: Self { Self(rawValue: 1) }
    /// The sender is a client of the receiver's route server.
    public static var routeServerClient: Self { Self(rawValue: 2) }
    /// The sender buys transit from the receiver.
    public static var customer: Self { Self(rawValue: 3) }
    /// Lateral peers.
    public static var peer: Self { Self(rawValue: 4) }

    /// The role that the other side must have (RFC 9234, section 4.2, table 2); nil for an unassigned one.
    public var counterpart: Role? {
        switch self {
        case .provider: .customer
        case .customer: .provider
        case .routeServer: .routeServerClient
        case .routeServerClient: .routeServer
        case .peer: .peer
        default: nil
        }
    }
}
