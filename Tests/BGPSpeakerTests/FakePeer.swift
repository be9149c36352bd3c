import BGPWire
import Foundation
import Glibc
import JSON
import Net
import Sys
import Testing

@testable import BGPSpeaker

/// A neighbour whose every octet the test decides: a TCP connection to a speaker's port 179 from inside of a namespace.
final class FakePeer {
    private let socket: FileDescriptor
    private var reader = MessageReader(maximumLength: 65535)

    /// What the neighbour of ``FeaturePair`` offers, unless a test wants more or less.
    static let capabilities: [Capability] = [
        .multiprotocol(FamilyIdentifier(.ipv4)), .routeRefresh, .fourOctetASN(ASN(64500)), .enhancedRouteRefresh,
    ]

    /// Connects. A small `receiveBuffer` makes a neighbour that soon takes no more.
    init(_ node: TestNode, from source: String, to target: String, receiveBuffer: Int32? = nil) throws {
        let namespace = try NetworkNamespace.open("/run/netns/\(node.name)")
        let source = try #require(IPAddress(source))
        socket = try namespace.perform { try Socket.bound(.stream, source, port: 0) }
        // What is sent apart arrives apart, and without delay.
        try Socket.setNoDelay(socket.raw)
        if let receiveBuffer { try Socket.set(socket.raw, SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
        _ = try Socket.connect(socket.raw, to: SocketAddress(try #require(IPAddress(target)), port: 179))
    }

    /// Whether the connection opens within `seconds`.
    func opens(within seconds: Double) -> Bool {
        var entry = pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, Int32(seconds * 1000)) == 1 && Socket.pendingError(socket.raw) == 0
    }

    /// Says OPEN and KEEPALIVE, as soon as the speaker takes the connection.
    func open(
        _ capabilities: [Capability] = FakePeer.capabilities, asn: UInt32 = 64500,
        identifier: IPv4Address = IPv4Address(10, 0, 0, 1), holdTime: UInt16 = 90
    ) throws {
        // On a busy machine the handshake is not over when connect(2) returns, and until then nothing can be sent.
        #expect(opens(within: 5))
        send {
            OpenMessage(asn: ASN(asn), holdTime: holdTime, identifier: identifier, capabilities: capabilities)
                .encode(to: &$0)
        }
        keepalive()
    }

    /// Ends the connection without a NOTIFICATION.
    func hangUp() { shutdown(socket.raw, Int32(SHUT_RDWR)) }

    func keepalive() { send { MessageHeader.encodeKeepalive(to: &$0) } }

    /// Announces prefixes of one family.
    func announce(_ prefixes: [String]) throws {
        let isIPv6 = prefixes.contains { $0.contains(":") }
        let nextHop = NextHop(try #require(IPAddress(isIPv6 ? "2001:db8:1::1" : "10.1.0.1")))
        let path = ASPath([ASPath.Segment(.sequence, [ASN(64500)])])
        let attributes = PathAttributes(origin: .igp, asPath: path, nextHop: nextHop)
        let parsed = try prefixes.map { try #require(IPPrefix($0)) }
        send { buffer in
            _ = try? UpdateEncoder(isFourOctetASN: true).announce(parsed.span, attributes: attributes, to: &buffer)
        }
    }

    /// Withdraws prefixes of one family.
    func withdraw(_ prefixes: [String]) {
        let parsed = prefixes.compactMap { IPPrefix($0) }
        send { UpdateEncoder(isFourOctetASN: true).withdraw(parsed.span, to: &$0) }
    }

    func refresh(_ subtype: UInt8) {
        send { RouteRefreshMessage(FamilyIdentifier(.ipv4), subtype: subtype).encode(to: &$0) }
    }

    func endOfRIB() { send { UpdateEncoder(isFourOctetASN: true).endOfRIB(.ipv4, to: &$0) } }

    func send(_ encode: (inout [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        encode(&bytes)
        // Not write(2): the end of the connection is no signal.
        #expect(Glibc.send(socket.raw, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    /// Whether the other end has answered all that was sent, with an acknowledgement or a reset.
    var isAcknowledged: Bool {
        var unanswered: Int32 = 0
        return ioctl(socket.raw, UInt(TIOCOUTQ), &unanswered) != 0 || unanswered == 0
    }

    /// Sends more than the socket takes at once: waits for the speaker to read.
    func sendAll(_ encode: (inout [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        encode(&bytes)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    socket.raw, buffer.baseAddress?.advanced(by: offset), buffer.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { offset += count }
            var entry = pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0)
            guard poll(&entry, 1, 30000) == 1, entry.revents == Int16(POLLOUT) else {
                Issue.record("the speaker takes no more")
                return
            }
        }
    }

    /// The type and the body of the next message; nil at the end of the connection or after `seconds`.
    func next(within seconds: Double = 5) throws -> (type: MessageType, body: [UInt8])? {
        while true {
            if let frame = try reader.next() {
                let body = reader.withBody(of: frame) { body in body.withUnsafeBytes { Array($0) } }
                return (frame.type, body)
            }
            var entry = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, Int32(seconds * 1000)) == 1 else { return nil }
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = read(socket.raw, &chunk, chunk.count)
            guard count > 0 else { return nil }
            chunk.removeLast(chunk.count - count)
            reader.append(chunk.span.bytes)
        }
    }

    /// The next NOTIFICATION, whatever comes before it.
    func notification() throws -> NotificationMessage? {
        while let (type, body) = try next() {
            if type == .notification { return NotificationMessage(decoding: body.span.bytes) }
        }
        return nil
    }
}

/// A site, 64500 at 10.1.0.1, and its provider, 65010 at 10.1.0.0, which originates 198.51.100.0/24 and 2001:db8:99::/48.
struct FeaturePair {
    let site: TestNode
    let provider: TestNode
    let toProvider = NeighbourText(
        name: "provider", asn: 65010, interface: "to-isp", relation: "provider", link: 0, isEven: false)
    let toSite = NeighbourText(
        name: "site", asn: 64500, interface: "to-site", relation: "customer", link: 0, isEven: true)

    init() throws {
        site = try TestNode()
        provider = try TestNode()
        try provider.link("to-site", to: site, "to-isp", number: 0)
    }

    func siteSpeaker(
        _ more: [JSON.Member] = [], originate: [String] = ["192.0.2.0/24", "2001:db8:53::/48"],
        isStarted: Bool = true
    ) throws -> RunningSpeaker {
        let speaker = try RunningSpeaker(
            site,
            configuration("site", asn: 64500, identifier: "10.0.0.1", originate: originate, toProvider.json(more)))
        if isStarted { speaker.start() }
        return speaker
    }

    func providerSpeaker(
        _ more: [JSON.Member] = [], originate: [String] = ["198.51.100.0/24", "2001:db8:99::/48"]
    ) throws -> RunningSpeaker {
        let speaker = try RunningSpeaker(
            provider,
            configuration("provider", asn: 65010, identifier: "10.0.0.2", originate: originate, toSite.json(more)))
        speaker.start()
        return speaker
    }

    /// Both speakers with both sessions Established and all routes exchanged.
    func running() throws -> (site: RunningSpeaker, provider: RunningSpeaker) {
        let speakers = (site: try siteSpeaker(), provider: try providerSpeaker())
        #expect(speakers.site.waitForTables() && speakers.provider.waitForTables())
        return speakers
    }

    /// A neighbour for the provider, which waits for it, with a session over IPv4 in Established.
    func fakeSite(_ more: [JSON.Member] = [], _ capabilities: [Capability] = FakePeer.capabilities) throws -> (
        FakePeer, RunningSpeaker
    ) {
        let speaker = try providerSpeaker([.init("passive", true)] + more)
        let peer = try FakePeer(site, from: "10.1.0.1", to: "10.1.0.0")
        try peer.open(capabilities)
        _ = try #require(speaker.waitForSession("10.1.0.1", "Established"))
        return (peer, speaker)
    }
}

extension RunningSpeaker {
    /// Waits until both sessions are Established and have brought their tables.
    func waitForTables(within seconds: Double = 30) -> Bool {
        wait(within: seconds) {
            $0["event"] == "idle"
                && $0["sessions"]?.array?.allSatisfy { $0["state"] == "Established" && $0["end_of_rib"] == true }
                    == true
        } != nil
    }

    /// The state of the sessions, in the order of the configuration.
    func states() throws -> [String] {
        try #require(try ask("counters")["sessions"]?.array).map { $0["state"]?.string ?? "" }
    }
}
