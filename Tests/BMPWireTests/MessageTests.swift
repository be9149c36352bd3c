import BGPWire
import Foundation
import Net
import TestSupport
import Testing

@testable import BMPWire

/// Messages and their octets.
struct MessageTests {
    private static let keepalive = [UInt8](repeating: 0xFF, count: 16) + [0, 19, 4]
    private static let keepaliveHex = "ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff 00 13 04"
    private static let time = BMPTime(seconds: 0x6000_0000, microseconds: 5)
    private static let timeHex = "60 00 00 00 00 00 00 05"

    private static func peer(_ table: BMPPeer.Table, isTwoOctet: Bool = false) -> BMPPeer {
        BMPPeer(
            table, address: .v4(IPv4Address(10, 0, 0, 2)), asn: ASN(65001), identifier: IPv4Address(10, 0, 0, 9),
            isTwoOctetASN: isTwoOctet)
    }
    private static let peerHex = """
        00 00 00 00 00 00 00 00  // distinguisher
        00 00 00 00 00 00 00 00 00 00 00 00 0a 00 00 02  // address
        00 00 fd e9  // AS
        0a 00 00 09  // BGP Identifier
        """

    private func octets(_ message: BMPMessage) -> [UInt8] {
        // Behind something else: the length counts from the message's own beginning.
        var octets: [UInt8] = [1, 2, 3]
        message.encode(to: &octets)
        return Array(octets.dropFirst(3))
    }

    @Test func theFirstAndTheLastMessageHaveNoPeer() {
        #expect(
            octets(.initiation(systemName: "fra", systemDescription: "labd"))
                == hex(
                    """
                    03           // version
                    00 00 00 15  // length
                    04           // initiation
                    00 01 00 04 6c 61 62 64  // sysDescr
                    00 02 00 03 66 72 61     // sysName
                    """))
        #expect(
            octets(.termination(.outOfResources))
                == hex(
                    """
                    03 00 00 00 0c 05
                    00 01 00 02 00 02  // reason: out of resources
                    """))
    }

    /// V 0x80, L 0x40, A 0x20, O 0x10.
    @Test(arguments: [
        (BMPPeer.Table.adjRIBInBeforePolicy, false, "00 00"), (.adjRIBInBeforePolicy, true, "00 20"),
        (.adjRIBInAfterPolicy, false, "00 40"), (.adjRIBOut, false, "00 50"), (.adjRIBOut, true, "00 70"),
    ])
    func theFlagsSayWhichTableItIs(table: BMPPeer.Table, isTwoOctet: Bool, head: String) {
        let message = BMPMessage.routeMonitoring(
            Self.peer(table, isTwoOctet: isTwoOctet), Self.time, update: Self.keepalive[...])
        #expect(
            octets(message) == hex("03 00 00 00 43 00\n\(head)\n\(Self.peerHex)\n\(Self.timeHex)\n\(Self.keepaliveHex)")
        )
    }

    @Test func theLocRIBHasATypeOfItsOwnAndNoAddress() {
        let message = BMPMessage.routeMonitoring(Self.peer(.locRIB), Self.time, update: Self.keepalive[...])
        #expect(
            octets(message)
                == hex(
                    """
                    03 00 00 00 43 00
                    03 00  // Loc-RIB Instance Peer
                    00 00 00 00 00 00 00 00
                    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
                    00 00 fd e9
                    0a 00 00 09
                    \(Self.timeHex)
                    \(Self.keepaliveHex)
                    """))
    }

    @Test func aSessionThatIsUpHasBothOpens() {
        let up = BMPPeerUp(
            localAddress: .v6(IPv6Address(high: 0x2001_0DB8_0000_0000, low: 1)), localPort: 179, remotePort: 0x9C40,
            sentOpen: [1, 2], receivedOpen: [3])
        let peer = BMPPeer(
            .adjRIBInBeforePolicy, address: .v6(IPv6Address(high: 0x2001_0DB8_0000_0000, low: 2)), asn: ASN(65001),
            identifier: IPv4Address(10, 0, 0, 9))
        #expect(
            octets(.peerUp(peer, Self.time, up))
                == hex(
                    """
                    03 00 00 00 47 03
                    00 80  // V: the address is IPv6
                    00 00 00 00 00 00 00 00
                    20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02
                    00 00 fd e9
                    0a 00 00 09
                    \(Self.timeHex)
                    20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01  // local address
                    00 b3  // local port
                    9c 40  // remote port
                    01 02  // sent OPEN
                    03     // received OPEN
                    """))
    }

    @Test(arguments: [
        (BMPPeerDown.localNotification([0xAA]), "01 aa"), (.localEvent(8), "02 00 08"),
        (.remoteNotification([0xBB, 0xCC]), "03 bb cc"), (.remoteClosed, "04"),
    ])
    func theEndOfASessionHasItsReason(down: BMPPeerDown, tail: String) {
        let expected = hex("00 00\n\(Self.peerHex)\n\(Self.timeHex)\n\(tail)")
        let message = octets(.peerDown(Self.peer(.adjRIBInBeforePolicy), Self.time, down))
        #expect(Array(message.dropFirst(6)) == expected)
        #expect(Array(message.prefix(6)) == [3, 0, 0, 0, UInt8(expected.count + 6), 2])
    }

    @Test func numbersHaveTypeLengthAndValue() {
        let message = BMPMessage.statistics(
            Self.peer(.adjRIBInBeforePolicy), Self.time,
            [.adjRIBIn(5), .locRIB(0x1_0000_0000), .treatedAsWithdraw(6), .adjRIBOut(7)])
        #expect(
            Array(octets(message).dropFirst(48))
                == hex(
                    """
                    00 00 00 04  // count
                    00 07 00 08 00 00 00 00 00 00 00 05
                    00 08 00 08 00 00 00 01 00 00 00 00
                    00 0b 00 04 00 00 00 06
                    00 0f 00 08 00 00 00 00 00 00 00 07
                    """))
    }

    @Test func anErroneousMessageIsGivenWordForWord() {
        let message = octets(.erroredMessage(Self.peer(.adjRIBInBeforePolicy), Self.time, message: Self.keepalive))
        #expect(message[5] == 6)
        #expect(
            Array(message.dropFirst(48))
                == hex(
                    """
                    00 01 00 02 00 00  // information: errored PDU
                    00 00 00 13 \(Self.keepaliveHex)
                    """))
    }
}
