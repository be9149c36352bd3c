import BGPWire
import Net
import TestSupport
import Testing

@Suite("Message framing")
struct FramingTests {
    private static let marker = [UInt8](repeating: 0xFF, count: 16)

    private func error(_ bytes: [UInt8], maximumLength: Int = 4096) -> NotificationMessage? {
        var reader = MessageReader(maximumLength: maximumLength)
        reader.append(bytes.span.bytes)
        do throws(NotificationMessage) {
            _ = try reader.next()
            return nil
        } catch {
            return error
        }
    }

    @Test("KEEPALIVE is 19 octets")
    func keepalive() throws {
        var buffer: [UInt8] = []
        MessageHeader.encodeKeepalive(to: &buffer)
        #expect(buffer == Self.marker + [0, 19, 4])
        var reader = MessageReader()
        reader.append(buffer.span.bytes)
        #expect(try reader.next()?.type == .keepalive)
        #expect(try reader.next() == nil)
    }

    @Test("A stream cut anywhere gives the same messages", arguments: [1, 2, 3, 7, 18, 19, 20, 64, 4096])
    func pieces(size: Int) throws {
        var stream: [UInt8] = []
        var bodies: [[UInt8]] = []
        var generator = SeededGenerator(7)
        for index in 0..<40 {
            let data = generator.bytes((index * 37) % 300)
            bodies.append([6, 2] + data)
            NotificationMessage(.administrativeShutdown, data: data).encode(to: &stream)
            MessageHeader.encodeKeepalive(to: &stream)
        }
        var reader = MessageReader()
        var seen: [[UInt8]] = []
        var keepalives = 0
        var offset = 0
        while offset < stream.count {
            let end = min(offset + size, stream.count)
            reader.append(Array(stream[offset..<end]).span.bytes)
            offset = end
            while let frame = try reader.next() {
                if frame.type == .keepalive {
                    keepalives += 1
                } else {
                    seen.append(reader.body(of: frame).withUnsafeBytes { Array($0) })
                }
            }
        }
        #expect(seen == bodies)
        #expect(keepalives == 40)
        #expect(reader.pending == 0)
    }

    @Test("Any marker octet that is not all ones is Connection Not Synchronized", arguments: 0..<16)
    func markers(index: Int) {
        var bytes = Self.marker + [0, 19, 4]
        bytes[index] = 0xFE
        #expect(error(bytes) == NotificationMessage(.connectionNotSynchronized))
    }

    @Test(
        "Lengths that a type does not allow are Bad Message Length, with the length",
        arguments: [
            (18, 4), (20, 4), (0, 4), (4097, 2), (65535, 2), (28, 1), (22, 2), (20, 3), (22, 5), (24, 5), (19, 2),
            (19, 1),
        ])
    func lengths(length: Int, type: UInt8) {
        let field = [UInt8(length >> 8), UInt8(length & 255)]
        #expect(error(Self.marker + field + [type]) == NotificationMessage(.badMessageLength, data: field))
    }

    @Test(
        "The least and greatest lengths pass",
        arguments: [(29, 1), (4096, 1), (23, 2), (4096, 2), (21, 3), (4096, 3), (23, 5)])
    func allowed(length: Int, type: UInt8) {
        #expect(error(Self.marker + [UInt8(length >> 8), UInt8(length & 255), type]) == nil)
    }

    @Test("Extended messages widen UPDATE and leave OPEN and KEEPALIVE")
    func extended() {
        #expect(error(Self.marker + [0xFF, 0xFF, 2], maximumLength: 65535) == nil)
        #expect(error(Self.marker + [0x10, 0x01, 1], maximumLength: 65535)?.reason == .badMessageLength)
        #expect(error(Self.marker + [0x00, 0x14, 4], maximumLength: 65535)?.reason == .badMessageLength)
    }

    @Test("Unknown types are Bad Message Type, with the type", arguments: [UInt8(0), 6, 255])
    func types(type: UInt8) {
        #expect(error(Self.marker + [0, 19, type]) == NotificationMessage(.badMessageType, data: [type]))
    }

    @Test("A stream that lost its place stays lost")
    func sticky() {
        var reader = MessageReader()
        reader.append([UInt8](repeating: 0, count: 64).span.bytes)
        for _ in 0..<3 {
            #expect(throws: NotificationMessage(.connectionNotSynchronized)) { try reader.next() }
            var keepalive: [UInt8] = []
            MessageHeader.encodeKeepalive(to: &keepalive)
            reader.append(keepalive.span.bytes)
        }
    }

    @Test("Random bytes never trap")
    func random() {
        var generator = SeededGenerator(11)
        for round in 0..<20_000 {
            var bytes = generator.bytes(Int.random(in: 0...80, using: &generator))
            if round % 2 == 0 { bytes = Self.marker + [0, UInt8.random(in: 0...90, using: &generator)] + bytes }
            var reader = MessageReader()
            reader.append(bytes.span.bytes)
            do throws(NotificationMessage) {
                while let frame = try reader.next() { _ = reader.body(of: frame).byteCount }
            } catch {
                #expect(error.reason.code == 1)
            }
        }
    }
}
