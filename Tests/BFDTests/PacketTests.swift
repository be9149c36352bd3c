import BFD
import Testing

/// The packet of the tests: what another end in Down says first.
let firstWords = ControlPacket(
    state: .down, detectMultiplier: 3, myDiscriminator: 0xAABB_CCDD, desiredMinTxInterval: 1_000_000,
    requiredMinRxInterval: 50_000)

func encoded(_ packet: ControlPacket) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xFF, count: ControlPacket.byteCount)
    bytes.withUnsafeMutableBytes { buffer in
        var span = buffer.mutableBytes
        packet.encode(into: &span)
    }
    return bytes
}

func decoded(_ bytes: [UInt8]) throws(DiscardReason) -> ControlPacket {
    try ControlPacket(decoding: bytes.span.bytes)
}

@Suite("BFD Control packet")
struct PacketTests {
    @Test("A packet is written as RFC 5880, section 4.1 draws it, and read back")
    func golden() throws {
        let packet = ControlPacket(
            diagnostic: .neighborSignaledSessionDown, state: .up, isPoll: true, isControlPlaneIndependent: true,
            isDemand: true, detectMultiplier: 5, myDiscriminator: 0x0102_0304, yourDiscriminator: 0x0506_0708,
            desiredMinTxInterval: 10_000, requiredMinRxInterval: 50_000, requiredMinEchoRxInterval: 1)
        let bytes: [UInt8] = [
            0x23, 0xEA, 5, 24,  // version 1, diagnostic 3; Up, P, C, D; multiplier; length
            1, 2, 3, 4, 5, 6, 7, 8,  // discriminators
            0, 0, 0x27, 0x10, 0, 0, 0xC3, 0x50, 0, 0, 0, 1,  // intervals
        ]
        #expect(encoded(packet) == bytes)
        #expect(try decoded(bytes) == packet)
        for state in BFDState.allCases {
            for isFinal in [false, true] {
                var packet = packet
                packet.state = state
                packet.isFinal = isFinal
                packet.isPoll = !isFinal
                #expect(try decoded(encoded(packet)) == packet)
            }
        }
    }

    /// Each check of section 6.8.6 that needs no session: one octet changed in a good packet, and what becomes of it.
    static let checks: [(name: String, offset: Int, value: UInt8, reason: DiscardReason?)] = [
        ("good", 0, 0x20, nil),
        ("version 0", 0, 0x00, .version),
        ("version 2", 0, 0x40, .version),
        ("unassigned diagnostic 31", 0, 0x3F, nil),
        ("length 23", 3, 23, .lengthTooSmall),
        ("length 0", 3, 0, .lengthTooSmall),
        ("length 25 in 24 octets", 3, 25, .lengthBeyondPayload),
        ("length 255 in 24 octets", 3, 255, .lengthBeyondPayload),
        ("multiplier 0", 2, 0, .detectMultiplierZero),
        ("multiplier 255", 2, 255, nil),
        ("multipoint", 1, 0x41, .multipoint),
        ("state AdminDown without your discriminator", 1, 0x00, nil),
        ("state Init without your discriminator", 1, 0x80, .yourDiscriminatorZero),
        ("state Up without your discriminator", 1, 0xC0, .yourDiscriminatorZero),
        ("authentication, with a length for none", 1, 0x44, .lengthTooSmall),
        ("poll", 1, 0x60, nil),
        ("poll and final", 1, 0x70, nil),
        ("demand", 1, 0x42, nil),
    ]

    @Test("Each check on reception discards what it must, and nothing else", arguments: checks)
    func check(_ check: (name: String, offset: Int, value: UInt8, reason: DiscardReason?)) {
        var bytes = encoded(firstWords)
        bytes[check.offset] = check.value
        #expect(discardReason(bytes) == check.reason)
    }

    private func discardReason(_ bytes: [UInt8]) -> DiscardReason? {
        do {
            _ = try decoded(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test("My Discriminator 0, authentication, and the least lengths")
    func more() {
        var bytes = encoded(firstWords)
        bytes.replaceSubrange(4..<8, with: [0, 0, 0, 0])
        #expect(discardReason(bytes) == .myDiscriminatorZero)
        bytes = encoded(firstWords) + [1, 2]
        bytes[1] = 0x44
        bytes[3] = 25
        #expect(discardReason(bytes) == .lengthTooSmall)
        bytes[3] = 26
        #expect(discardReason(bytes) == .authentication)
        bytes[1] = 0x40
        #expect(discardReason(bytes) == nil, "octets behind the fixed part are passed over")
    }

    @Test("The first check that fails is the one that is named")
    func order() {
        var bytes = [UInt8](repeating: 0, count: 24)
        bytes[1] = 0xC5
        let repairs: [(DiscardReason, (inout [UInt8]) -> Void)] = [
            (.version, { $0[0] = 0x20 }), (.lengthTooSmall, { $0[3] = 100 }),
            (.lengthBeyondPayload, { $0 += .init(repeating: 0, count: 76) }),
            (.detectMultiplierZero, { $0[2] = 1 }), (.multipoint, { $0[1] = 0xC4 }),
            (.myDiscriminatorZero, { $0[7] = 1 }),
            (.yourDiscriminatorZero, { $0[11] = 1 }), (.authentication, { $0[1] = 0xC0 }),
        ]
        for (reason, repair) in repairs {
            #expect(discardReason(bytes) == reason)
            repair(&bytes)
        }
        #expect(discardReason(bytes) == nil)
    }

    @Test("A packet cut short at any length is discarded")
    func truncated() {
        let bytes = encoded(firstWords)
        #expect(discardReason([]) == .version)
        for count in 1..<4 { #expect(discardReason(Array(bytes.prefix(count))) == .lengthTooSmall) }
        for count in 4..<24 { #expect(discardReason(Array(bytes.prefix(count))) == .lengthBeyondPayload) }
    }
}
