import Glibc
public import JSON
public import Sys

/// A conversation with the supervisor of a lab, from a process that has nothing else to do meanwhile.
public final class ControlClient {
    private let loop: EventLoop
    private let channel: LineChannel
    private var received: [JSON] = []
    private var hasEnded = false

    /// Connects to the lab called `name`. Throws `SystemError`.
    public convenience init(_ name: String) throws(SystemError) { try self.init(path: LabPaths(name).control) }

    /// Connects to a daemon that answers on a socket of its own. Throws `SystemError`.
    public init(path: String) throws(SystemError) {
        loop = try EventLoop()
        channel = try LineChannel(loop, try Socket.connected(unixPath: path))
        channel.onLine = { [weak self] line in
            guard let self, let json = try? JSON(parsing: line) else { return }
            self.received.append(json)
            self.loop.stop()
        }
        channel.onEnd = { [weak self] in
            self?.hasEnded = true
            self?.loop.stop()
        }
    }

    /// Sends a request and waits for the answer. Throws ``RequestError`` with the supervisor's reason, or when the
    /// supervisor ends before it answers.
    public func request(_ members: [JSON.Member]) throws -> JSON {
        channel.send(JSON.object(members).description.utf8)
        guard let answer = try next() else { throw RequestError("nobody is there any more to answer") }
        if let reason = answer["error"]?.string { throw RequestError(reason) }
        return answer
    }

    /// Sends a request and waits for the answer, so many nanoseconds at most: then it is nil. Throws as ``request(_:)``.
    public func request(_ members: [JSON.Member], within limit: Nanoseconds) throws -> JSON? {
        channel.send(JSON.object(members).description.utf8)
        guard let answer = try next(within: limit) else {
            if !hasEnded { return nil }
            throw RequestError("the lab ended before it answered")
        }
        if let reason = answer["error"]?.string { throw RequestError(reason) }
        return answer
    }

    /// The next line of the supervisor; nil when none has come for `limit` nanoseconds, or when the lab has ended. Throws
    /// `SystemError`.
    public func next(within limit: Nanoseconds) throws(SystemError) -> JSON? {
        var isLate = false
        let timer = loop.schedule(after: limit) { [weak self] in
            isLate = true
            self?.loop.stop()
        }
        defer { timer.cancel() }
        while received.isEmpty, !hasEnded, !isLate { try loop.run() }
        return received.isEmpty ? nil : received.removeFirst()
    }

    /// Forgets what has come and was not read.
    public func skip() { received.removeAll() }

    /// Sends a request whose answer is a stream; read it with ``next()``.
    public func subscribe(_ members: [JSON.Member]) {
        channel.send(JSON.object(members).description.utf8)
    }

    /// The next line of the supervisor; nil when the lab has ended. Throws `SystemError`.
    public func next() throws(SystemError) -> JSON? {
        while received.isEmpty, !hasEnded { try loop.run() }
        return received.isEmpty ? nil : received.removeFirst()
    }
}
