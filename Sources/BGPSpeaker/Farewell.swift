import Glibc
import Sys

/// The end of a connection on which the last word is said: what the neighbour sends until it has read that and closes too is read
/// and dropped.
///
/// Bytes that come to a closed socket are answered by a reset. It makes the next write of the neighbour fail, which then gives the
/// connection up and never reads the NOTIFICATION that lies there. A session that ends just after it has become Established meets
/// this often: the neighbour sends its table at that moment. BIRD then took a shutdown for a lost connection, without its text.
final class Farewell {
    /// How long the neighbour may take. What it does not read within this time it would not read later either.
    private static let patience: Nanoseconds = 2_000_000_000

    private let loop: EventLoop
    private var descriptor: FileDescriptor?
    private var limit: Timer?

    /// Says that nothing follows, and stays until the neighbour says so too. Nobody needs to keep it: the loop does.
    init(_ loop: EventLoop, _ descriptor: consuming FileDescriptor) {
        self.loop = loop
        let raw = descriptor.raw
        self.descriptor = consume descriptor
        guard shutdown(raw, Int32(SHUT_WR)) == 0, (try? loop.add(raw, .read) { _ in self.drop() }) != nil else {
            return
        }
        limit = loop.schedule(after: Self.patience) { self.end() }
        drop()
    }

    private func drop() {
        guard let raw = descriptor?.raw else { return }
        let isOver = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { chunk in
            // A neighbour that sends without a pause must not keep others from their turn.
            for _ in 0..<256 {
                let count = recv(raw, chunk.baseAddress, chunk.count, 0)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return count == 0 || errno != EAGAIN }
            }
            return false
        }
        if isOver { end() }
    }

    private func end() {
        limit?.cancel()
        guard let descriptor = descriptor.take() else { return }
        loop.remove(descriptor.raw)
    }
}
