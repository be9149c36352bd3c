import CLinux
import Glibc
import HTTPWire
import Net
import Sys

/// Asks a web service from a client which site answers there, over a connection of its own: `OPTIONS *`, the ping of RFC 9110, section
/// 9.3.7, which nobody stores and no origin hears of. Segments of the same flow with a limited TTL find the way.
///
/// The round trip is that of the handshake, as the client's kernel measured it: no part of it is the server's work, or ours.
final class WebProbe: Probing {
    private let limited: ProbeFlow
    private let connection: FileDescriptor
    private let target: SocketAddress
    private let parser = MessageParser(.response, mostContent: 65536)
    private var stage = Stage.unsent
    private var answer: ProbeAnswer?
    private var failure: SystemError?
    private var sentAt: Nanoseconds = 0
    private var roundTrip: Nanoseconds = 0
    /// Whether the last hop is the one that answers the request.
    private var endsThere = false

    private enum Stage {
        case unsent, connecting, asked, ended
    }

    var packet: Packet { limited.packet }

    /// Opens the sockets in the namespace of the calling thread. Throws `SystemError`.
    init(to destination: IPAddress) throws(SystemError) {
        target = SocketAddress(destination, port: Packet.Transport.tcp.port)
        let domain = target.domain
        let source = try ProbeSocket.source(towards: target)
        let connection = try Socket.open(domain, .stream)
        let raw = connection.raw
        // Bound before it connects, for the walk wants to know the port; alone at the port, so that no earlier connection has it.
        let own = SocketAddress(source, port: 0)
        try systemCall("bind", source.description) { own.withPointer { Glibc.bind(raw, $0, $1) } }
        try Socket.setAbortive(raw)
        let segments = try SegmentSocket(to: destination, from: try Socket.localAddress(raw))
        limited = ProbeFlow(segments, wantsAnswer: false)
        self.connection = consume connection
        segments.onConnectionError = { [unowned self] in end($0) }
    }

    /// Of a way that is expected to arrive, the last hop is who answers the request.
    func expect(hops: Int, arrives: Bool) {
        endsThere = arrives && hops > 0
        limited.expect(hops: endsThere ? hops - 1 : hops, arrives: false)
    }

    var report: ProbeReport {
        var report = limited.report
        (report.answer, report.failure) = (answer, report.failure ?? failure)
        if endsThere {
            report.limited.append(answer.flatMap { $0.responder == packet.destination ? $0 : nil })
        }
        return report
    }

    var isComplete: Bool { stage == .ended && limited.isComplete }

    var watched: [(descriptor: Int32, interest: Readiness)] {
        switch stage {
        case .unsent, .ended: limited.watched
        case .connecting: limited.watched + [(connection.raw, .write)]
        case .asked: limited.watched + [(connection.raw, .read)]
        }
    }

    func send() {
        limited.send()
        // Its kernel sends a lost segment again.
        guard stage == .unsent else { return }
        sentAt = Clock.monotonic()
        do throws(SystemError) {
            stage = .connecting
            if try Socket.connect(connection.raw, to: target) { ask() }
        } catch {
            failure = error
            stage = .ended
        }
    }

    func receive(from descriptor: Int32) {
        // Errors say more than the connection that they end.
        for (descriptor, _) in limited.watched { limited.receive(from: descriptor) }
        guard descriptor == connection.raw else { return }
        switch stage {
        case .unsent, .ended: return
        case .connecting:
            let code = Socket.pendingError(descriptor)
            if code == 0 { ask() } else { end(code) }
        case .asked: read()
        }
    }

    private func ask() {
        roundTrip = max(0, cl_round_trip(connection.raw))
        stage = .asked
        let host = target.address.map { $0.family == .ipv6 ? "[\($0)]" : "\($0)" } ?? ""
        let request = HTTPRequest(method: "OPTIONS", target: "*", fields: ["Host": host]).octets
        let count = request.withUnsafeBytes {
            Glibc.send(connection.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count < 0 { end(cl_errno()) }
    }

    private func read() {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { recv(connection.raw, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else {
            if cl_errno() != EAGAIN, cl_errno() != EINTR { end(cl_errno()) }
            return
        }
        guard count > 0 else { return end(ECONNRESET) }
        bytes.removeLast(bytes.count - count)
        guard (try? parser.parse(bytes)) != nil else {
            return end(.response(ServerIdentity(oddity: "the answer is malformed")))
        }
        guard parser.isComplete else { return }
        let response = parser.response
        var identity = ServerIdentity(text: response.fields["X-Site"])
        if response.status / 100 != 2 { identity.oddity = "the answer is \(response.status)" }
        end(.response(identity))
    }

    private func end(_ kind: ProbeAnswer.Kind) {
        end(ProbeAnswer(kind: kind, responder: packet.destination, rtt: roundTrip))
    }

    /// The connection has failed, and no error told who ended it: the other side, or nobody.
    private func end(_ code: Int32) {
        let reason: ProbeAnswer.Reason =
            switch code {
            case ECONNREFUSED: .port
            case ECONNRESET, EPIPE: .closed
            case ENETUNREACH: .noRoute
            case EHOSTUNREACH: .host
            default: .other
            }
        if roundTrip == 0 { roundTrip = Clock.monotonic() - sentAt }
        end(.unreachable(reason))
    }

    private func end(_ answer: ProbeAnswer) {
        guard stage != .ended else { return }
        stage = .ended
        self.answer = answer
    }
}
