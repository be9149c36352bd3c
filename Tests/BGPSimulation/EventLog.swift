import BGPSession
import BGPTable
public import BGPWire
import Net

/// All that happened at one router, as text: the head of ``RouterDescription``, and a line for each input (`>`) and output
/// (`<`) with the time in seconds. Octets are hexadecimal, a marker of 16 octets FF is `*`, and behind `#` stands what they mean.
///
///     0.010000 > r2 octets outgoing *001304
///     # KEEPALIVE
///     0.010000 < best 192.0.2.0/24 r2 path 65002 65003 by AS path length
public struct EventLog: Sendable {
    /// The lines.
    public private(set) var text: String
    private let names: [String]

    /// Begins a log.
    public init(_ description: RouterDescription) {
        text = description.description
        names = description.neighbours.map(\.name)
    }

    /// Appends an input and what came of it. An input of which nothing comes but that it was looked at is left out.
    public mutating func append(_ input: SimulatedRouter.Input, _ outputs: [SimulatedRouter.Output], at now: UInt64) {
        if input == .work, outputs.isEmpty { return }
        let time = Self.time(now)
        append("\(time) > \(line(input))")
        if case .octets(let index, _, let octets) = input { explain(octets, from: index) }
        for output in outputs {
            append("\(time) < \(line(output))")
            if case .octets(let index, _, let octets) = output { explain(octets, from: index) }
        }
    }

    private mutating func append(_ line: String) { text += line + "\n" }

    /// Runs a log again: the same head and the same inputs, with what comes out now. Nil when it is no log.
    public static func replay(_ text: String) -> String? {
        let lines = text.split(separator: "\n")
        guard let description = RouterDescription(parsing: lines) else { return nil }
        var router = SimulatedRouter(description)
        var log = EventLog(description)
        for line in lines where !line.hasPrefix("#") {
            var words = Words(line)
            guard let time = words.next().flatMap(parseTime), words.next() == ">" else { continue }
            guard let input = log.input(&words) else { return nil }
            log.append(input, router.handle(input, at: time), at: time)
        }
        return log.text
    }

    /// The messages in octets; those behind an error are left out.
    public static func messages(in octets: [UInt8]) -> [(type: MessageType, body: [UInt8])] {
        var reader = MessageReader(maximumLength: MessageHeader.extendedMaximumLength)
        reader.isEnhancedRouteRefresh = true
        reader.append(octets.span.bytes)
        var result: [(type: MessageType, body: [UInt8])] = []
        while let frame = try? reader.next() {
            result.append((frame.type, reader.withBody(of: frame) { body in body.withUnsafeBytes { Array($0) } }))
        }
        return result
    }
}

// MARK: - Lines

extension EventLog {
    private static func time(_ now: UInt64) -> String {
        let microseconds = String(now % 1_000_000_000 / 1000)
        return "\(now / 1_000_000_000)." + String(repeating: "0", count: 6 - microseconds.count) + microseconds
    }

    private static func parseTime(_ text: String) -> UInt64? {
        let parts = text.split(separator: ".")
        guard parts.count == 2, parts[1].count == 6, let seconds = UInt64(parts[0]), let rest = UInt64(parts[1]) else {
            return nil
        }
        return seconds * 1_000_000_000 + rest * 1000
    }

    private func line(_ input: SimulatedRouter.Input) -> String {
        switch input {
        case .start(let index): "\(names[index]) start"
        case .stop(let index): "\(names[index]) stop"
        case .linkDown(let index): "\(names[index]) link-down"
        case .linkUp(let index): "\(names[index]) link-up"
        case .connected(let index): "\(names[index]) connected"
        case .offered(let index): "\(names[index]) offered"
        case .refresh(let index): "\(names[index]) refresh"
        case .suppress(let index, let prefix): "\(names[index]) suppress \(prefix?.description ?? "nothing")"
        case .failed(let index, let origin): "\(names[index]) failed \(origin)"
        case .octets(let index, let origin, let octets): "\(names[index]) octets \(origin) \(Self.hex(octets))"
        case .originate(let prefix): "originate \(prefix)"
        case .withdraw(let prefix): "withdraw \(prefix)"
        case .timer: "timer"
        case .work: "work"
        }
    }

    private func input(_ words: inout Words) -> SimulatedRouter.Input? {
        guard let first = words.next() else { return nil }
        switch first {
        case "timer": return .timer
        case "work": return .work
        case "originate": return words.next().flatMap { IPPrefix($0) }.map { .originate($0) }
        case "withdraw": return words.next().flatMap { IPPrefix($0) }.map { .withdraw($0) }
        default: break
        }
        guard let index = names.firstIndex(of: first), let verb = words.next() else { return nil }
        switch verb {
        case "start": return .start(index)
        case "stop": return .stop(index)
        case "link-down": return .linkDown(index)
        case "link-up": return .linkUp(index)
        case "connected": return .connected(index)
        case "offered": return .offered(index)
        case "refresh": return .refresh(index)
        case "suppress": return .suppress(index, words.next().flatMap { IPPrefix($0) })
        default: break
        }
        guard let word = words.next(),
            let origin = [ConnectionOrigin.outgoing, .incoming].first(where: { "\($0)" == word })
        else { return nil }
        switch verb {
        case "failed": return .failed(index, origin)
        case "octets": return words.next().flatMap(Self.octets).map { .octets(index, origin, $0) }
        default: return nil
        }
    }

    private func line(_ output: SimulatedRouter.Output) -> String {
        switch output {
        case .connect(let index): return "\(names[index]) connect"
        case .accept(let index): return "\(names[index]) accept"
        case .refuse(let index, let octets): return "\(names[index]) refuse \(Self.hex(octets))"
        case .octets(let index, let origin, let octets):
            return "\(names[index]) octets \(origin) \(Self.hex(octets))"
        case .close(let index, let origin): return "\(names[index]) close \(origin)"
        case .established(let index): return "\(names[index]) Established"
        case .ended(let index, let reason): return "\(names[index]) ended: \(reason)"
        case .damped(let index, let change):
            let until = change.reuseTime.map { "suppressed until \(Self.time($0))" } ?? "used again"
            return "\(names[index]) \(change.route.prefix) \(until), figure \(change.figure)"
        case .best(let prefix, nil, _): return "best \(prefix) none"
        case .best(let prefix, .some(let route), let path):
            let from = route.peer == .local ? "local" : names[Int(route.peer.rawValue) - 1]
            return "best \(prefix) \(from) path \(path) by \(route.step)"
        }
    }

    // MARK: Octets

    private static let marker = [UInt8](repeating: 0xFF, count: 16)
    private static let digits = Array("0123456789ABCDEF")

    private static func hex(_ octets: [UInt8]) -> String {
        var text = ""
        var rest = octets[...]
        while let octet = rest.first {
            if rest.starts(with: marker) {
                text += "*"
                rest = rest.dropFirst(16)
            } else {
                text.append(digits[Int(octet >> 4)])
                text.append(digits[Int(octet & 15)])
                rest = rest.dropFirst()
            }
        }
        return text
    }

    private static func octets(_ text: String) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = text.utf8[...]
        while let first = rest.first {
            if first == UInt8(ascii: "*") {
                result += marker
                rest = rest.dropFirst()
            } else {
                guard rest.count >= 2, let octet = UInt8(String(rest.prefix(2)) ?? "", radix: 16) else { return nil }
                result.append(octet)
                rest = rest.dropFirst(2)
            }
        }
        return result
    }

    private mutating func explain(_ octets: [UInt8], from index: Int) {
        for message in Self.messages(in: octets) { append("# \(Self.explanation(message.type, message.body))") }
    }

    private static func explanation(_ type: MessageType, _ body: [UInt8]) -> String {
        switch type {
        case .open:
            guard let open = try? OpenMessage(decoding: body.span.bytes) else { return "OPEN, wrong" }
            return "OPEN AS \(open.asn.rawValue) identifier \(open.identifier) hold \(open.holdTime)"
        case .keepalive: return "KEEPALIVE"
        case .notification: return "NOTIFICATION \(NotificationMessage(decoding: body.span.bytes))"
        case .routeRefresh: return "ROUTE-REFRESH subtype \(body.count > 2 ? body[2] : 0)"
        case .update:
            let context = UpdateContext(isInternal: false, isFourOctetASN: true, families: [.ipv4, .ipv6])
            guard let update = try? UpdateMessage(decoding: body.span.bytes, context: context) else {
                return "UPDATE, wrong"
            }
            if let family = update.endOfRIB { return "UPDATE End-of-RIB \(family.rawValue)" }
            return "UPDATE" + update.withdrawn.map { " withdraw \($0)" }.joined()
                + update.announcements.map { announcement in
                    announcement.prefixes.map { " announce \($0)" }.joined() + " path \(announcement.attributes.asPath)"
                }.joined()
        }
    }
}
