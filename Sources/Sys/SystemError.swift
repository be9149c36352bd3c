import CLinux
import Glibc

/// A call to the kernel that failed: which call, on what, and why.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The error number, as in errno(3).
    public let code: Int32
    /// The call, as in the manual: `open`, `setns`.
    public let call: String
    /// What it was called on: a path, an interface, an address. May be empty.
    public let object: String

    /// Makes an error of its parts.
    public init(code: Int32, call: String, object: String = "") {
        self.code = code
        self.call = call
        self.object = object
    }

    /// The error that the last call on this thread left in `errno`. Take it before anything else is called.
    public static func last(_ call: String, _ object: String = "") -> SystemError {
        SystemError(code: cl_errno(), call: call, object: object)
    }

    /// The text of strerror(3).
    public var reason: String { String(cString: strerror(code)) }

    /// `open /run/lab: No such file or directory`.
    public var description: String { object.isEmpty ? "\(call): \(reason)" : "\(call) \(object): \(reason)" }
}

/// Calls `body` again while a signal interrupts it, and turns -1 into an error.
@discardableResult @inline(__always)
public func systemCall<Result: SignedInteger>(
    _ call: @autoclosure () -> String, _ object: @autoclosure () -> String = "", _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let code = cl_errno()
        if code != EINTR { throw SystemError(code: code, call: call(), object: object()) }
    }
}
