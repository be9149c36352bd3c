/// The state of a session (RFC 5880, section 4.1, field Sta).
public enum BFDState: UInt8, Hashable, Sendable, Comparable, CaseIterable {
    /// Held down by an operator; says nothing about the path.
    case adminDown = 0
    /// The path does not work, or the session has just begun.
    case down = 1
    /// The neighbour is heard, but does not know it yet.
    case initializing = 2
    /// Both hear each other.
    case up = 3

    /// The state of two bits; higher bits do not count.
    init(_ bits: UInt8) {
        switch bits & 3 {
        case 0: self = .adminDown
        case 1: self = .down
        case 2: self = .initializing
        default: self = .up
        }
    }

    /// Orders the states by number.
    public static func < (left: BFDState, right: BFDState) -> Bool { left.rawValue < right.rawValue }
}

extension BFDState: CustomStringConvertible {
    /// The name in RFC 5880.
    public var description: String {
        switch self {
        case .adminDown: "AdminDown"
        case .down: "Down"
        case .initializing: "Init"
        case .up: "Up"
        }
    }
}

/// Why a session's state changed last (RFC 5880, section 4.1, field Diag).
public struct Diagnostic: Hashable, Sendable {
    /// 0 to 31.
    public let rawValue: UInt8

    /// The diagnostic of a number; bits above the lowest five do not count.
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x1F }

    /// No diagnostic.
    public static var none: Self { Self(rawValue: 0) }
    /// Nothing was received for the Detection Time.
    public static var controlDetectionTimeExpired: Self { Self(rawValue: 1) }
    /// Echo packets did not come back.
    public static var echoFunctionFailed: Self { Self(rawValue: 2) }
    /// The neighbour says that the session is down.
    public static var neighborSignaledSessionDown: Self { Self(rawValue: 3) }
    /// The forwarding plane was reset.
    public static var forwardingPlaneReset: Self { Self(rawValue: 4) }
    /// Something outside of BFD says that the path is down.
    public static var pathDown: Self { Self(rawValue: 5) }
    /// A path that continues this one is down.
    public static var concatenatedPathDown: Self { Self(rawValue: 6) }
    /// An operator has put the session down.
    public static var administrativelyDown: Self { Self(rawValue: 7) }
    /// A path that continues this one is down in the other direction.
    public static var reverseConcatenatedPathDown: Self { Self(rawValue: 8) }
}

extension Diagnostic: CustomStringConvertible {
    /// The name in RFC 5880, section 8; the number when it has none.
    public var description: String {
        switch rawValue {
        case 0: "No Diagnostic"
        case 1: "Control Detection Time Expired"
        case 2: "Echo Function Failed"
        case 3: "Neighbor Signaled Session Down"
        case 4: "Forwarding Plane Reset"
        case 5: "Path Down"
        case 6: "Concatenated Path Down"
        case 7: "Administratively Down"
        case 8: "Reverse Concatenated Path Down"
        default: "\(rawValue)"
        }
    }
}
