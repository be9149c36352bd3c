import CLinux
import Glibc
import Net
import Sys

/// Memory for many queries and answers of a flood at a time, made once and used for every socket: nothing is allocated for a query.
///
/// ```
/// queries  | query 0 | query 1 | ...   all the same but for their DNS IDs
/// answers  |   1232  |   1232  | ...   senders | sockaddr_in6 | ...   one of each per datagram
/// ```
final class FloodBatch {
    static let capacity = 64
    /// Longer answers are cut: what counts of them is in front.
    private static let answerByteCount = 1232

    private let queryByteCount: Int
    private let queries: UnsafeMutableRawPointer
    private let answers: UnsafeMutableRawPointer
    private let senders: UnsafeMutablePointer<sockaddr_in6>
    private let vectors: UnsafeMutablePointer<iovec>
    private let outgoing: UnsafeMutablePointer<cl_message>
    private let incoming: UnsafeMutablePointer<cl_message>

    /// `query` is a DNS message.
    init(_ query: [UInt8]) {
        let (capacity, size) = (Self.capacity, query.count)
        queryByteCount = size
        queries = .allocate(byteCount: capacity * size, alignment: 8)
        answers = .allocate(byteCount: capacity * Self.answerByteCount, alignment: 64)
        senders = .allocate(capacity: capacity)
        senders.initialize(repeating: sockaddr_in6(), count: capacity)
        vectors = .allocate(capacity: 2 * capacity)
        outgoing = .allocate(capacity: capacity)
        incoming = .allocate(capacity: capacity)
        for index in 0..<capacity {
            UnsafeMutableRawBufferPointer(start: queries + index * size, count: size).copyBytes(from: query)
            (vectors + index).initialize(to: iovec(iov_base: queries + index * size, iov_len: size))
            (vectors + capacity + index).initialize(
                to: iovec(iov_base: answers + index * Self.answerByteCount, iov_len: Self.answerByteCount))
            for (messages, vector) in [(outgoing, vectors + index), (incoming, vectors + capacity + index)] {
                var message = cl_message()
                message.header.msg_iov = vector
                message.header.msg_iovlen = 1
                (messages + index).initialize(to: message)
            }
            incoming[index].header.msg_name = UnsafeMutableRawPointer(senders + index)
        }
    }

    deinit {
        queries.deallocate()
        answers.deallocate()
        senders.deallocate()
        vectors.deallocate()
        outgoing.deallocate()
        incoming.deallocate()
    }

    /// Sends up to ``capacity`` queries with the IDs from `first` on, and answers how many left.
    func send(_ count: Int, from first: UInt16, over socket: Int32, to target: borrowing SocketAddress) -> Int {
        let count = min(count, Self.capacity)
        for index in 0..<count {
            let id = first &+ UInt16(truncatingIfNeeded: index)
            queries.storeBytes(of: id.bigEndian, toByteOffset: index &* queryByteCount, as: UInt16.self)
        }
        return target.withPointer { address, length in
            for index in 0..<count {
                outgoing[index].header.msg_name = UnsafeMutableRawPointer(mutating: address)
                outgoing[index].header.msg_namelen = length
            }
            return max(0, Int(cl_send_messages(socket, outgoing, UInt32(truncatingIfNeeded: count))))
        }
    }

    /// Hands over what waits on a socket and comes from `target`.
    func receive(from socket: Int32, of target: IPAddress, _ take: (UnsafeRawBufferPointer) -> Void) {
        while true {
            for index in 0..<Self.capacity {
                incoming[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
            }
            let count = cl_receive_messages(socket, incoming, UInt32(Self.capacity))
            guard count > 0 else { return }
            for index in 0..<Int(count) where target.isSender(senders + index) {
                let size = min(Int(incoming[index].byte_count), Self.answerByteCount)
                take(UnsafeRawBufferPointer(start: answers + index &* Self.answerByteCount, count: size))
            }
            if count < Self.capacity { return }
        }
    }
}

extension IPAddress {
    /// Whether a datagram of a socket of this family came from the DNS port of this address.
    fileprivate func isSender(_ sender: UnsafePointer<sockaddr_in6>) -> Bool {
        let raw = UnsafeRawPointer(sender)
        guard UInt16(bigEndian: sender.pointee.sin6_port) == Packet.port else { return false }
        switch self {
        case .v4(let address):
            return UInt32(bigEndian: raw.load(fromByteOffset: 4, as: UInt32.self)) == address.rawValue
        case .v6(let address):
            return UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)) == address.high
                && UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)) == address.low
        }
    }
}
