import Glibc
import Sys

/// What is to be sent on a stream socket, and how much of it the kernel takes.
struct SocketWriter {
    /// What the kernel has not taken yet. Append, then ``flush(_:_:)``.
    var unsent: [UInt8] = []
    /// Whether the loop is asked to tell when the kernel takes more. So it is while a connection is being opened.
    private var isWaiting: Bool

    init(isOpening: Bool) { isWaiting = isOpening }

    /// The connection is open, and the loop waits for what comes only. Answers whether that worked.
    mutating func opened(_ raw: Int32, _ loop: EventLoop) -> Bool {
        isWaiting = false
        return Socket.pendingError(raw) == 0 && (try? loop.modify(raw, .read)) != nil
    }

    /// Gives the kernel what it takes now; the rest follows when there is room. An error comes back as a hang-up. Answers how
    /// many octets were taken.
    @discardableResult
    mutating func flush(_ raw: Int32, _ loop: EventLoop) -> Int {
        var offset = 0
        while offset < unsent.count {
            let count = unsent.withUnsafeBytes { buffer in
                Glibc.send(raw, buffer.baseAddress?.advanced(by: offset), buffer.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { break }
            offset += count
        }
        if offset == unsent.count { unsent = [] } else { unsent.removeFirst(offset) }
        if isWaiting == unsent.isEmpty {
            isWaiting = !unsent.isEmpty
            try? loop.modify(raw, isWaiting ? [.read, .write] : .read)
        }
        return offset
    }
}
