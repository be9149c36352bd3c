import CLinux
import Net
import Sys

/// The probes of one node to one address: queries with and without a limited TTL, all from one socket and so one flow. The
/// numbers of the queries are random.
final class ProbeFlow: Probing {
    private(set) var report = ProbeReport()
    private let socket: any ProbeChannel
    private let wantsAnswer: Bool
    private var sent: [UInt16: Sent] = [:]

    private struct Sent {
        /// 0 stands for the usual TTL.
        let ttl: Int
        let time: Nanoseconds
    }

    var watched: [(descriptor: Int32, interest: Readiness)] { [(socket.descriptor, .read)] }
    var packet: Packet { socket.packet }

    /// Makes probes of a socket. `wantsAnswer` sends a query with the usual TTL too.
    init(_ socket: any ProbeChannel, wantsAnswer: Bool) {
        self.wantsAnswer = wantsAnswer
        self.socket = socket
    }

    /// Opens the socket in the namespace of the calling thread.
    convenience init(to destination: IPAddress, wantsAnswer: Bool) throws(SystemError) {
        self.init(try ProbeSocket(to: destination), wantsAnswer: wantsAnswer)
    }

    /// Every TTL from 1 on is tried, wherever the way ends.
    func expect(hops: Int, arrives _: Bool) { report.limited = Array(repeating: nil, count: hops) }

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
        sent[id] = Sent(ttl: ttl, time: Clock.monotonic())
        try socket.send(id, ttl: ttl)
    }

    /// Takes in all that waits.
    func receive(from _: Int32) { socket.receive(take) }

    private func take(_ arrival: ProbeSocket.Arrival) {
        guard let probe = sent[arrival.id] else { return }
        guard let kind = arrival.kind else {
            report.strays.insert(arrival.responder)
            return
        }
        let answer = ProbeAnswer(kind: kind, responder: arrival.responder, rtt: max(0, arrival.time - probe.time))
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
}
