import CLinux
import Foundation
import Sys
import TestSupport
import Testing

/// A channel on one end, and the raw other end.
private final class Rig {
    let loop: EventLoop
    let channel: LineChannel
    let peer: Int32
    var lines: [String] = []
    var ends = 0

    init() throws {
        loop = try EventLoop()
        let (first, second) = try FileDescriptor.streamPair().release()
        channel = try LineChannel(loop, FileDescriptor(owning: first))
        peer = second
        channel.onLine = { [unowned self] line in lines.append(String(decoding: line, as: UTF8.self)) }
        channel.onEnd = { [unowned self] in
            ends += 1
            loop.stop()
        }
    }

    deinit { closePeer() }

    private var isOpen = true
    func closePeer() {
        if isOpen { close(peer) }
        isOpen = false
    }

    func write(_ text: String) throws {
        let bytes = Array(text.utf8)
        try #require(Glibc.write(peer, bytes, bytes.count) == bytes.count)
    }

    /// Lets the loop handle what is there now; fails after ten seconds without `condition`.
    func run(until condition: @escaping () -> Bool) throws {
        let limit = loop.schedule(after: 10_000_000_000) { [loop] in
            Issue.record("ten seconds passed")
            loop.stop()
        }
        loop.beforeSleep = { [loop] in if condition() { loop.stop() } }
        try loop.run()
        loop.beforeSleep = nil
        limit.cancel()
    }
}

@Suite struct LineChannelTests {
    @Test("Lines arrive whole, however they were cut and joined on the way") func framing() throws {
        let rig = try Rig()
        for piece in ["a", "b", "\n", "\n", "c\nd\ne", "f\ng"] {
            try rig.write(piece)
            try rig.run { rig.hasNothingToRead }
        }
        #expect(rig.lines == ["ab", "", "c", "d", "ef"])
        rig.closePeer()
        try rig.run { rig.ends > 0 }
        #expect(rig.lines == ["ab", "", "c", "d", "ef"], "a line without its end is no line")
        #expect(rig.ends == 1)
    }

    @Test("Lines that were sent before the other side closed are still delivered, the end last") func closing() throws {
        let rig = try Rig()
        try rig.write(String(repeating: "x\n", count: 50_000))
        rig.closePeer()
        try rig.run { rig.ends > 0 }
        #expect(rig.lines.count == 50_000 && rig.ends == 1)
        rig.channel.send("nobody hears".utf8)
        #expect(!rig.channel.hasUnsent && rig.channel.raw == nil)
    }

    @Test("10 MB wait for a slow reader, and arrive complete and in order") func backPressure() throws {
        let rig = try Rig()
        var expected: [UInt8] = []
        for number in 0..<1000 {
            let line = Array(("\(number) " + String(repeating: "x", count: 10_480)).utf8)
            rig.channel.send(line)
            expected += line + [UInt8(ascii: "\n")]
        }
        #expect(rig.channel.hasUnsent)
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        func readSome() {
            let count = recv(rig.peer, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            if count > 0 { received += chunk[..<count] }
            if received.count >= expected.count { rig.loop.stop() } else { rig.loop.schedule(after: 0) { readSome() } }
        }
        rig.loop.schedule(after: 0) { readSome() }
        try rig.run { false }
        #expect(received == expected)
        #expect(!rig.channel.hasUnsent)
    }

    @Test("A reader that never reads does not hold up the sender, and its end ends the channel once") func deadReader()
        throws
    {
        let rig = try Rig()
        for _ in 0..<100 { rig.channel.send([UInt8](repeating: 120, count: 10_000)) }
        #expect(rig.channel.hasUnsent)
        rig.closePeer()
        try rig.run { rig.ends > 0 }
        #expect(rig.ends == 1)
    }

    @Test("A line that is too long ends the channel, whoever writes and however fast") func overlong() throws {
        let rig = try Rig()
        let peer = dup(rig.peer)
        let writer = Thread {
            let chunk = [UInt8](repeating: 120, count: 1 << 16)
            // Ends when the channel closes: the write fails.
            while Glibc.send(peer, chunk, chunk.count, Int32(MSG_NOSIGNAL)) > 0 {}
            close(peer)
        }
        writer.start()
        try rig.run { rig.ends > 0 }
        #expect(rig.ends == 1 && rig.lines.isEmpty)
    }

    @Test("A line as long as is allowed arrives") func longest() throws {
        let rig = try Rig()
        let peer = rig.peer
        let line = [UInt8](repeating: 120, count: LineChannel.longestLine)
        var count = 0
        rig.channel.onLine = { count = $0.count }
        let writer = Thread {
            let all = line + [UInt8(ascii: "\n")]
            _ = Glibc.send(peer, all, all.count, Int32(MSG_NOSIGNAL))
        }
        writer.start()
        try rig.run { count > 0 || rig.ends > 0 }
        #expect(count == LineChannel.longestLine)
    }

    @Test("A channel closed from its own line handler delivers nothing more and does not say that it ended")
    func closedInside() throws {
        let rig = try Rig()
        var seen = 0
        rig.channel.onLine = { _ in
            seen += 1
            rig.channel.close()
        }
        try rig.write("a\nb\nc\n")
        try rig.run { seen > 0 }
        #expect(seen == 1 && rig.ends == 0)
        #expect(recv(rig.peer, nil, 0, 0) == 0, "the other side sees the end")
    }

    @Test("A channel that is let go closes its descriptor and leaves the loop") func released() throws {
        let loop = try EventLoop()
        let (first, second) = try FileDescriptor.streamPair().release()
        var channel: LineChannel? = try LineChannel(loop, FileDescriptor(owning: first))
        #expect(channel?.raw == first)
        channel = nil
        var byte: UInt8 = 0
        #expect(recv(second, &byte, 1, 0) == 0)
        close(second)
    }
}

extension Rig {
    /// Whether the channel has read all that was written.
    fileprivate var hasNothingToRead: Bool {
        guard let raw = channel.raw else { return true }
        var byte: UInt8 = 0
        return recv(raw, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) <= 0
    }
}
