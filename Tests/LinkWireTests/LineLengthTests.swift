import Testing

@testable import LinkWire

/// A frame's virtio_net_hdr and the beginning of its headers, as TapDevice draws them.
private func head(gso: UInt8, size: UInt16, transport: UInt16, dataOffset: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 128)
    bytes[0] = 1
    bytes[1] = gso
    withUnsafeBytes(of: size.littleEndian) { bytes.replaceSubrange(4..<6, with: $0) }
    withUnsafeBytes(of: transport.littleEndian) { bytes.replaceSubrange(6..<8, with: $0) }
    bytes[10 + Int(transport) + 12] = dataOffset << 4
    return bytes
}

private func lineLength(_ head: [UInt8], _ length: Int) -> Int {
    head.withUnsafeBytes { TapDevice.lineLength(of: $0, length: length) }
}

@Suite struct LineLengthTests {
    @Test func aPlainFrameIsItself() {
        #expect(lineLength(head(gso: 0, size: 0, transport: 0, dataOffset: 0), 110) == 100)
    }

    @Test func everySegmentOfTCPRepeatsItsHeaders() {
        // 14 + 20 + 32 bytes of headers, 10 segments of 1,448.
        let first = head(gso: 1, size: 1448, transport: 34, dataOffset: 8)
        #expect(lineLength(first, 10 + 66 + 14_480) == 10 * (66 + 1_448))
        #expect(lineLength(first, 10 + 66 + 14_481) == 10 * (66 + 1_448) + 66 + 1)
    }

    @Test func congestionNotificationDoesNotHideTheType() {
        let first = head(gso: 0x81, size: 1000, transport: 34, dataOffset: 5)
        #expect(lineLength(first, 10 + 54 + 2_000) == 2 * 1_054)
    }

    @Test func everySegmentOfUDPRepeatsItsHeaders() {
        let first = head(gso: 5, size: 1000, transport: 34, dataOffset: 0)
        #expect(lineLength(first, 10 + 42 + 3_000) == 3 * 1_042)
    }

    @Test func nonsenseIsTakenForAPlainFrame() {
        #expect(lineLength(head(gso: 1, size: 0, transport: 34, dataOffset: 8), 1_010) == 1_000)
        var random = SplitMix64(seed: 2)
        for _ in 0..<20_000 {
            let bytes = (0..<Int(random.next() % 80)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let length = Int(random.next() % 68_000)
            #expect((max(0, length - 10)...(1 << 24)).contains(lineLength(bytes, length)))
        }
    }
}
