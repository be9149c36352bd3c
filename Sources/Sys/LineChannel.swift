import CLinux
import Glibc

/// Lines of text over a stream socket, in an event loop: how the supervisor, its daemons and the command line talk.
///
/// Lines may be up to ``longestLine`` bytes. What cannot be written at once is kept and written as the other side reads.
public final class LineChannel {
    /// A longer line ends the channel: nobody here writes one.
    public static let longestLine = 16 << 20

    private let loop: EventLoop
    private var descriptor: FileDescriptor?
    private var received: [UInt8] = []
    /// How many bytes of ``received`` are known to hold no newline: a long line is not searched again with each piece.
    private var searched = 0
    private var unsent: [UInt8] = []

    /// Called with each line, its newline removed.
    public var onLine: ((ArraySlice<UInt8>) -> Void)?
    /// Called once, when the other side has closed or failed. Not called by ``close()``.
    public var onEnd: (() -> Void)?

    /// Takes over a connected stream socket. Throws ``SystemError``.
    public init(_ loop: EventLoop, _ descriptor: consuming FileDescriptor) throws(SystemError) {
        self.loop = loop
        try descriptor.setNonBlocking()
        let raw = descriptor.raw
        self.descriptor = consume descriptor
        try loop.add(raw, .read) { [weak self] readiness in self?.handle(readiness) }
    }

    deinit { close() }

    /// Whether something waits to be written.
    public var hasUnsent: Bool { !unsent.isEmpty }

    /// How many bytes wait to be written, because the other side does not read.
    public var unsentCount: Int { unsent.count }

    /// The descriptor, for options of the socket; nil after the end.
    public var raw: Int32? { descriptor?.raw }

    /// Sends a line; the newline is added. Does nothing once the channel has ended.
    public func send(_ line: some Sequence<UInt8>) {
        guard let raw = descriptor?.raw else { return }
        let wasEmpty = unsent.isEmpty
        unsent += line
        unsent.append(UInt8(ascii: "\n"))
        if wasEmpty {
            flush()
            if !unsent.isEmpty { try? loop.modify(raw, [.read, .write]) }
        }
    }

    /// Ends the channel from this side.
    public func close() {
        guard let descriptor = descriptor.take() else { return }
        loop.remove(descriptor.raw)
    }

    private func handle(_ readiness: Readiness) {
        if readiness.contains(.write) {
            flush()
            if unsent.isEmpty, let raw = descriptor?.raw { try? loop.modify(raw, .read) }
        }
        if !readiness.isDisjoint(with: [.read, .hangUp]) { readLines() }
    }

    private func flush() {
        guard let raw = descriptor?.raw else { return }
        var offset = 0
        while offset < unsent.count {
            let count = unsent.withUnsafeBytes { buffer in
                Glibc.send(
                    raw, buffer.baseAddress?.advanced(by: offset), buffer.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if cl_errno() == EINTR { continue }
                // Other errors come back as a hang-up of the descriptor, which ends the channel in one place.
                break
            }
            offset += count
        }
        unsent.removeFirst(offset)
    }

    private func readLines() {
        var hasEnded = false
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { chunk in
            // At most a megabyte at a time: whoever writes faster than this reads must neither hold up the loop nor fill the
            // memory before anybody looks at the length of the line.
            for _ in 0..<16 {
                guard let raw = descriptor?.raw else { break }
                let count = recv(raw, chunk.baseAddress, chunk.count, 0)
                if count > 0 {
                    received += chunk[..<count]
                    if count < chunk.count { break }
                } else if count < 0, cl_errno() == EINTR {
                    continue
                } else {
                    hasEnded = count == 0 || cl_errno() != EAGAIN
                    break
                }
            }
        }
        deliver()
        if received.count > Self.longestLine { hasEnded = true }
        if hasEnded, descriptor != nil {
            close()
            onEnd?()
        }
    }

    private func deliver() {
        var start = 0
        while descriptor != nil, let end = newline(from: max(start, searched)) {
            let line = received[start..<end]
            start = end + 1
            onLine?(line)
        }
        received.removeFirst(start)
        searched = received.count
    }

    private func newline(from offset: Int) -> Int? {
        received.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let found = memchr(base + offset, Int32(UInt8(ascii: "\n")), bytes.count - offset)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}
