import CMnl
import Net
import TestSupport
import Testing

@testable import Netlink

@Suite("What the kernel tells")
struct DecoderTests {
    /// Decodes the bytes with every decoder there is, or with one.
    private func decode<Value>(_ bytes: [UInt8], _ decoder: (RawSpan) -> Value?) -> Value? {
        decoder(bytes.span.bytes)
    }

    private func bytes(_ recording: String) throws -> [UInt8] {
        try #require(bytesOf(hex: recording.filter { !$0.isWhitespace }))
    }

    @Test("a veth: names, state, alias, kind, and where its other end is")
    func link() throws {
        let link = try #require(decode(try bytes(Recording.link)) { Interface($0) })
        #expect(link.index == 2)
        #expect(link.name == "a")
        #expect(link.isUp && link.hasCarrier && !link.isLoopback)
        #expect(link.operationalState == .up)
        #expect(link.alias == "to the right")
        #expect(link.kind == "veth")
        #expect(link.mtu == 1500)
        #expect(link.macAddress == (try mac("2a:f5:54:7d:b2:c4")))
        #expect(link.peerIndex == 1002)
        #expect(link.peerNamespaceID == 0)
    }

    @Test("addresses of both families")
    func addresses() throws {
        #expect(
            decode(try bytes(Recording.address4)) { InterfaceAddress($0) }
                == InterfaceAddress(try address("10.0.0.0"), prefixLength: 31, interface: 2))
        #expect(
            decode(try bytes(Recording.address6)) { InterfaceAddress($0) }
                == InterfaceAddress(try address("2001:db8::"), prefixLength: 127, interface: 2))
    }

    @Test("routes: multipath of both families, a gateway of the other family, the answer of a look-up")
    func routes() throws {
        let four = KernelRoute(
            try prefix("198.51.100.0/24"),
            via: [
                .init(try address("10.0.0.1"), interface: 2, weight: 3),
                .init(try address("2001:db8::3"), interface: 3),
            ], origin: .bgp, metric: 20, preferredSource: try address("192.0.2.1"))
        #expect(decode(try bytes(Recording.multipath4)) { KernelRoute($0) } == four)
        let via = KernelRoute(
            try prefix("198.51.101.0/24"), via: [.init(try address("2001:db8::1"), interface: 2)], table: 1000)
        #expect(decode(try bytes(Recording.via)) { KernelRoute($0) } == via)
        let six = KernelRoute(
            try prefix("2001:db8:100::/48"),
            via: [.init(try address("2001:db8::1"), interface: 2), .init(try address("2001:db8::3"), interface: 3)],
            origin: .bgp, metric: 7)
        #expect(decode(try bytes(Recording.multipath6)) { KernelRoute($0) } == six)
        let answer = KernelRoute(
            try prefix("198.51.100.9/32"), via: [.init(try address("10.0.0.1"), interface: 2)], origin: .unspecified,
            preferredSource: try address("192.0.2.1"))
        #expect(decode(try bytes(Recording.answer)) { KernelRoute($0, includingClones: true) } == answer)
        #expect(decode(try bytes(Recording.answer)) { KernelRoute($0) } == nil, "a clone is no route")
    }

    @Test("neighbours and queueing disciplines")
    func others() throws {
        #expect(
            decode(try bytes(Recording.neighbour)) { NeighbourEntry($0) }
                == NeighbourEntry(try address("10.0.0.1"), try mac("02:00:00:00:00:63"), interface: 2))
        #expect(
            decode(try bytes(Recording.tbf)) { Qdisc($0) }
                == Qdisc(
                    .tokenBucket(TokenBucket(rate: 8_000_000, burst: 16384, limit: 90_000)), on: 2, handle: 5))
        #expect(decode(try bytes(Recording.noqueue)) { Qdisc($0) } == Qdisc(.other("noqueue"), on: 1))
    }

    @Test("netem: what is sent and what is told have one layout")
    func netem() throws {
        let sent = Netem(
            delay: 10_000_123, jitter: 1_000_007, loss: 1, duplicate: 0, reorder: 1, limit: 5000, rate: 80_000_000_000)
        let message = try #require(QdiscReplacement(Qdisc(.netem(sent), on: 11, handle: 1)).bytes())
        let payload = Array(message.dropFirst(16))
        #expect(decode(payload) { Qdisc($0) } == Qdisc(.netem(sent), on: 11, handle: 1))
        // An older kernel tells ticks only.
        let ticks =
            "00000000 02000000 00000100 ffffffff 00000000 0a000100 6e6574656d000000 1c000200"
            + "5a620200 e8030000 ffffffff 00000000 00000000 093d0000"
        let old = try #require(bytesOf(hex: ticks.filter { $0 != " " }))
        #expect(
            decode(old) { Qdisc($0) }
                == Qdisc(.netem(Netem(delay: 10_000_000, jitter: 1_000_000, loss: 1)), on: 2, handle: 1))
    }

    @Test("a refusal carries the kernel's text")
    func refusal() throws {
        // -ENETUNREACH, the header of the request, NLMSGERR_ATTR_MSG.
        let payload = "9bffffff 3400000018000506 0300000000000000 09000100" + "4e6f7065" + "00000000"
        let bytes = try #require(bytesOf(hex: payload.filter { $0 != " " }))
        let capped = UInt16(NLM_F_ACK_TLVS)
        let message = Message(type: UInt16(NLMSG_ERROR), flags: capped, sequence: 3, payload: bytes.span.bytes)
        let answer = Acknowledgement(message)
        #expect(answer?.code == 101)
        #expect(answer?.explanation == "Nope")
        let plain = Message(type: UInt16(NLMSG_ERROR), flags: 0, sequence: 3, payload: bytes.span.bytes)
        let plainAnswer = Acknowledgement(plain)
        #expect(plainAnswer?.explanation == "")
        let empty = Message(
            type: UInt16(NLMSG_DONE), flags: capped, sequence: 3, payload: bytes.span.bytes.extracting(0..<0))
        let emptyAnswer = Acknowledgement(empty)
        #expect(emptyAnswer?.code == 0)
        let other = Message(type: UInt16(RTM_NEWLINK), flags: 0, sequence: 3, payload: bytes.span.bytes)
        let otherAnswer = Acknowledgement(other)
        #expect(otherAnswer == nil)
    }

    @Test("a datagram is read message by message, and no further than its last whole one")
    func datagram() throws {
        var bytes: [UInt8] = []
        for sequence in 1...3 as ClosedRange<UInt32> {
            bytes += try #require(LinkDeletion(.name("core")).bytes(sequence: sequence))
        }
        for count in 0...bytes.count {
            var reader = MessageReader(bytes.span.bytes.extracting(0..<count))
            var sequences: [UInt32] = []
            while let message = reader.next() {
                sequences.append(message.sequence)
                #expect(message.type == UInt16(RTM_DELLINK))
                #expect(message.payload.byteCount == 28)
            }
            #expect(sequences == [1, 2, 3].prefix(count / 44).map { $0 })
        }
    }

    private static let recordings = [
        Recording.link, Recording.address4, Recording.address6, Recording.multipath4, Recording.via,
        Recording.multipath6, Recording.answer, Recording.neighbour, Recording.tbf, Recording.noqueue,
    ]

    /// How many of the decoders accept the bytes.
    private func acceptances(_ bytes: [UInt8]) -> Int {
        [
            decode(bytes) { Interface($0) } != nil, decode(bytes) { InterfaceAddress($0) } != nil,
            decode(bytes) { KernelRoute($0, includingClones: true) } != nil,
            decode(bytes) { NeighbourEntry($0) } != nil, decode(bytes) { Qdisc($0) } != nil,
        ].count(where: \.self)
    }

    @Test("a message cut inside of an attribute is refused, at every length")
    func truncation() throws {
        let headers = [16, 8, 8, 12, 12, 12, 12, 12, 20, 20]
        for (recording, header) in zip(Self.recordings, headers) {
            let whole = try bytes(recording)
            var isWhole = [Bool](repeating: false, count: whole.count + 1)
            isWhole[header] = true
            var offset = header
            while offset < whole.count {
                let length = Int(whole[offset]) | Int(whole[offset + 1]) << 8
                let next = min((length + 3) & ~3 + offset, whole.count)
                for end in offset + length...next { isWhole[end] = true }
                offset = next
            }
            for count in 0..<whole.count {
                let cut = Array(whole.prefix(count))
                let accepted =
                    switch header {
                    case 16: decode(cut) { Interface($0) } != nil
                    case 8: decode(cut) { InterfaceAddress($0) } != nil
                    case 20: decode(cut) { Qdisc($0) } != nil
                    default:
                        recording == Recording.neighbour
                            ? decode(cut) { NeighbourEntry($0) } != nil
                            : decode(cut) { KernelRoute($0, includingClones: true) } != nil
                    }
                #expect(!accepted || isWhole[count], "\(header) \(count)")
            }
        }
    }

    @Test("flipped and random bytes stop no decoder")
    func garbage() throws {
        var random = SeededGenerator(0x5EED)
        var accepted = 0
        for recording in Self.recordings {
            let whole = try bytes(recording)
            for _ in 0..<2000 {
                var broken = whole
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    broken[Int.random(in: 0..<broken.count, using: &random)] = .random(in: 0 ... .max, using: &random)
                }
                accepted += acceptances(broken)
            }
        }
        #expect(accepted > 0)
        for _ in 0..<20_000 {
            let noise = (0..<Int.random(in: 0...96, using: &random)).map { _ in
                UInt8.random(in: 0 ... .max, using: &random)
            }
            accepted += acceptances(noise)
            var reader = MessageReader(noise.span.bytes)
            while let message = reader.next() { _ = Notification(message) }
        }
    }
}
