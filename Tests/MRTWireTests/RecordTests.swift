import BGPWire
import Net
import TestSupport
import Testing

@testable import MRTWire

/// Records and their octets.
struct RecordTests {
    static let peers = MRTRecord(
        .peers(
            MRTPeerIndexTable(
                collector: identifier("10.0.0.1"), viewName: "fra",
                peers: [
                    .init(identifier: identifier("10.0.0.2"), address: address("192.0.2.1"), asn: ASN(65001)),
                    .init(identifier: identifier("10.0.0.3"), address: address("2001:db8::1"), asn: ASN(4_200_000_001)),
                ])), at: MRTTime(seconds: 0x6000_0000))
    static let peersHex = """
        60 00 00 00  // time
        00 0d 00 01  // TABLE_DUMP_V2, PEER_INDEX_TABLE
        00 00 00 31  // length
        0a 00 00 01  // collector
        00 03 66 72 61  // view name
        00 02        // peers
        02           // IPv4, 4-octet AS
        0a 00 00 02  // BGP Identifier
        c0 00 02 01  // address
        00 00 fd e9  // AS
        03           // IPv6, 4-octet AS
        0a 00 00 03
        20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01
        fa 56 ea 01
        """

    static let routes4 = MRTRecord(
        .routes(
            MRTRoutes(
                sequence: 7, prefix: prefix("192.0.2.0/24"),
                entries: [
                    .init(
                        peer: 1, time: 0x6000_0001,
                        PathAttributes(
                            origin: .igp, asPath: ASPath(sequence: [ASN(65001)]), nextHop: NextHop(address("10.0.0.2")))
                    )
                ])), at: MRTTime(seconds: 0x6000_0000))
    static let routes4Hex = """
        60 00 00 00
        00 0d 00 02  // TABLE_DUMP_V2, RIB_IPV4_UNICAST
        00 00 00 26  // length
        00 00 00 07  // sequence
        18 c0 00 02  // prefix
        00 01        // entries
        00 01        // peer
        60 00 00 01  // originated
        00 14        // attributes
        40 01 01 00  // ORIGIN IGP
        40 02 06 02 01 00 00 fd e9  // AS_PATH
        40 03 04 0a 00 00 02  // NEXT_HOP
        """

    static let routes6 = MRTRecord(
        .routes(
            MRTRoutes(
                sequence: 8, prefix: prefix("2001:db8:53::/48"), hasPathIDs: true,
                entries: [
                    .init(
                        peer: 0, time: 0x6000_0001, pathID: 9,
                        PathAttributes(origin: .igp, asPath: ASPath(), nextHop: NextHop(address("2001:db8::1"))))
                ])), at: MRTTime(seconds: 0x6000_0000))
    static let routes6Hex = """
        60 00 00 00
        00 0d 00 0a  // TABLE_DUMP_V2, RIB_IPV6_UNICAST_ADDPATH
        00 00 00 34  // length
        00 00 00 08
        30 20 01 0d b8 00 53
        00 01
        00 00
        60 00 00 01
        00 00 00 09  // path identifier
        00 1b        // attributes
        80 0e 11 10 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01  // MP_REACH_NLRI, only the next hop
        40 01 01 00
        40 02 00
        """

    static let session = MRTSession(
        peerASN: ASN(65001), localASN: ASN(4_200_000_001), peerAddress: address("10.0.0.2"),
        localAddress: address("10.0.0.1"))
    static let keepalive = [UInt8](repeating: 0xFF, count: 16) + [0, 19, 4]
    static let message = MRTRecord(
        .message(MRTMessage(session, isFourOctetASN: true, isLocal: true, message: keepalive)),
        at: MRTTime(seconds: 0x6000_0000, microseconds: 5))
    static let messageHex = """
        60 00 00 00
        00 11 00 07  // BGP4MP_ET, MESSAGE_AS4_LOCAL
        00 00 00 2b  // length
        00 00 00 05  // microseconds
        00 00 fd e9  // peer AS
        fa 56 ea 01  // local AS
        00 00 00 01  // interface, AFI
        0a 00 00 02
        0a 00 00 01
        ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff 00 13 04
        """

    static let change = MRTRecord(
        .stateChange(MRTStateChange(session, isFourOctetASN: false, from: 5, to: 6)), at: MRTTime(seconds: 0x6000_0000))
    static let changeHex = """
        60 00 00 00
        00 10 00 00  // BGP4MP, STATE_CHANGE
        00 00 00 14
        fd e9 5b a0  // peer AS, local AS: AS_TRANS
        00 00 00 01
        0a 00 00 02
        0a 00 00 01
        00 05 00 06  // OpenConfirm, Established
        """

    static let all = [
        (peers, peersHex), (routes4, routes4Hex), (routes6, routes6Hex), (message, messageHex), (change, changeHex),
    ]

    @Test func everyRecordHasTheOctetsOfItsRFC() {
        for (record, text) in Self.all { #expect(record.octets == hex(text)) }
    }

    @Test func whatIsReadIsWhatWasWritten() throws {
        for (record, text) in Self.all.dropLast() { #expect(try read(hex(text)) == [record]) }
        // The AS number that two octets do not hold is AS_TRANS from now on.
        guard case .stateChange(let change) = try read(hex(Self.changeHex)).first?.content else {
            return #expect(Bool(false))
        }
        #expect(change.session.localASN == .trans && change.old == 5 && change.new == 6)
        #expect(try read(Self.all.flatMap { hex($0.1) }).count == Self.all.count)
    }

    @Test func everyFormOfAMessageHasItsSubtype() throws {
        var subtypes: Set<UInt16> = []
        for isFourOctet in [false, true] {
            for isLocal in [false, true] {
                for hasPathIDs in [false, true] {
                    let message = MRTMessage(
                        MRTSession(
                            peerASN: ASN(1), localASN: ASN(2), interface: 3, peerAddress: address("2001:db8::2"),
                            localAddress: address("2001:db8::1")), isFourOctetASN: isFourOctet, isLocal: isLocal,
                        hasPathIDs: hasPathIDs, message: Self.keepalive)
                    let record = MRTRecord(.message(message), at: MRTTime(seconds: 1))
                    #expect(try read(record.octets) == [record])
                    subtypes.insert(message.subtype)
                }
            }
        }
        #expect(subtypes == [1, 4, 6, 7, 8, 9, 10, 11])
    }

    @Test func octetsMayComeInAnyPieces() throws {
        let octets = Self.all.flatMap { hex($0.1) }
        var reader = MRTReader()
        var records: [MRTRecord] = []
        for octet in octets {
            reader.append([octet].span.bytes)
            while let record = try reader.next() { records.append(record) }
        }
        #expect(records.count == Self.all.count)
    }

    @Test func aRecordThatIsShorterThanItSaysIsMalformedAndTheNextIsRead() throws {
        for (_, text) in Self.all {
            let whole = hex(text)
            for length in 0..<whole.count - 12 {
                var reader = MRTReader()
                let cut = Array(whole[..<8]) + [0, 0, 0, UInt8(length)] + whole[12..<12 + length]
                reader.append((cut + hex(Self.changeHex)).span.bytes)
                do {
                    _ = try reader.next()
                } catch {
                    guard case .malformed = error else { return #expect(Bool(false), "\(error)") }
                }
                #expect(try reader.next()?.octets == hex(Self.changeHex))
            }
        }
    }

    @Test func whatIsNoMRTFileIsSaid() {
        var reader = MRTReader()
        reader.append([UInt8](repeating: 0x41, count: 64).span.bytes)
        #expect(throws: MRTError.recordTooLong(0x4141_4141)) { try reader.next() }
    }

    @Test func randomOctetsEndInAnErrorOrInRecords() {
        for seed in 0..<2000 {
            var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15
            func next() -> UInt8 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 56)
            }
            var octets = hex(Self.all[seed % Self.all.count].1)
            for _ in 0..<4 { octets[Int(next()) % octets.count] = next() }
            var reader = MRTReader()
            reader.append(octets.span.bytes)
            while let record = try? reader.next() {
                if case .routes(let routes) = record.content {
                    for entry in routes.entries { _ = routes.update(entry) }
                }
            }
        }
    }
}
