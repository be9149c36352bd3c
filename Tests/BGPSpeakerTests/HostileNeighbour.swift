import BGPWire
import JSON
import Net
import Testing

@testable import BGPSpeaker

/// What a wrong message does to the session and to the routes that it names.
enum BadMessageOutcome: Sendable {
    /// The session ends with exactly this NOTIFICATION.
    case reset(NotificationMessage)
    /// The session lives and the route is gone (RFC 7606, "treat-as-withdraw").
    case withdrawn
    /// The session lives and the route is the one of the message, without what was wrong ("attribute discard").
    case taken
    /// The session lives and the route that was there before stays.
    case kept
    /// The session lives; the route is known and not used.
    case unusable

    static func reset(_ reason: NotificationReason, _ data: [UInt8] = []) -> Self {
        .reset(NotificationMessage(reason, data: data))
    }
}

/// The speaker of AS 65010 at 10.1.0.0 and, at 10.1.0.1, a neighbour whose every octet a test writes. When the speaker has
/// ended a session, the next one begins as if nothing had been.
final class HostileNeighbour {
    /// What the neighbour is to the speaker.
    enum Kind: CaseIterable {
        /// A customer, AS 64500, with AS numbers of four octets.
        case external
        /// The same with AS numbers of two octets.
        case twoOctet
        /// A router of the speaker's own AS.
        case `internal`
    }

    /// The route that the cases are about, as it is before each of them.
    static let network = "203.0.113.0/24"
    static let nlri: [UInt8] = [24, 203, 0, 113]

    let kind: Kind
    let speaker: RunningSpeaker
    private let pair: FeaturePair
    private var peer: FakePeer?
    private var sentinels = 0

    init(_ kind: Kind) throws {
        self.kind = kind
        pair = try FeaturePair()
        let isInternal = kind == .internal
        let neighbour: JSON = [
            "name": "site", "address": "10.1.0.1", "local_address": "10.1.0.0", "asn": isInternal ? 65010 : 64500,
            "interface": "to-site", "relation": isInternal ? "internal" : "customer", "passive": true,
        ]
        speaker = try RunningSpeaker(
            pair.provider, configuration("provider", asn: 65010, identifier: "10.0.0.2", originate: [], [neighbour]))
        speaker.start()
    }

    /// The neighbour's AS.
    var asn: UInt32 { kind == .internal ? 65010 : 64500 }

    /// An OPEN of the neighbour. Without `capabilities` it offers what its kind has.
    func open(_ capabilities: [Capability]? = nil, holdTime: UInt16 = 90, identifier: String = "10.0.0.1") -> [UInt8] {
        var offered: [Capability] = [
            .multiprotocol(FamilyIdentifier(.ipv4)), .multiprotocol(FamilyIdentifier(.ipv6)), .routeRefresh,
            .enhancedRouteRefresh,
        ]
        if kind != .twoOctet { offered.append(.fourOctetASN(ASN(asn))) }
        var bytes: [UInt8] = []
        OpenMessage(
            asn: ASN(asn), holdTime: holdTime, identifier: IPv4Address(identifier) ?? .any,
            capabilities: capabilities ?? offered
        ).encode(to: &bytes)
        return bytes
    }

    /// A TCP connection that the speaker has taken, without a word on it. An earlier one ends.
    @discardableResult
    func connect() throws -> FakePeer {
        peer = nil
        for verb in ["shut", "unshut"] {
            speaker.send(["do": .string(verb), "peer": "10.1.0.1", "id": 1])
            _ = try #require(speaker.wait { $0["reply"] == 1 })
        }
        let connection = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        #expect(connection.opens(within: 5))
        peer = connection
        return connection
    }

    /// A session in Established: the one that there is, or a new one.
    func session() throws -> FakePeer {
        if let peer { return peer }
        let connection = try connect()
        connection.send(open())
        connection.keepalive()
        _ = try #require(speaker.waitForSession("10.1.0.1", "Established"))
        return connection
    }

    /// Ends the session, if there is one, without a word.
    func forget() { peer = nil }

    /// Sends whole messages while the route to ``network`` is there, and looks at what comes of it.
    func expect(_ outcome: BadMessageOutcome, after messages: [UInt8], of network: String = network, _ text: Comment)
        throws
    {
        let connection = try session()
        connection.send(update(good(tail: [])))
        if network.contains(":") { connection.send(update(good6(tail: []), nlri: [])) }
        connection.send(messages)
        if case .reset(let notification) = outcome {
            let received = try connection.notification()
            #expect(received == notification, text)
            if received != nil { forget() }
            return
        }
        sentinels += 1
        let sentinel = "198.18.\(sentinels & 255).0/24"
        connection.send(update(good(tail: []), nlri: [24, 198, 18, UInt8(sentinels & 255)]))
        guard speaker.wait(within: 5, { $0["event"] == "best" && $0["prefix"] == .string(sentinel) }) != nil else {
            Issue.record("no sentinel route: \(text); \(String(describing: try connection.notification()))")
            forget()
            return
        }
        try check(outcome, network, text)
        connection.send(wholeUpdate([0, 4, 24, 198, 18, UInt8(sentinels & 255), 0, 0]))
    }

    private func check(_ outcome: BadMessageOutcome, _ network: String, _ text: Comment) throws {
        let answer = try speaker.ask("show", [.init("view", "prefix"), .init("prefix", .string(network))])
        let route = answer["paths"]?.array?.first
        let path = route?["as_path"]?.array?.compactMap(\.int)
        switch outcome {
        case .reset: break
        case .withdrawn: #expect(route == nil, text)
        case .taken: #expect(path == ownPath + [64511] && route?["best"] == true, text)
        case .kept: #expect(path == ownPath && route?["best"] == true, text)
        case .unusable: #expect(route?["best"] == false, text)
        }
    }

    private var ownPath: [Int] { kind == .internal ? [] : [64500] }
}

// MARK: - Messages

extension HostileNeighbour {
    /// The mandatory attributes of a good route, through the ASes of `tail` behind the neighbour's.
    func good(tail: [UInt32]) -> [[UInt8]] {
        [Self.origin, asPath(tail), Self.nextHop] + (kind == .internal ? [Self.localPreference] : [])
    }

    /// The same for an IPv6 route to 2001:db8:53::/48.
    func good6(tail: [UInt32]) -> [[UInt8]] {
        [Self.reach, Self.origin, asPath(tail)] + (kind == .internal ? [Self.localPreference] : [])
    }

    /// AS_PATH: the neighbour's AS, unless it is ours, and `tail`.
    func asPath(_ tail: [UInt32] = [64511]) -> [UInt8] {
        let numbers = (kind == .internal ? [] : [asn]) + tail
        guard !numbers.isEmpty else { return attribute(0x40, 2, []) }
        let octets = numbers.flatMap { number in
            (kind == .twoOctet ? [8, 0] : [24, 16, 8, 0]).map { UInt8(truncatingIfNeeded: number >> $0) }
        }
        return attribute(0x40, 2, [2, UInt8(numbers.count)] + octets)
    }

    static let origin = attribute(0x40, 1, [0])
    static let nextHop = attribute(0x40, 3, [10, 1, 0, 1])
    static let localPreference = attribute(0x40, 5, [0, 0, 0, 100])
    static let reach = attribute(0x80, 14, octets("0002 01 10 20010db8000100000000000000000001 00 30 20010db80053"))
    static let network6 = "2001:db8:53::/48"
}

/// An attribute with a length of one octet.
func attribute(_ flags: UInt8, _ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [flags, type, UInt8(truncatingIfNeeded: value.count)] + value
}

/// The octets that hexadecimal digits stand for.
func octets(_ text: String) -> [UInt8] {
    let digits = Array(text.filter { !$0.isWhitespace })
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
}

/// A message with a right header.
func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    let length = 19 + body.count
    return [UInt8](repeating: 0xFF, count: 16) + [UInt8(length >> 8), UInt8(length & 255), type] + body
}

/// An UPDATE of its whole body.
func wholeUpdate(_ body: [UInt8]) -> [UInt8] { message(2, body) }

/// An UPDATE that announces `nlri`.
func update(
    _ attributes: [[UInt8]], nlri: [UInt8] = HostileNeighbour.nlri, withdrawn: [UInt8] = []
) -> [UInt8] {
    let list = attributes.flatMap { $0 }
    return wholeUpdate(
        [UInt8(withdrawn.count >> 8), UInt8(withdrawn.count & 255)] + withdrawn
            + [UInt8(list.count >> 8), UInt8(list.count & 255)] + list + nlri)
}

extension FakePeer {
    func send(_ bytes: [UInt8]) { send { $0 = bytes } }
}
