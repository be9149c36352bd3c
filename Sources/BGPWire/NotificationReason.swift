/// Why a session ends: the error code and subcode of a NOTIFICATION (RFC 4271, section 4.5).
public struct NotificationReason: Hashable, Sendable {
    /// The error code.
    public var code: UInt8
    /// The error subcode; 0 where none is defined.
    public var subcode: UInt8

    /// Makes a reason of its numbers.
    public init(code: UInt8, subcode: UInt8) {
        self.code = code
        self.subcode = subcode
    }

    private init(_ code: UInt8, _ subcode: UInt8) {
        self.init(code: code, subcode: subcode)
    }
}

extension NotificationReason {
    /// Message Header Error, Connection Not Synchronized.
    public static var connectionNotSynchronized: Self { Self(1, 1) }
    /// Message Header Error, Bad Message Length.
    public static var badMessageLength: Self { Self(1, 2) }
    /// Message Header Error, Bad Message Type.
    public static var badMessageType: Self { Self(1, 3) }

    /// OPEN Message Error without a subcode: a recognized optional parameter is malformed.
    public static var openMessageError: Self { Self(2, 0) }
    /// OPEN Message Error, Unsupported Version Number.
    public static var unsupportedVersionNumber: Self { Self(2, 1) }
    /// OPEN Message Error, Bad Peer AS.
    public static var badPeerAS: Self { Self(2, 2) }
    /// OPEN Message Error, Bad BGP Identifier.
    public static var badBGPIdentifier: Self { Self(2, 3) }
    /// OPEN Message Error, Unsupported Optional Parameter.
    public static var unsupportedOptionalParameter: Self { Self(2, 4) }
    /// OPEN Message Error, Unacceptable Hold Time.
    public static var unacceptableHoldTime: Self { Self(2, 6) }
    /// OPEN Message Error, Unsupported Capability (RFC 5492).
    public static var unsupportedCapability: Self { Self(2, 7) }
    /// OPEN Message Error, Role Mismatch (RFC 9234).
    public static var roleMismatch: Self { Self(2, 11) }

    /// UPDATE Message Error, Malformed Attribute List.
    public static var malformedAttributeList: Self { Self(3, 1) }
    /// UPDATE Message Error, Unrecognized Well-known Attribute.
    public static var unrecognizedWellKnownAttribute: Self { Self(3, 2) }
    /// UPDATE Message Error, Missing Well-known Attribute.
    public static var missingWellKnownAttribute: Self { Self(3, 3) }
    /// UPDATE Message Error, Attribute Flags Error.
    public static var attributeFlagsError: Self { Self(3, 4) }
    /// UPDATE Message Error, Attribute Length Error.
    public static var attributeLengthError: Self { Self(3, 5) }
    /// UPDATE Message Error, Invalid ORIGIN Attribute.
    public static var invalidOriginAttribute: Self { Self(3, 6) }
    /// UPDATE Message Error, Invalid NEXT_HOP Attribute.
    public static var invalidNextHopAttribute: Self { Self(3, 8) }
    /// UPDATE Message Error, Optional Attribute Error.
    public static var optionalAttributeError: Self { Self(3, 9) }
    /// UPDATE Message Error, Invalid Network Field.
    public static var invalidNetworkField: Self { Self(3, 10) }
    /// UPDATE Message Error, Malformed AS_PATH.
    public static var malformedASPath: Self { Self(3, 11) }

    /// Hold Timer Expired.
    public static var holdTimerExpired: Self { Self(4, 0) }

    /// Finite State Machine Error.
    public static var finiteStateMachineError: Self { Self(5, 0) }
    /// Receive Unexpected Message in OpenSent State (RFC 6608).
    public static var unexpectedMessageInOpenSent: Self { Self(5, 1) }
    /// Receive Unexpected Message in OpenConfirm State (RFC 6608).
    public static var unexpectedMessageInOpenConfirm: Self { Self(5, 2) }
    /// Receive Unexpected Message in Established State (RFC 6608).
    public static var unexpectedMessageInEstablished: Self { Self(5, 3) }

    /// Cease without a subcode.
    public static var cease: Self { Self(6, 0) }
    /// Cease, Maximum Number of Prefixes Reached (RFC 4486).
    public static var maximumNumberOfPrefixesReached: Self { Self(6, 1) }
    /// Cease, Administrative Shutdown (RFC 4486, text: RFC 9003).
    public static var administrativeShutdown: Self { Self(6, 2) }
    /// Cease, Peer De-configured (RFC 4486).
    public static var peerDeconfigured: Self { Self(6, 3) }
    /// Cease, Administrative Reset (RFC 4486, text: RFC 9003).
    public static var administrativeReset: Self { Self(6, 4) }
    /// Cease, Connection Rejected (RFC 4486).
    public static var connectionRejected: Self { Self(6, 5) }
    /// Cease, Other Configuration Change (RFC 4486).
    public static var otherConfigurationChange: Self { Self(6, 6) }
    /// Cease, Connection Collision Resolution (RFC 4486).
    public static var connectionCollisionResolution: Self { Self(6, 7) }
    /// Cease, Out of Resources (RFC 4486).
    public static var outOfResources: Self { Self(6, 8) }
    /// Cease, Hard Reset (RFC 8538).
    public static var hardReset: Self { Self(6, 9) }
    /// Cease, BFD Down (RFC 9384).
    public static var bfdDown: Self { Self(6, 10) }

    /// ROUTE-REFRESH Message Error, Invalid Message Length (RFC 7313).
    public static var invalidRouteRefreshLength: Self { Self(7, 1) }

    /// Send Hold Timer Expired (RFC 9687).
    public static var sendHoldTimerExpired: Self { Self(8, 0) }

    /// Whether the code is Cease: an end without an error.
    public var isCease: Bool { code == 6 }
}

extension NotificationReason: CustomStringConvertible {
    /// The names of the code and the subcode as the IANA registry writes them, or their numbers.
    public var description: String {
        let code = codeName ?? "Error \(self.code)"
        if let name = subcodeName { return "\(code), \(name)" }
        return subcode == 0 ? code : "\(code), subcode \(subcode)"
    }

    private var codeName: String? {
        switch code {
        case 1: "Message Header Error"
        case 2: "OPEN Message Error"
        case 3: "UPDATE Message Error"
        case 4: "Hold Timer Expired"
        case 5: "Finite State Machine Error"
        case 6: "Cease"
        case 7: "ROUTE-REFRESH Message Error"
        case 8: "Send Hold Timer Expired"
        default: nil
        }
    }

    private var subcodeName: String? {
        switch self {
        case .connectionNotSynchronized: "Connection Not Synchronized"
        case .badMessageLength: "Bad Message Length"
        case .badMessageType: "Bad Message Type"
        case .unsupportedVersionNumber: "Unsupported Version Number"
        case .badPeerAS: "Bad Peer AS"
        case .badBGPIdentifier: "Bad BGP Identifier"
        case .unsupportedOptionalParameter: "Unsupported Optional Parameter"
        case .unacceptableHoldTime: "Unacceptable Hold Time"
        case .unsupportedCapability: "Unsupported Capability"
        case .roleMismatch: "Role Mismatch"
        case .malformedAttributeList: "Malformed Attribute List"
        case .unrecognizedWellKnownAttribute: "Unrecognized Well-known Attribute"
        case .missingWellKnownAttribute: "Missing Well-known Attribute"
        case .attributeFlagsError: "Attribute Flags Error"
        case .attributeLengthError: "Attribute Length Error"
        case .invalidOriginAttribute: "Invalid ORIGIN Attribute"
        case .invalidNextHopAttribute: "Invalid NEXT_HOP Attribute"
        case .optionalAttributeError: "Optional Attribute Error"
        case .invalidNetworkField: "Invalid Network Field"
        case .malformedASPath: "Malformed AS_PATH"
        case .unexpectedMessageInOpenSent: "Receive Unexpected Message in OpenSent State"
        case .unexpectedMessageInOpenConfirm: "Receive Unexpected Message in OpenConfirm State"
        case .unexpectedMessageInEstablished: "Receive Unexpected Message in Established State"
        case .maximumNumberOfPrefixesReached: "Maximum Number of Prefixes Reached"
        case .administrativeShutdown: "Administrative Shutdown"
        case .peerDeconfigured: "Peer De-configured"
        case .administrativeReset: "Administrative Reset"
        case .connectionRejected: "Connection Rejected"
        case .otherConfigurationChange: "Other Configuration Change"
        case .connectionCollisionResolution: "Connection Collision Resolution"
        case .outOfResources: "Out of Resources"
        case .hardReset: "Hard Reset"
        case .bfdDown: "BFD Down"
        case .invalidRouteRefreshLength: "Invalid Message Length"
        default: nil
        }
    }
}
