import CMnl
import Glibc
public import Sys

/// A netlink socket for requests (rtnetlink(7)). It works on the namespace that it was opened in, from whichever thread it
/// is used, by one thread at a time.
///
/// The kernel does the work of a request inside of sendmsg: when that returns, all answers wait in the socket. So a batch is
/// one system call for many messages, only the last of which asks for an acknowledgement; refusals come without
/// asking. An idle session holds no buffer.
public final class NetlinkSession {
    private let socket: FileDescriptor
    /// What errors call the namespace; empty for none.
    public let namespaceName: String
    private var sequence: UInt32 = 0

    /// Messages of one sendmsg. Each may be refused with some 1.3 kB of socket memory, of which there are 208 kB.
    private static let messagesAtOnce = 128
    /// Bytes of one sendmsg. The kernel's limit is the send buffer of the socket, 208 kB.
    private static let bytesAtOnce = 65536
    /// Bytes of one receive. The kernel fits its dumps to it, up to 32 kB.
    static let receiveSize = 32768

    /// Opens a session in the namespace of the calling thread. `namespaceName` is for error texts.
    public init(namespaceName: String = "") throws(SystemError) {
        socket = try openRouteSocket(groups: 0)
        self.namespaceName = namespaceName
    }

    /// Opens a session in a namespace. The calling thread visits it and comes back.
    public convenience init(in namespace: borrowing NetworkNamespace, name: String) throws(SystemError) {
        let home = try NetworkNamespace.current()
        try namespace.enter()
        do {
            try self.init(namespaceName: name)
        } catch {
            try home.enter()
            throw error
        }
        try home.enter()
    }

    /// The number by which notifications name this session as the cause of a change (nlmsg_pid).
    func port() throws(SystemError) -> UInt32 {
        var address = sockaddr_nl()
        var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        try systemCall("getsockname", "netlink") {
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.raw, $0, &length) }
            }
        }
        return address.nl_pid
    }

    /// Sends one request and waits for the answer. Throws ``NetlinkError``.
    public func send(_ request: some NetlinkRequest, ignoring tolerance: Tolerance = []) throws(NetlinkError) {
        var batch = NetlinkBatch()
        batch.add(request, ignoring: tolerance)
        try send(batch)
    }

    /// Sends all requests and waits for the answers. Throws the first refusal; what stands behind it was done all the
    /// same.
    public func send(_ batch: NetlinkBatch) throws(NetlinkError) {
        if let refusal = try attempt(batch).first { throw refusal.error }
    }

    /// A request of a batch that the kernel refused.
    public struct Refusal: Equatable, Sendable {
        /// Which request, counted from 0.
        public let position: Int
        /// Why.
        public let error: NetlinkError
    }

    /// Sends all requests, waits for the answers, and answers those that were refused and not tolerated, in order. Throws
    /// ``NetlinkError`` when the socket itself fails.
    public func attempt(_ batch: NetlinkBatch) throws(NetlinkError) -> [Refusal] {
        var refused: [(position: Int, answer: Acknowledgement)] = []
        var buffer = Self.allocate(min(Self.bytesAtOnce, max(2048, batch.count * 256)))
        defer { buffer.deallocate() }
        var position = 0
        while position < batch.count {
            let (end, length, lastSequence, failure) = encode(batch, from: position, into: buffer)
            if end == position {
                guard failure == EMSGSIZE, buffer.count < Self.bytesAtOnce else {
                    throw NetlinkError(code: failure, request: words(batch.entries[position].request.summary))
                }
                buffer.deallocate()
                buffer = Self.allocate(Self.bytesAtOnce)
                continue
            }
            try transmit(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
            let first = lastSequence &- UInt32(truncatingIfNeeded: end - position - 1)
            try receive(until: lastSequence) { message throws(NetlinkError) in
                guard let answer = Acknowledgement(message) else { return }
                let index = position + Int(message.sequence &- first)
                if answer.code != 0, index < end, !batch.entries[index].tolerance.covers(answer.code) {
                    refused.append((index, answer))
                }
            }
            position = end
        }
        var names: [UInt32: String] = [:]
        return refused.map { position, answer in
            let summary = naming(batch.entries[position].request.summary, &names)
            return Refusal(position: position, error: refusal(of: summary, answer))
        }
    }

    private static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    }

    /// Writes as many requests as fit, the first perhaps not. Answers the position behind the last, the bytes written, the
    /// last number used, and why there are no more.
    private func encode(
        _ batch: NetlinkBatch, from start: Int, into buffer: UnsafeMutableRawBufferPointer
    ) -> (end: Int, length: Int, lastSequence: UInt32, failure: Int32) {
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        var length = 0
        var position = start
        var last: MessageWriter?
        var failure = EMSGSIZE
        while position < batch.count, position - start < Self.messagesAtOnce {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[length...])
            let request = batch.entries[position].request
            guard var writer = MessageWriter(room, sequence: sequence &+ 1) else { break }
            request.encode(into: &writer)
            if let code = writer.failure {
                failure = code
                break
            }
            sequence &+= 1
            length += (writer.count + 3) & ~3
            last = writer
            position += 1
        }
        last?.requestAcknowledgement()
        return (position, length, sequence, failure)
    }

    /// Sends one request that is answered by messages of its own, and hands them to `body` until the kernel says that it
    /// is done. Answers false when the kernel says that its tables changed meanwhile.
    func query(
        _ request: some NetlinkRequest, _ body: (borrowing Message) -> Void
    ) throws(NetlinkError) -> Bool {
        sequence &+= 1
        let number = sequence
        try withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { buffer throws(NetlinkError) in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            guard var writer = MessageWriter(buffer, sequence: number) else { return }
            request.encode(into: &writer)
            if let failure = writer.failure { throw NetlinkError(code: failure, request: words(request.summary)) }
            writer.requestAcknowledgement()
            try transmit(UnsafeRawBufferPointer(rebasing: buffer[..<writer.count]))
        }
        var isConsistent = true
        try receive(until: number) { message throws(NetlinkError) in
            guard message.sequence == number else { return }
            if message.flags & UInt16(NLM_F_DUMP_INTR) != 0 { isConsistent = false }
            if let answer = Acknowledgement(message) {
                if answer.code != 0 { throw refusal(of: request.summary, answer) }
            } else {
                body(message)
            }
        }
        return isConsistent
    }

    private func transmit(_ bytes: UnsafeRawBufferPointer) throws(NetlinkError) {
        while Glibc.send(socket.raw, bytes.baseAddress, bytes.count, 0) < 0 {
            let code = errno
            if code != EINTR { throw NetlinkError(code: code, request: words("send to the kernel")) }
        }
    }

    /// Hands every message to `body` up to the one that ends the exchange: an acknowledgement, refusal or end of dump of the
    /// last request. Answers left over from an exchange that failed are older and do not matter.
    private func receive(
        until lastSequence: UInt32, _ body: (borrowing Message) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        try withUnsafeTemporaryAllocation(byteCount: Self.receiveSize, alignment: 8) { buffer throws(NetlinkError) in
            var isDone = false
            while !isDone {
                let count = recv(socket.raw, buffer.baseAddress, buffer.count, Int32(MSG_TRUNC))
                if count < 0, errno == EINTR { continue }
                if count < 0 { throw NetlinkError(code: errno, request: words("receive from the kernel")) }
                if count > buffer.count {
                    throw NetlinkError(code: EMSGSIZE, request: words("receive from the kernel"))
                }
                var reader = MessageReader(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
                while let message = reader.next() {
                    if message.sequence == lastSequence, Acknowledgement.isFinal(message) { isDone = true }
                    try body(message)
                }
            }
        }
    }

    private func refusal(of summary: String, _ answer: Acknowledgement) -> NetlinkError {
        NetlinkError(code: answer.code, request: words(summary), explanation: answer.explanation)
    }

    /// Puts names in the place of `link #7`: requests speak of interfaces by number, people do not.
    private func naming(_ summary: String, _ names: inout [UInt32: String]) -> String {
        let parts = summary.split(separator: "#", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(String(parts[0])) { text, part in
            let digits = part.prefix { $0.isNumber }
            guard text.hasSuffix("link "), let index = UInt32(digits), let name = name(of: index, &names) else {
                return "\(text)#\(part)"
            }
            return text + name + part.dropFirst(digits.count)
        }
    }

    private func name(of index: UInt32, _ names: inout [UInt32: String]) -> String? {
        if let name = names[index] { return name }
        let found = try? interface(.index(index)).name
        names[index] = found
        return found
    }

    private func words(_ summary: String) -> String {
        namespaceName.isEmpty ? summary : "\(summary) in \(namespaceName)"
    }
}

/// Opens an rtnetlink socket in the namespace of the calling thread, with the port that the kernel chooses: a process has
/// more than one socket, so its PID is no port.
func openRouteSocket(groups: UInt32) throws(SystemError) -> FileDescriptor {
    let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = FileDescriptor(
        owning: try systemCall("socket", "netlink") { socket(AF_NETLINK, type, NETLINK_ROUTE) })
    // Explanations in refusals; not the refused message again; a kernel that filters dumps and checks their requests.
    for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK] {
        var on: Int32 = 1
        try systemCall("setsockopt", "netlink option \(option)") {
            setsockopt(descriptor.raw, SOL_NETLINK, option, &on, socklen_t(MemoryLayout<Int32>.size))
        }
    }
    var address = sockaddr_nl()
    address.nl_family = sa_family_t(AF_NETLINK)
    address.nl_groups = groups
    try systemCall("bind", "netlink") {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor.raw, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
    }
    return descriptor
}
