import CLinux
import Glibc

/// How a process is to be started.
public struct ProcessOptions: Sendable {
    /// The program's path.
    public var path: String
    /// The arguments, the program's name first.
    public var arguments: [String]
    /// `NAME=value` pairs; the caller's environment is not passed on by itself.
    public var environment: [String] = []
    /// The working directory; nil keeps the caller's.
    public var directory: String?
    /// A network namespace to enter first.
    public var networkNamespace: Int32?
    /// Becomes descriptor 0; nil is /dev/null.
    public var standardInput: Int32?
    /// Becomes descriptor 1; nil keeps the caller's.
    public var standardOutput: Int32?
    /// Becomes descriptor 2; nil keeps the caller's.
    public var standardError: Int32?
    /// Become descriptors 3 and up; four at most. All further descriptors are closed.
    public var inherited: [Int32] = []
    /// Whether it leads a session of its own.
    public var newSession = false
    /// Whether it is process 1 of a PID namespace, whose end is the end of all inside.
    public var newPIDNamespace = false
    /// Whether the kernel kills it when the caller ends.
    public var diesWithParent = false
    /// Files to lay over others, in a mount namespace of its own: source and target.
    public var binds: [(source: String, target: String)] = []

    /// What it may do beyond an ordinary user's process. All others are dropped for good.
    public var capabilities = Capabilities.all
    /// Whether no program that it starts can ever get more than it has (PR_SET_NO_NEW_PRIVS).
    public var noNewPrivileges = false

    /// Makes the options of a program with its arguments, the program's name not among them.
    public init(path: String, arguments: [String]) {
        self.path = path
        self.arguments = [path] + arguments
    }
}

/// Privileges of a process (capabilities(7)).
public struct Capabilities: OptionSet, Sendable {
    /// A bit for each capability, by its number.
    public let rawValue: UInt64
    /// Makes a set of its bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// CAP_NET_ADMIN: routes, links and TAP devices of its namespace.
    public static var networkAdministration: Capabilities { Capabilities(rawValue: CL_CAP_NET_ADMIN) }
    /// CAP_SYS_ADMIN: entering namespaces.
    public static var systemAdministration: Capabilities { Capabilities(rawValue: CL_CAP_SYS_ADMIN) }
    /// CAP_SYS_NICE: real-time scheduling.
    public static var realTimeScheduling: Capabilities { Capabilities(rawValue: CL_CAP_SYS_NICE) }
    /// All that the caller has.
    public static var all: Capabilities { Capabilities(rawValue: CL_CAP_ALL) }
}

/// How a process ended. A program may exit with a status above 128, so a shell's one number does not tell.
public enum ProcessEnd: Equatable, Sendable {
    /// By itself, with a status of 0 to 255.
    case exit(Int32)
    /// By a signal.
    case signal(Int32)

    /// What a shell says of it: the exit status, or 128 plus the signal.
    public var status: Int32 {
        switch self {
        case .exit(let status): status
        case .signal(let number): 128 + number
        }
    }
}

/// A process that this one started, held by a pidfd: it cannot be mistaken for a later process of the same number.
public struct ChildProcess: ~Copyable, Sendable {
    /// The process number in the caller's PID namespace.
    public let pid: Int32
    /// Readable once the process has ended.
    public let descriptor: FileDescriptor

    /// Starts a process. Throws ``SystemError`` naming the call that failed, also one between clone and exec.
    public static func spawn(_ options: ProcessOptions) throws(SystemError) -> ChildProcess {
        var descriptor: Int32 = -1
        var stage: UnsafePointer<CChar>?
        let pid = withCStrings(options.arguments) { arguments in
            withCStrings(options.environment) { environment in
                withCStrings(options.binds.flatMap { [$0.source, $0.target] }) { binds in
                    options.path.withCString { path in
                        withOptionalCString(options.directory) { directory in
                            options.inherited.withUnsafeBufferPointer { inherited in
                                var call = cl_spawn(
                                    path: path, arguments: arguments, environment: environment, directory: directory,
                                    network_namespace: options.networkNamespace ?? -1,
                                    standard_input: options.standardInput ?? -1,
                                    standard_output: options.standardOutput ?? -1,
                                    standard_error: options.standardError ?? -1, inherited: inherited.baseAddress,
                                    inherited_count: Int32(clamping: inherited.count),
                                    new_session: options.newSession, new_pid_namespace: options.newPIDNamespace,
                                    dies_with_parent: options.diesWithParent, private_mounts: !options.binds.isEmpty,
                                    binds: binds, capabilities: options.capabilities.rawValue,
                                    no_new_privileges: options.noNewPrivileges)
                                return cl_spawn(&call, &descriptor, &stage)
                            }
                        }
                    }
                }
            }
        }
        guard pid > 0 else {
            let code = cl_errno()
            throw SystemError(code: code, call: stage.map { String(cString: $0) } ?? "clone3", object: options.path)
        }
        return ChildProcess(pid: pid, descriptor: FileDescriptor(owning: descriptor))
    }

    /// The process number in the PID namespace that `/proc` shows: what `ps` calls it. It differs from ``pid`` when the
    /// caller is inside a PID namespace. Throws ``SystemError``.
    public borrowing func visiblePID() throws(SystemError) -> Int32 {
        let path = "/proc/self/fdinfo/\(descriptor.raw)"
        let text = String(decoding: try Files.read(path), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("Pid:") {
            if let value = Int32(line.dropFirst(4).drop { $0 == "\t" || $0 == " " }) { return value }
        }
        return pid
    }

    /// Sends a signal. Throws ``SystemError``, with ESRCH when the process is gone.
    public borrowing func signal(_ number: Int32) throws(SystemError) {
        let raw = descriptor.raw
        try systemCall("pidfd_send_signal", "process \(pid)") { cl_pidfd_send_signal(raw, number) }
    }

    /// How the process ended; nil while it runs. Throws ``SystemError``.
    public borrowing func reapEnd() throws(SystemError) -> ProcessEnd? {
        var (status, isSignal): (Int32, Bool) = (0, false)
        let raw = descriptor.raw
        let reaped = try systemCall("waitid", "process \(pid)") { cl_pidfd_reap(raw, &status, &isSignal) }
        guard reaped == 1 else { return nil }
        return isSignal ? .signal(status) : .exit(status)
    }

    /// The exit status, or 128 plus the signal, once the process has ended; nil while it runs. Throws ``SystemError``.
    public borrowing func reap() throws(SystemError) -> Int32? {
        try reapEnd()?.status
    }

    /// Waits for the end; answers as ``reap()``. Throws ``SystemError``.
    public borrowing func wait() throws(SystemError) -> Int32 {
        while true {
            if let status = try wait(atMost: .max) { return status }
        }
    }

    /// Waits for the end, at most `limit` nanoseconds, to the millisecond; answers as ``reap()``. Throws ``SystemError``.
    public borrowing func wait(atMost limit: Nanoseconds) throws(SystemError) -> Int32? {
        var poll = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
        let milliseconds = limit == .max ? -1 : Int32(clamping: limit / 1_000_000)
        try systemCall("poll") { Glibc.poll(&poll, 1, milliseconds) }
        return try reap()
    }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    if let text { text.withCString(body) } else { body(nil) }
}

/// Lends a null-terminated vector of C strings.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
    var offsets: [Int] = []
    var bytes: [CChar] = []
    for string in strings {
        offsets.append(bytes.count)
        bytes += string.utf8CString
    }
    return bytes.withUnsafeBufferPointer { buffer in
        var pointers: [UnsafePointer<CChar>?] = offsets.map { buffer.baseAddress?.advanced(by: $0) }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
