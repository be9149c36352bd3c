import Glibc
import JSON
import Sys

/// What happened in a lab: a file of JSON lines, and those who follow it as it grows.
final class EventLog {
    private let file: FileDescriptor
    private var followers: [ObjectIdentifier: LineChannel] = [:]
    private var unwritten: [UInt8] = []

    /// Opens the log of a new lab. Throws `SystemError`.
    init(_ path: String) throws(SystemError) {
        file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
    }

    /// Writes an event. The times are added: `time_ns` is CLOCK_MONOTONIC (that of the daemon that saw it, if it said
    /// one), `wall_ns` counts from 1970.
    func record(_ event: String, _ members: [JSON.Member]) {
        var all: [JSON.Member] = []
        let now = Clock.monotonic()
        let time = members.first { $0.name == "time_ns" }?.value.int ?? Int(now)
        all.append(.init("time_ns", .int(time)))
        all.append(.init("wall_ns", .int(Int(Clock.wall()) - (Int(now) - time))))
        all.append(.init("event", .string(event)))
        all += members.filter { $0.name != "time_ns" && $0.name != "event" }
        var line: [UInt8] = []
        JSON.object(all).write(to: &line)
        append(line)
    }

    /// Writes an event as a daemon sent it, an object on a line with its `time_ns` and `wall_ns` in it; the node is put before
    /// its members. A large lab has a best path change every few microseconds while it comes up, and
    /// reading each of them would take longer than all speakers together.
    func record(_ line: ArraySlice<UInt8>, from prefix: [UInt8]) {
        append(prefix + line.dropFirst())
    }

    private func append(_ line: [UInt8]) {
        unwritten += line
        unwritten.append(UInt8(ascii: "\n"))
        if unwritten.count > 1 << 16 { flush() }
        for (key, follower) in followers {
            follower.send(line)
            if follower.unsentCount > Self.patience {
                followers[key] = nil
                follower.close()
            }
        }
    }

    /// Writes what was recorded since the last time; to be called before the supervisor sleeps.
    func flush() {
        guard !unwritten.isEmpty else { return }
        // A full disk must not end a lab that runs; whoever follows still sees the events.
        try? file.writeAll(unwritten)
        unwritten.removeAll(keepingCapacity: true)
    }

    /// A follower that lets so many bytes lie unread is let go: the file has all events.
    private static let patience = 8 << 20

    func follow(_ channel: LineChannel) { followers[ObjectIdentifier(channel)] = channel }
    func unfollow(_ channel: LineChannel) { followers[ObjectIdentifier(channel)] = nil }
}
