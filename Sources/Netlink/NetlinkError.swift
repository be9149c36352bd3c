import Glibc

/// A request that the kernel refused, or a socket that failed: what was to be done, to which object, and why not.
public struct NetlinkError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The error number, as in errno(3).
    public let code: Int32
    /// What was asked for, in words: `add route 192.0.2.0/24 via 10.0.0.1 in hello.isp-uk`.
    public let request: String
    /// What the kernel says beyond the number (NLMSGERR_ATTR_MSG of the extended acknowledgement). Often empty.
    public let explanation: String

    /// Makes an error of its parts.
    public init(code: Int32, request: String, explanation: String = "") {
        self.code = code
        self.request = request
        self.explanation = explanation
    }

    /// The text of strerror(3).
    public var reason: String { String(cString: strerror(code)) }

    /// `set link uplink in hello.isp-uk: No such device`, with the kernel's explanation in brackets where there is one.
    public var description: String {
        explanation.isEmpty ? "\(request): \(reason)" : "\(request): \(reason) (\(explanation))"
    }
}

/// Refusals that the sender of one request does not mind.
public struct Tolerance: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// Makes a set of its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// What is to be added is there: EEXIST.
    public static let alreadyThere = Tolerance(rawValue: 1)
    /// What is to be deleted is not there: ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL.
    public static let alreadyGone = Tolerance(rawValue: 2)

    func covers(_ code: Int32) -> Bool {
        switch code {
        case EEXIST: contains(.alreadyThere)
        case ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL: contains(.alreadyGone)
        default: false
        }
    }
}
