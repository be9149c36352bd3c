import BGPSession
import BGPTable
import BGPWire
import JSON
import Net
import Sys

/// Messages of each type, over all sessions since the start.
struct MessageCounters {
    private var counts: (open: Int, update: Int, notification: Int, keepalive: Int, refresh: Int) = (0, 0, 0, 0, 0)

    subscript(_ type: MessageType) -> Int {
        get {
            switch type {
            case .open: counts.open
            case .update: counts.update
            case .notification: counts.notification
            case .keepalive: counts.keepalive
            case .routeRefresh: counts.refresh
            }
        }
        set {
            switch type {
            case .open: counts.open = newValue
            case .update: counts.update = newValue
            case .notification: counts.notification = newValue
            case .keepalive: counts.keepalive = newValue
            case .routeRefresh: counts.refresh = newValue
            }
        }
    }

    fileprivate var json: JSON {
        [
            "total": .int(counts.open + counts.update + counts.notification + counts.keepalive + counts.refresh),
            "open": .int(counts.open), "update": .int(counts.update), "notification": .int(counts.notification),
            "keepalive": .int(counts.keepalive), "route_refresh": .int(counts.refresh),
        ]
    }
}

extension Neighbour {
    /// The neighbour for people: what is configured, what was agreed on, and what was counted. Times are in milliseconds.
    var view: JSON {
        let now = Clock.monotonic()
        func since(_ time: Nanoseconds?) -> JSON { time.map { .int(Int((now - $0) / 1_000_000)) } ?? .null }
        let open = receivedOpen.flatMap { try? OpenMessage(decoding: $0.span.bytes) }
        return [
            "name": .string(configuration.name), "address": .string(configuration.address.description),
            "local_address": .string(configuration.localAddress.description),
            "asn": .int(Int(configuration.asn.rawValue)), "relation": .string(configuration.relation.rawValue),
            "state": .string(stateName), "uptime_ms": since(negotiated == nil ? nil : establishedAt),
            "established": .int(establishedCount),
            "router_id": negotiated.map { .string($0.identifier.description) } ?? .null,
            "hold_time_s": negotiated.map { .int(Int($0.holdTime)) } ?? .null,
            "families": .array(negotiated?.families.elements.map { .string($0.rawValue) } ?? []),
            "capabilities": [
                "sent": .array(ownOpen.capabilities.map { .string($0.text) }),
                "received": .array(open?.capabilities.map { .string($0.text) } ?? []),
            ],
            "messages": ["received": messagesReceived.json, "sent": messagesSent.json],
            "prefixes": [
                "received": .int(speaker.table.receivedCount(from: id)),
                "accepted": .int(speaker.table.acceptedCount(from: id)),
                "damped": .int(speaker.table.dampedCount(from: id)),
                "advertised": .int(speaker.table.advertisedCount(to: id)),
            ],
            "treated_as_withdraw": .int(treatedAsWithdraw), "end_of_rib": .bool(isTableComplete),
            "last_error": lastEnd.map { .string("\($0)") } ?? .null, "last_error_ago_ms": since(lastEndAt),
        ]
    }
}

extension Capability {
    /// The capability for people.
    fileprivate var text: String {
        switch self {
        case .multiprotocol(let family): "multiprotocol \(family.text)"
        case .routeRefresh: "route refresh"
        case .extendedNextHop(let entries): (["extended next hop"] + entries.map(\.text)).joined(separator: " ")
        case .extendedMessage: "extended message"
        case .role(let role): "role \(role.text)"
        case .gracefulRestart(let restart): "graceful restart \(restart.restartTime) s"
        case .fourOctetASN(let asn): "4-octet AS \(asn)"
        case .addPath(let families): (["add-path"] + families.map(\.text)).joined(separator: " ")
        case .enhancedRouteRefresh: "enhanced route refresh"
        case .unknown(let code, _): "code \(code)"
        }
    }
}

extension AddPath {
    /// The family, and what the sender does: `ipv4 receive+send`.
    fileprivate var text: String {
        let words = [(AddPath.receive, "receive"), (AddPath.send, "send")].filter { directions & $0.0 != 0 }.map(\.1)
        return "\(family.text) \(words.joined(separator: "+"))"
    }
}

extension ExtendedNextHop {
    fileprivate var text: String { self == .ipv4ByIPv6 ? "ipv4 by ipv6" : "\(afi)/\(safi) by \(nextHopAFI)" }
}

extension FamilyIdentifier {
    fileprivate var text: String { family?.rawValue ?? "\(afi)/\(safi)" }
}

extension Role {
    fileprivate var text: String {
        switch self {
        case .provider: "provider"
        case .customer: "customer"
        case .peer: "peer"
        case .routeServer: "route server"
        case .routeServerClient: "route server client"
        default: "\(rawValue)"
        }
    }
}
