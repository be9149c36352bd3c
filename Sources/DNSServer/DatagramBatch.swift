import CLinux
import DNSResponder
import DNSWire
import Glibc
import Net
import Sys

/// Memory and kernel vectors for many datagrams at a time, made once and used for every socket.
///
/// Why it is fast: one recvmmsg(2) takes up to ``capacity`` queries, every response is written straight into the memory
/// that one sendmmsg(2) then sends from, and nothing is allocated or copied in between. Under load the cost of entering
/// the kernel is so shared by a whole batch, and of a query's time the kernel's UDP takes nine tenths. A batch that is not full
/// has emptied the socket, so nobody asks the kernel once more to hear that nothing is there. The clocks are read once a batch, the
/// second one only if responses or queries are limited. An idle server has touched none of this memory but the vectors.
///
/// ```
/// queries    | 1280 | 1280 | ...   addresses | sockaddr_in6 | ...   one of each per datagram, in the same order
/// responses  | 1232 | 1232 | ...
/// ```
final class DatagramBatch {
    static let capacity = 32
    /// A longer query is cut by the kernel and so malformed; no question and options known come near this.
    private static let queryByteCount = 1280
    /// How often one socket is read before the others get their turn.
    private static let rounds = 8

    private let queries: UnsafeMutableRawPointer
    private let responses: UnsafeMutableRawPointer
    private let addresses: UnsafeMutablePointer<sockaddr_in6>
    private let vectors: UnsafeMutablePointer<iovec>
    private let incoming: UnsafeMutablePointer<cl_message>
    private let outgoing: UnsafeMutablePointer<cl_message>

    init() {
        let capacity = Self.capacity
        queries = .allocate(byteCount: capacity * Self.queryByteCount, alignment: 64)
        responses = .allocate(byteCount: capacity * Responder.maximumUDPByteCount, alignment: 64)
        addresses = .allocate(capacity: capacity)
        addresses.initialize(repeating: sockaddr_in6(), count: capacity)
        vectors = .allocate(capacity: 2 * capacity)
        incoming = .allocate(capacity: capacity)
        outgoing = .allocate(capacity: capacity)
        for index in 0..<capacity {
            (vectors + index).initialize(
                to: iovec(iov_base: queries + index * Self.queryByteCount, iov_len: Self.queryByteCount))
            (vectors + capacity + index).initialize(
                to: iovec(iov_base: responses + index * Responder.maximumUDPByteCount, iov_len: 0))
            (incoming + index).initialize(to: cl_message(addresses + index, vectors + index))
            (outgoing + index).initialize(to: cl_message(addresses + index, vectors + capacity + index))
        }
    }

    deinit {
        queries.deallocate()
        responses.deallocate()
        addresses.deallocate()
        vectors.deallocate()
        incoming.deallocate()
        outgoing.deallocate()
    }

    /// Answers what waits on a socket, which is bound to `own`. What remains to be done for a query is handed to `onTask`, which must
    /// not do it at once: responder and counters are in use.
    func serve(
        _ socket: Int32, at own: IPAddress, isUnicast: Bool, with responder: borrowing Responder,
        within budget: inout QueryBudget?, limitedBy limiter: inout RateLimiter?, counting counters: inout Counters,
        onTask: (Responder.Task) -> Void
    ) {
        for _ in 0..<Self.rounds {
            let count = cl_receive_messages(socket, incoming, UInt32(Self.capacity))
            guard count > 0 else { return }
            let taken = take(Int(count), within: &budget, counting: &counters)
            let answers = answer(
                taken, at: own, isUnicast, with: responder, limitedBy: &limiter, counting: &counters, onTask)
            send(answers, over: socket, counting: &counters)
            if count < Self.capacity { return }
        }
    }

    /// How many of the queries there is capacity for; the others, which came last, are dropped.
    private func take(_ count: Int, within budget: inout QueryBudget?, counting counters: inout Counters) -> Int {
        guard let taken = budget?.take(count, now: Clock.monotonic()) else { return count }
        for index in taken..<count {
            counters.countOverCapacity(received: min(Int(incoming[index].byte_count), Self.queryByteCount))
            incoming[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
        return taken
    }

    private func answer(
        _ count: Int, at own: IPAddress, _ isUnicast: Bool, with responder: borrowing Responder,
        limitedBy limiter: inout RateLimiter?, counting counters: inout Counters, _ onTask: (Responder.Task) -> Void
    ) -> Int {
        var answers = 0
        let now = limiter == nil ? 0 : Clock.monotonic()
        let time = UInt32(truncatingIfNeeded: Glibc.time(nil))
        for index in 0..<count {
            let size = min(Int(incoming[index].byte_count), Self.queryByteCount)
            let query = UnsafeRawBufferPointer(start: queries + index &* Self.queryByteCount, count: size)
            let memory = UnsafeMutableRawBufferPointer(
                start: responses + answers &* Responder.maximumUDPByteCount, count: Responder.maximumUDPByteCount)
            var span = memory.mutableBytes
            let client = IPAddress(addresses + index)
            let arrival = Responder.Arrival(from: client, over: .udp, isUnicast: isUnicast, time: time)
            let reply = responder.respond(to: query.bytes, arrival, into: &span)
            if let task = reply?.task { onTask(task) }
            // A cookie of ours proves the address as a handshake does.
            let isProven = reply?.hasValidCookie ?? true
            let verdict = isProven ? .send : limiter?.judge(span.bytes, to: client, from: own, now: now) ?? .send
            var length = reply?.byteCount ?? 0
            if verdict == .truncate { length = Responder.truncate(&span, byteCount: length) }
            counters.count(reply, over: .udp, verdict, received: size, sent: length)
            if reply != nil, verdict != .drop {
                vectors[Self.capacity &+ answers].iov_len = length
                outgoing[answers].header.msg_name = incoming[index].header.msg_name
                outgoing[answers].header.msg_namelen = incoming[index].header.msg_namelen
                answers &+= 1
            }
            incoming[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
        return answers
    }

    /// Sends the responses. One that the kernel refuses (no route back, a source port 0) is dropped and the rest go on;
    /// when the socket is full, the rest is dropped, as a full network would.
    private func send(_ answers: Int, over socket: Int32, counting counters: inout Counters) {
        var sent = 0
        while sent < answers {
            let count = cl_send_messages(socket, outgoing + sent, UInt32(truncatingIfNeeded: answers &- sent))
            if count > 0 {
                sent &+= Int(count)
            } else if cl_errno() == EAGAIN {
                counters.dropped &+= answers &- sent
                return
            } else if cl_errno() != EINTR {
                counters.dropped &+= 1
                sent &+= 1
            }
        }
    }
}

extension RateLimiter {
    /// Judges a response that was written to `response`. One to the server's own address reaches nobody else, and is for whoever
    /// checks the server: a flood in that name must not make it look dead.
    fileprivate mutating func judge(
        _ response: RawSpan, to client: IPAddress, from own: IPAddress, now: Nanoseconds
    ) -> Verdict {
        guard client != own, let header = Header(reading: response) else { return .send }
        return judge(ResponseKind(of: header), to: ClientPrefix(of: client), now: now)
    }
}

extension IPAddress {
    /// The address that the kernel has written there; a socket has one family. A sockaddr_in6 has 28 octets, so only one in two
    /// has its address where a whole word may be read.
    fileprivate init(_ address: UnsafePointer<sockaddr_in6>) {
        let raw = UnsafeRawPointer(address)
        if address.pointee.sin6_family == sa_family_t(AF_INET) {
            let number = UInt32(bigEndian: raw.load(fromByteOffset: 4, as: UInt32.self))
            self = .v4(IPv4Address(rawValue: number))
        } else {
            let high = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            self = .v6(
                IPv6Address(high: high, low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self))))
        }
    }
}

extension cl_message {
    fileprivate init(_ address: UnsafeMutablePointer<sockaddr_in6>, _ vector: UnsafeMutablePointer<iovec>) {
        self.init()
        header.msg_name = UnsafeMutableRawPointer(address)
        header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
        header.msg_iov = vector
        header.msg_iovlen = 1
    }
}
