import Net
import Testing

@testable import Netlink

@Suite("Bridges as bytes")
struct BridgeGoldenTests {
    @Test("a bridge that forwards at once")
    func bridge() throws {
        try expect(
            BridgeCreation("lan", index: 99),
            """
            54000000                                    length 84
            1000                                        RTM_NEWLINK
            0104                                        NLM_F_REQUEST, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            63000000                                    index 99
            00000000                                    flags: none
            00000000                                    change: nothing
            08000300                                    IFLA_IFNAME, 8 bytes
                6c616e00                                "lan"
            2c001280                                    IFLA_LINKINFO, 44 bytes, nested
                0b000100                                IFLA_INFO_KIND, 11 bytes
                    62726964676500                      "bridge"
                    00                                  padding
                1c000280                                IFLA_INFO_DATA, 28 bytes, nested
                    08000100                            IFLA_BR_FORWARD_DELAY, 8 bytes
                        00000000                        0
                    08000500                            IFLA_BR_STP_STATE, 8 bytes
                        00000000                        0
                    05001700                            IFLA_BR_MCAST_SNOOPING, 5 bytes
                        00                              0
                        000000                          padding
            """)
    }

    @Test("a link becomes a port")
    func port() throws {
        try expect(
            LinkChange(.index(4), master: 99),
            """
            28000000                                    length 40
            1300                                        RTM_SETLINK
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            04000000                                    index 4
            00000000                                    flags: none
            00000000                                    change: nothing
            08000a00                                    IFLA_MASTER, 8 bytes
                63000000                                99
            """)
    }

    @Test("an Ethernet address behind a port")
    func forwardingEntry() throws {
        try expect(
            ForwardingEntryAddition(try mac("02:00:00:00:00:1b"), behind: 4),
            """
            28000000                                    length 40
            1c00                                        RTM_NEWNEIGH
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            07000000                                    AF_BRIDGE, padding
            04000000                                    index 4
            4000                                        NUD_NOARP
            04                                          NTF_MASTER
            00                                          type: none
            0a000200                                    NDA_LLADDR, 10 bytes
                02000000001b                            02:00:00:00:00:1b
                0000                                    padding
            """)
    }
}
