import Foundation
import Net
import Netlink
import Sys
import TestSupport
import Testing

/// A network namespace for one test, under /run/netns so that ip(8) can look into it. Removed whatever the test does.
final class TestNamespace {
    let name: String
    let namespace: NetworkNamespace
    let session: NetlinkSession

    var reference: NamespaceReference { NamespaceReference(namespace, name: name) }

    init() throws {
        name = "nltest-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try run("ip", "netns", "add", name)
        do {
            namespace = try NetworkNamespace.open("/run/netns/\(name)")
            session = try NetlinkSession(in: namespace, name: name)
        } catch {
            _ = try? run("ip", "netns", "del", name)
            throw error
        }
    }

    deinit { _ = try? run("ip", "netns", "del", name) }

    /// What `ip -j ...` says inside.
    func ip(_ arguments: String...) throws -> [[String: Any]] {
        try json(run("ip", ["-n", name, "-j"] + arguments))
    }

    /// What `tc -j ...` says inside.
    func tc(_ arguments: String...) throws -> [[String: Any]] {
        try json(run("tc", ["-n", name, "-j"] + arguments))
    }

    private func json(_ text: String) throws -> [[String: Any]] {
        // ip prints {} for an interface it filtered out.
        let list = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        return try #require(list).filter { !$0.isEmpty }
    }

    /// A veth between this namespace and another; both ends up. Their indexes differ, so that a lost carrier is told at once.
    func veth(_ here: String, to other: TestNamespace, _ there: String) throws -> (here: UInt32, there: UInt32) {
        let taken = try session.interfaces().map(\.index).max() ?? 1
        let indexes = (here: taken + 1, there: taken + 1001)
        try session.send(
            VethCreation(.init(here, index: indexes.here), .init(there, in: other.reference, index: indexes.there)))
        try session.send(LinkChange(.index(indexes.here), isUp: true))
        try other.session.send(LinkChange(.index(indexes.there), isUp: true))
        return indexes
    }
}

/// Tests write addresses as text; a slip must fail there and then.
func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text), "\(text)") }
func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text), "\(text)") }
func mac(_ text: String) throws -> MACAddress { try #require(MACAddress(text), "\(text)") }

/// Waits until a descriptor can be read; false after a second.
func waitToRead(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 1000) == 1
}
