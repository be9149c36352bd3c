import DNSWire
import TestSupport
import Testing

@Suite struct MessageBuilderTests {
    /// What `body` builds in at most `limit` octets, without the header.
    private func build(limit: Int = 512, _ body: (inout MessageBuilder) throws -> Void) rethrows -> [UInt8] {
        var memory = [UInt8](repeating: 0xEE, count: limit + 20)
        var count = 0
        var span = memory.mutableSpan
        var bytes = span.mutableBytes
        var builder = MessageBuilder(into: &bytes, limit: limit)
        try body(&builder)
        count = builder.finish(id: 1, flags: []) ?? 12
        #expect(memory[limit...].allSatisfy { $0 == 0xEE })
        return Array(memory[12..<max(12, count)])
    }

    @Test func endsOfNamesBecomePointers() throws {
        let names = try ["www.hello.test", "mail.hello.test", "www.hello.test", "test", "."].map(DomainName.init(_:))
        let built = build { builder in
            for name in names { builder.putName(name.wire.span.bytes) }
        }
        #expect(
            built
                == hex(
                    """
                    03 777777 05 68656c6c6f 04 74657374 00 // 12: www.hello.test.
                    04 6d61696c c010                       // mail, hello.test. at 16
                    c00c                                   // www.hello.test. at 12
                    c016                                   // test. at 22
                    00                                     // the root is shorter than a pointer
                    """))
    }

    @Test func compressionDoesNotChangeTheCaseOfLetters() throws {
        let names = try ["www.hello.test", "www.HELLO.test"].map(DomainName.init(_:))
        let built = build { builder in
            for name in names { builder.putName(name.wire.span.bytes) }
        }
        #expect(built.suffix(12) == hex("03 777777 05 48454c4c4f c016")[...])
    }

    @Test func namesInManyMessagesReadBackAsWritten() throws {
        var generator = SeededGenerator(11)
        let labels = ["a", "b", "A", "ab", "hello", "test"]
        for _ in 0..<500 {
            let names = try (0..<12).map { _ in
                let count = Int.random(in: 0...5, using: &generator)
                return try DomainName(
                    labels: (0..<count).map { _ in Array((labels.randomElement(using: &generator) ?? "a").utf8) })
            }
            let built = build(limit: 2000) { builder in
                for name in names { builder.putName(name.wire.span.bytes) }
            }
            let message = [UInt8](repeating: 0, count: 12) + built
            var offset = 12
            for name in names {
                let read = try DomainName(reading: message.span.bytes, at: &offset)
                #expect(read.wire == name.wire)
            }
            #expect(offset == message.count)
        }
    }

    @Test func whatDoesNotFitIsTakenBackWhole() throws {
        let name = try DomainName("www.hello.test")
        let built = build(limit: 40) { builder in
            builder.put(0x0102 as UInt16)
            let mark = builder.mark
            builder.countRecord(in: .answer)
            builder.putName(name.wire.span.bytes)
            builder.put(0 as UInt32)
            let hadRoom = !builder.hasOverflowed
            builder.put([UInt8](repeating: 7, count: 30).span.bytes)
            let hasOverflowed = builder.hasOverflowed
            #expect(hadRoom && hasOverflowed)
            builder.rollBack(to: mark)
            let count = builder.recordCount(in: .answer)
            #expect(count == 0)
            // The name has gone: nothing may point at it.
            builder.putName(name.wire.span.bytes)
        }
        #expect(built == [1, 2] + name.wire)
    }

    @Test func nothingIsWrittenBeyondTheLimit() throws {
        let name = try DomainName("www.hello.test")
        for limit in 0...60 {
            let built = build(limit: limit) { builder in
                for _ in 0..<4 {
                    builder.putUncompressedName(name.wire.span.bytes)
                    builder.put(1 as UInt8)
                    builder.putPointer(to: 12)
                }
            }
            #expect(built.count <= max(0, limit - 12))
        }
    }
}
