import CLinux
import DNSWire
import Net
import Sys

/// The probes of one node to one address: queries with and without a limited TTL, all from one socket and so one flow.
///
/// Every query has a random number of its own, by which answers and the errors that quote it are told apart.
///
/// The socket is not connected, and has no automatic flow label: either would make the kernel put a random hash on its
/// packets, which stays on them across veth links and by which every router there chooses among equal ways
/// (`skb->l4_hash`). No look-up could foretell that. Packets without it are told apart by addresses and ports.
final class ProbeFlow {
    let destination: IPAddress
    /// The address and port that the kernel chose.
    let source: SocketAddress
    private(set) var report = ProbeReport()
    private let socket: FileDescriptor
    private let target: SocketAddress
    private let wantsAnswer: Bool
    private var sent: [UInt16: Sent] = [:]

    private struct Sent {
        /// 0 stands for the usual TTL.
        let ttl: Int
        let time: Nanoseconds
    }

    var descriptor: Int32 { socket.raw }
    var packet: Packet { Packet(destination: destination, source: source.address, sourcePort: source.port) }

    /// Opens the socket in the namespace of the calling thread. `wantsAnswer` sends a query with the usual TTL too.
    init(to destination: IPAddress, wantsAnswer: Bool) throws(SystemError) {
        self.destination = destination
        self.wantsAnswer = wantsAnswer
        target = SocketAddress(destination, port: Packet.port)
        socket = try Socket.bound(.datagram, try Self.source(towards: target), port: 0)
        let (raw, domain) = (socket.raw, target.domain)
        try systemCall("setsockopt", "error queue") { cl_probe_prepare(raw, domain) }
        source = try Socket.localAddress(raw)
    }

    /// The address that the kernel would send from, which connecting tells without a packet.
    private static func source(towards target: SocketAddress) throws(SystemError) -> IPAddress {
        let scout = try Socket.open(target.domain, .datagram)
        _ = try Socket.connect(scout.raw, to: target)
        guard let address = try Socket.localAddress(scout.raw).address else {
            throw SystemError(code: EAFNOSUPPORT, call: "getsockname")
        }
        return address
    }

    /// How many TTLs are tried, from 1 on. To be set before anything is sent.
    var mostHops: Int {
        get { report.limited.count }
        set { report.limited = Array(repeating: nil, count: newValue) }
    }

    /// Whether every probe that can still tell something has been answered.
    var isComplete: Bool {
        if wantsAnswer, report.answer == nil { return false }
        return report.limited.prefix(report.length ?? report.limited.count).allSatisfy { $0 != nil }
    }

    /// Sends all probes that have not been answered.
    func send() {
        do throws(SystemError) {
            if wantsAnswer, report.answer == nil { try send(ttl: 0) }
            let count = report.length ?? report.limited.count
            for ttl in 1..<(count + 1) where report.limited[ttl - 1] == nil { try send(ttl: ttl) }
        } catch {
            // A queue of this machine is full: there is a next time.
            if error.code != EAGAIN, error.code != ENOBUFS { report.failure = error }
        }
    }

    private func send(ttl: Int) throws(SystemError) {
        var id = UInt16.random(in: 0 ... .max)
        while sent[id] != nil { id &+= 1 }
        let query = Self.query(id)
        sent[id] = Sent(ttl: ttl, time: Clock.monotonic())
        try systemCall("sendmsg", destination.description) {
            query.withUnsafeBytes { bytes in
                target.withPointer { cl_probe_send(socket.raw, $0, $1, Int32(ttl), bytes.baseAddress, bytes.count) }
            }
        }
    }

    private static func query(_ id: UInt16) -> [UInt8] {
        var bytes = template
        bytes[0] = UInt8(truncatingIfNeeded: id >> 8)
        bytes[1] = UInt8(truncatingIfNeeded: id)
        return bytes
    }

    /// CH TXT id.server, with an empty NSID option.
    private static let template: [UInt8] = {
        guard let name = try? DomainName("id.server") else { return [] }
        return Message.query(id: 0, name: name, type: .txt, recordClass: .chaos, wantsNSID: true).encoded()
    }()

    /// Takes in all that waits.
    func receive() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        for isError in [true, false] {
            while let arrival = next(isError, into: &buffer) { take(arrival, isError: isError, buffer) }
        }
    }

    private func next(_ fromErrorQueue: Bool, into buffer: inout [UInt8]) -> cl_arrival? {
        var arrival = cl_arrival()
        let result = buffer.withUnsafeMutableBytes {
            cl_probe_receive(socket.raw, fromErrorQueue, $0.baseAddress, $0.count, &arrival)
        }
        return result == 1 ? arrival : nil
    }

    private func take(_ arrival: cl_arrival, isError: Bool, _ buffer: [UInt8]) {
        guard arrival.count >= 2, let probe = sent[UInt16(buffer[0]) << 8 | UInt16(buffer[1])],
            let responder = Self.sender(arrival),
            let kind = isError ? error(arrival) : response(arrival, from: responder, buffer)
        else { return }
        let answer = ProbeAnswer(kind: kind, responder: responder, rtt: max(0, Self.time(arrival) - probe.time))
        if probe.ttl == 0 {
            if report.answer == nil {
                report.answer = answer
            } else if case .response(let identity) = kind {
                report.repeats.append(identity)
            }
        } else if probe.ttl <= report.limited.count, report.limited[probe.ttl - 1] == nil {
            report.limited[probe.ttl - 1] = answer
        }
    }

    /// What a response says; nil for none, and for one that comes from elsewhere than where the query went.
    private func response(_ arrival: cl_arrival, from responder: IPAddress, _ buffer: [UInt8]) -> ProbeAnswer.Kind? {
        guard let identity = ServerIdentity(Array(buffer.prefix(arrival.count))) else { return nil }
        guard responder == destination, arrival.sender_port == Packet.port else {
            report.strays.insert(responder)
            return nil
        }
        return .response(identity)
    }

    private func error(_ arrival: cl_arrival) -> ProbeAnswer.Kind? {
        guard arrival.is_icmp else { return nil }
        return ProbeAnswer.Kind(icmp: arrival.type, code: arrival.code, family: destination.family)
    }

    private static func sender(_ arrival: cl_arrival) -> IPAddress? {
        withUnsafeBytes(of: arrival.sender) { IPAddress(bytes: $0.prefix(arrival.sender_count)) }
    }

    /// When the kernel got the packet, on the monotonic clock: its stamps are of the clock that may be set.
    private static func time(_ arrival: cl_arrival) -> Nanoseconds {
        let now = Clock.monotonic()
        return arrival.stamp == 0 ? now : now - max(0, Clock.wall() - arrival.stamp)
    }
}
