import Foundation
import Sys
import Synchronization
import TestSupport
import Testing

@testable import LabRuntime

@Suite struct LabPresenceTests {
    /// A name that no other test has: abstract names are those of the whole network namespace.
    private let name = "presence-\(getpid())-\(Int.random(in: 0..<1_000_000))"

    /// Holds the presence of a lab until somebody waits for its end. ``isGone`` says whether that has been.
    private final class Holder: Sendable {
        private let gone = Mutex(false)
        var isGone: Bool { gone.withLock { $0 } }

        /// Holds it on a thread of its own.
        func hold(_ presence: consuming LabPresence) {
            let raw = dup(LabPresenceTests.raw(presence))
            _ = consume presence
            Thread.detachNewThread { [self] in
                var poll = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
                Glibc.poll(&poll, 1, 10_000)
                gone.withLock { $0 = true }
                close(raw)
            }
        }
    }

    private static func raw(_ presence: borrowing LabPresence) -> Int32 {
        switch presence.socket {
        case .some(let socket): socket.raw
        case .none: -1
        }
    }

    private func announced() throws -> LabPresence {
        guard let presence = try LabPresence.announce(name) else { throw CancellationError() }
        return presence
    }

    @Test("Who is coming up is known by name, and nobody is once the last descriptor is closed") func names() throws {
        #expect(try !LabPresence.isHeld(name) && !LabPresence.names().contains(name))
        do {
            let presence = try announced()
            #expect(try LabPresence.isHeld(name) && LabPresence.names().contains(name))
            let second = FileDescriptor(owning: dup(Self.raw(presence)))
            _ = consume presence
            #expect(try LabPresence.isHeld(name))
            _ = consume second
        }
        #expect(try !LabPresence.isHeld(name) && !LabPresence.names().contains(name))
    }

    @Test("A lab without a folder is down when nobody is left who could make one") func down() throws {
        let holder = Holder()
        holder.hold(try announced())
        let name = name
        try inPrivateMachine { try Teardown.run(name) }
        #expect(holder.isGone)
    }

    @Test("A lab comes up when the one before is gone") func comesUpAgain() throws {
        let holder = Holder()
        holder.hold(try announced())
        let name = name
        let isAnnounced = try inPrivateMachine { try LabPresence.announce(name) != nil }
        #expect(isAnnounced && holder.isGone)
    }

    @Test("A lab that is up is not waited for, and its name is taken") func isUp() throws {
        let presence = try announced()
        let name = name
        try inPrivateMachine {
            do { _ = try Registry.claim(name) }
            let supervisor = try holdLock(LabPaths(name).lock)
            let isAnnounced = try LabPresence.announce(name) != nil
            #expect(!isAnnounced && !LabPresence.isSettled(name))
            #expect(try !LabPresence.names().contains(name))
            try Teardown.runIfStale(name)
            #expect(Registry.state(name) == .running(supervisor: supervisor.pid))
            try supervisor.signal(SIGKILL)
            _ = try supervisor.wait()
            try Teardown.run(name)
        }
        _ = consume presence
    }
}
