import BGPTable
import Foundation
import JSON
import Net
import Sys
import TestSupport
import Testing

@testable import BGPSpeaker

/// Looks again and again until `condition` holds; false after `seconds`.
func eventually(within seconds: Double = 30, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = Clock.monotonic() + Nanoseconds(seconds * 1e9)
    while Clock.monotonic() < end {
        if try condition() { return true }
        usleep(2000)
    }
    return try condition()
}

/// A network namespace of one test with what runs in it. Removed whatever the test does.
final class TestNode {
    let name: String
    private var links = 0

    init() throws {
        name = "bgptest-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try run("ip", ["netns", "add", name])
        try run("ip", ["-n", name, "link", "set", "lo", "up"])
        // Addresses stay when a link goes down, as the supervisor of a lab has it.
        for setting in ["all.keep_addr_on_down=1", "default.keep_addr_on_down=1", "default.accept_dad=0"] {
            try run("ip", ["netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.\(setting)"])
        }
    }

    deinit { _ = try? run("ip", ["netns", "del", name]) }

    @discardableResult
    func ip(_ arguments: String...) throws -> String { try run("ip", ["-n", name] + arguments) }

    /// The kernel's route to a prefix, or an empty text.
    func route(_ prefix: String) throws -> String {
        try run("ip", ["-n", name, prefix.contains(":") ? "-6" : "-4", "route", "show", "exact", prefix])
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Joins two nodes. Here is `number` * 2, there one more, in 10.1.0.0/16 and 2001:db8:1::/48. The interface indexes
    /// differ: of a veth with equal ones the kernel tells a lost carrier up to a second later.
    func link(_ interface: String, to other: TestNode, _ otherInterface: String, number: Int) throws {
        try ip(
            "link", "add", interface, "index", "\(100 + number)", "type", "veth", "peer", "name", otherInterface,
            "netns",
            other.name, "index", "\(200 + number)")
        for (node, interface, host) in [(self, interface, number * 2), (other, otherInterface, number * 2 + 1)] {
            try node.ip("addr", "add", "10.1.0.\(host)/31", "dev", interface)
            try node.ip("addr", "add", "2001:db8:1::\(String(host, radix: 16))/127", "dev", interface, "nodad")
            try node.ip("link", "set", interface, "up")
        }
        // The kernel may tell of the carrier from a worker of its own: a speaker that looks before has a dead link.
        for (node, interface) in [(self, interface), (other, otherInterface)] {
            #expect(try eventually { try node.ip("link", "show", "dev", interface).contains("state UP") })
        }
    }
}

/// A speaker on a thread of its own inside of a namespace, and the supervisor's end of its control channel.
final class RunningSpeaker {
    private let channel: FileDescriptor
    private var received: [UInt8] = []
    private let ended = DispatchSemaphore(value: 0)
    private var hasEnded = false
    private(set) var messages: [JSON] = []

    /// Starts and waits until it is ready. Sessions start with ``start()``.
    init(_ node: TestNode, _ configuration: JSON, limits: TableLimits = TableLimits()) throws {
        let ends = try FileDescriptor.streamPair().release()
        channel = FileDescriptor(owning: ends.0)
        let namespace = "/run/netns/\(node.name)"
        let other = ends.1
        let ended = ended
        Thread.detachNewThread {
            do {
                try NetworkNamespace.open(namespace).enter()
                let loop = try EventLoop()
                let speaker = try Speaker(try SpeakerConfiguration(configuration), loop)
                speaker.table.limits = limits
                let control = try ControlChannel(ControlCommands(speaker: speaker), FileDescriptor(owning: other))
                control.sendReady()
                try withExtendedLifetime(control) { try loop.run() }
            } catch {
                Issue.record("speaker: \(error)")
            }
            ended.signal()
        }
        _ = try #require(wait { $0["event"] == "ready" }, "not ready")
    }

    deinit { stop() }

    func start() { send(["do": "start"]) }

    func send(_ message: JSON) { send(text: message.description + "\n") }
    func send(text: String) { try? channel.writeAll(text.utf8) }

    /// Asks a question and answers the reply.
    func ask(_ verb: String, _ members: [JSON.Member] = []) throws -> JSON {
        let id = Int.random(in: 1...1_000_000)
        send(.object([.init("do", .string(verb)), .init("id", .int(id))] + members))
        return try #require(wait { $0["reply"] == .int(id) })
    }

    /// Says "stop" and waits for the end of the thread.
    func stop() {
        guard !hasEnded else { return }
        send(["do": "stop"])
        waitForEnd()
    }

    /// Goes away without a word and waits for the end of the thread.
    func abandon() {
        shutdown(channel.raw, Int32(SHUT_RDWR))
        waitForEnd()
    }

    private func waitForEnd() {
        hasEnded = ended.wait(timeout: .now() + 30) == .success
        if !hasEnded { Issue.record("the speaker did not stop") }
    }

    /// The first message since the last call of any wait that `isMeant`; nil when none comes.
    func wait(within seconds: Double = 30, _ isMeant: (JSON) -> Bool) -> JSON? {
        let end = Clock.monotonic() + Nanoseconds(seconds * 1e9)
        while true {
            while let message = nextMessage() {
                messages.append(message)
                if isMeant(message) { return message }
            }
            let left = (end - Clock.monotonic()) / 1_000_000
            var entry = pollfd(fd: channel.raw, events: Int16(POLLIN), revents: 0)
            guard left > 0, poll(&entry, 1, Int32(left)) == 1 else { return nil }
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = read(channel.raw, &chunk, chunk.count)
            guard count > 0 else { return nil }
            received += chunk[..<count]
        }
    }

    private func nextMessage() -> JSON? {
        guard let end = received.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { received.removeSubrange(...end) }
        return try? JSON(parsing: received[..<end])
    }

    /// Waits until a session is in a state.
    func waitForSession(_ peer: String, _ state: String, within seconds: Double = 30) -> JSON? {
        wait(within: seconds) {
            $0["event"] == "session" && $0["peer"] == .string(peer) && $0["state"] == .string(state)
        }
    }
}

/// One end of a link of ``TestNode/link(_:to:_:number:)`` as a neighbour of the other.
struct NeighbourText {
    var name: String
    var asn: Int
    var interface: String
    var relation: String
    /// The number of the link, and whether this is the end with the even addresses.
    var link: Int
    var isEven: Bool

    private func address(_ family: AddressFamily, _ isEven: Bool) -> String {
        let host = link * 2 + (isEven ? 0 : 1)
        switch family {
        case .ipv4: return "10.1.0.\(host)"
        // ::0 is written without the zero.
        case .ipv6: return host == 0 ? "2001:db8:1::" : "2001:db8:1::\(String(host, radix: 16))"
        }
    }

    /// The neighbour's address.
    func remote(_ family: AddressFamily) -> String { address(family, !isEven) }

    /// The two sessions with it.
    func json(_ more: [JSON.Member] = []) -> [JSON] {
        AddressFamily.allCases.map { family in
            .object(
                [
                    .init("name", .string(name)), .init("address", .string(remote(family))),
                    .init("local_address", .string(address(family, isEven))), .init("asn", .int(asn)),
                    .init("interface", .string(interface)), .init("relation", .string(relation)),
                    .init("families", [.string(family.rawValue)]),
                ] + more)
        }
    }
}

/// The configuration of a speaker with the timers of the fast preset.
func configuration(
    _ node: String, asn: Int, identifier: String, originate: [String], _ neighbours: [JSON], _ more: [JSON.Member] = []
) -> JSON {
    let members: [JSON.Member] = [
        .init("node", .string(node)), .init("asn", .int(asn)), .init("router_id", .string(identifier)),
        .init("families", ["ipv4", "ipv6"]),
        .init("originate", .array(originate.map { .string($0) })),
        .init("timers", ["hold_ms": 9000, "connect_retry_ms": 250, "mrai_external_ms": 0, "mrai_internal_ms": 0]),
        .init("neighbors", .array(neighbours)), .init("kernel", true),
    ]
    return .object(members + more)
}
