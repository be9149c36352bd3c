import Glibc
import Sys
import Testing

@testable import LinkWire

/// A pair of datagram sockets stands in for TAP devices: one read is one frame there, too.
private final class Datagrams {
    let near: FileDescriptor
    let far: FileDescriptor

    init() throws {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try systemCall("socketpair") { socketpair(AF_UNIX, type, 0, &ends) }
        near = FileDescriptor(owning: ends[0])
        far = FileDescriptor(owning: ends[1])
        for end in ends { try Socket.set(end, SOL_SOCKET, SO_SNDBUF, 1 << 20) }
    }

    func put(_ bytes: [UInt8]) -> Bool { write(far.raw, bytes, bytes.count) == bytes.count }

    func take() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 100_000)
        let count = read(far.raw, &buffer, buffer.count)
        return count >= 0 ? Array(buffer[..<count]) : nil
    }
}

/// The pool behind a reference: `#expect` can neither copy it nor change it.
private final class Pool {
    private var pool: FramePool
    init(capacity: Int) throws { pool = try FramePool(capacity: capacity) }
    var used: Int { pool.used }
    func read(from socket: Int32) -> Int? { pool.read(from: socket) }
    func keep(length: Int) -> Frame { pool.keep(length: length) }
    func passOn(length: Int, to socket: Int32) -> Int { pool.passOn(length: length, to: socket) }
    func send(_ frame: Frame, to socket: Int32) -> Int { pool.send(frame, to: socket) }
    func copy(_ frame: Frame) -> Frame? { pool.copy(frame) }
    func release(_ frame: Frame) { pool.release(frame) }
    func trim() { pool.trim() }
}

private func frame(_ length: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}

/// Both sides of every block boundary that matters.
private let lengths = [1, 10, 64, 2047, 2048, 2049, 4095, 4096, 4097, 65_535, 65_536, 67_583, 67_584]

@Suite struct FramePoolTests {
    @Test(arguments: lengths)
    func aKeptFrameComesOutAsItWentIn(length: Int) throws {
        let link = try Datagrams()
        let pool = try Pool(capacity: 256)
        let bytes = frame(length, seed: UInt64(length))
        #expect(link.put(bytes))
        #expect(pool.read(from: link.near.raw) == length)
        let kept = pool.keep(length: length)
        #expect(pool.used == FramePool.blocks(length))
        // Another frame must not disturb it.
        #expect(link.put(frame(5_000, seed: 1)))
        #expect(pool.read(from: link.near.raw) == 5_000)
        #expect(pool.send(kept, to: link.near.raw) == length)
        #expect(link.take() == bytes)
        pool.release(kept)
        #expect(pool.used == 0)
    }

    @Test(arguments: lengths)
    func aFramePassedOnIsTheFrameRead(length: Int) throws {
        let link = try Datagrams()
        let pool = try Pool(capacity: 64)
        let bytes = frame(length, seed: UInt64(length))
        for _ in 0..<3 {
            #expect(link.put(bytes))
            #expect(pool.read(from: link.near.raw) == length)
            #expect(pool.passOn(length: length, to: link.near.raw) == length)
            #expect(link.take() == bytes)
        }
    }

    @Test(arguments: lengths)
    func aCopyIsIndependent(length: Int) throws {
        let link = try Datagrams()
        let pool = try Pool(capacity: 256)
        let bytes = frame(length, seed: 9)
        #expect(link.put(bytes))
        #expect(pool.read(from: link.near.raw) == length)
        let kept = pool.keep(length: length)
        let copy = try #require(pool.copy(kept))
        pool.release(kept)
        #expect(link.put(frame(67_584, seed: 2)))
        #expect(pool.read(from: link.near.raw) == 67_584)
        #expect(pool.send(copy, to: link.near.raw) == length)
        #expect(link.take() == bytes)
        pool.release(copy)
        #expect(pool.used == 0)
    }

    @Test func manyFramesOfAllSizesShareThePoolUnharmed() throws {
        let link = try Datagrams()
        let pool = try Pool(capacity: 400)
        var random = SplitMix64(seed: 21)
        var held: [(Frame, [UInt8])] = []
        var refused = 0
        for step in 0..<UInt64(600) {
            if random.next() % 3 > 0 {
                let bytes = frame(Int(random.next() % 20_000) + 1, seed: step)
                guard link.put(bytes) else { continue }
                guard let length = pool.read(from: link.near.raw) else {
                    refused += 1
                    var rest = [UInt8](repeating: 0, count: 1)
                    #expect(read(link.near.raw, &rest, 1) == 1)
                    continue
                }
                held.append((pool.keep(length: length), bytes))
            } else if !held.isEmpty {
                let (kept, bytes) = held.remove(at: Int(random.next() % UInt64(held.count)))
                #expect(pool.send(kept, to: link.near.raw) == bytes.count)
                #expect(link.take() == bytes)
                pool.release(kept)
            }
            #expect(pool.used == held.reduce(0) { $0 + FramePool.blocks($1.1.count) })
        }
        #expect(refused > 0, "the pool is meant to run out here")
    }

    @Test func anExhaustedPoolSaysSoAndRecovers() throws {
        let link = try Datagrams()
        let pool = try Pool(capacity: FramePool.longest + 2)
        var held: [Frame] = []
        for _ in 0..<3 {
            #expect(link.put([1]))
            #expect(pool.read(from: link.near.raw) == 1)
            held.append(pool.keep(length: 1))
        }
        #expect(pool.read(from: link.near.raw) == nil)
        #expect(pool.copy(held[0]) == nil)
        #expect(pool.used == 3)
        pool.release(held[0])
        #expect(pool.read(from: link.near.raw) == -1, "nothing to read, but room for it")
    }

    @Test func aDrainedPoolGivesItsMemoryBackAndGoesOn() throws {
        let link = try Datagrams()
        let pool = try Pool(capacity: 8_192)
        for round in 0..<2 {
            var held: [Frame] = []
            for _ in 0..<100 {
                #expect(link.put(frame(60_000, seed: 4)))
                #expect(pool.read(from: link.near.raw) == 60_000)
                held.append(pool.keep(length: 60_000))
            }
            let before = residentPages()
            for kept in held { pool.release(kept) }
            pool.trim()
            #expect(before - residentPages() > 300, "round \(round): 6 MB were used, 4 MB are kept")
        }
    }

    private func residentPages() -> Int {
        let text = (try? Files.read("/proc/self/statm")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
