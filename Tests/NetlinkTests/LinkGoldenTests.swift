import CMnl
import Net
import Testing

@testable import Netlink

@Suite("Links as bytes")
struct LinkGoldenTests {
    let ns1 = NamespaceReference(descriptor: 7, name: "left")
    let ns2 = NamespaceReference(descriptor: 9, name: "right")

    @Test("a veth with all that can be said of both ends")
    func veth() throws {
        try expect(
            VethCreation(
                .init("uplink", in: ns1, index: 11, macAddress: try mac("02:00:00:00:00:01"), mtu: 1400),
                .init("down", in: ns2, index: 12, macAddress: try mac("02:00:00:00:00:02"), mtu: 9000)),
            """
            98000000                                    length 152
            1000                                        RTM_NEWLINK
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            0b000000                                    index 11
            00000000                                    flags: none
            00000000                                    change: nothing
            0b000300                                    IFLA_IFNAME, 11 bytes
                75706c696e6b00                          "uplink"
                00                                      padding
            0a000100                                    IFLA_ADDRESS, 10 bytes
                020000000001                            02:00:00:00:00:01
                0000                                    padding
            08000400                                    IFLA_MTU, 8 bytes
                78050000                                1400
            08001c00                                    IFLA_NET_NS_FD, 8 bytes
                07000000                                7 (descriptor)
            50001280                                    IFLA_LINKINFO, 80 bytes, nested
                09000100                                IFLA_INFO_KIND, 9 bytes
                    7665746800                          "veth"
                    000000                              padding
                40000280                                IFLA_INFO_DATA, 64 bytes, nested
                    3c000180                            VETH_INFO_PEER, 60 bytes, nested
                        00000000                        family and type: any
                        0c000000                        index 12
                        00000000                        flags: none
                        00000000                        change: nothing
                        09000300                        IFLA_IFNAME, 9 bytes
                            646f776e00                  "down"
                            000000                      padding
                        0a000100                        IFLA_ADDRESS, 10 bytes
                            020000000002                02:00:00:00:00:02
                            0000                        padding
                        08000400                        IFLA_MTU, 8 bytes
                            28230000                    9000
                        08001c00                        IFLA_NET_NS_FD, 8 bytes
                            09000000                    9 (descriptor)
            """)
    }

    @Test("a veth with names only, in the namespace of the session")
    func vethShort() throws {
        try expect(
            VethCreation(.init("a"), .init("b")),
            """
            58000000                                    length 88
            1000                                        RTM_NEWLINK
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            00000000                                    index: none
            00000000                                    flags: none
            00000000                                    change: nothing
            06000300                                    IFLA_IFNAME, 6 bytes
                6100                                    "a"
                0000                                    padding
            30001280                                    IFLA_LINKINFO, 48 bytes, nested
                09000100                                IFLA_INFO_KIND, 9 bytes
                    7665746800                          "veth"
                    000000                              padding
                20000280                                IFLA_INFO_DATA, 32 bytes, nested
                    1c000180                            VETH_INFO_PEER, 28 bytes, nested
                        00000000                        family and type: any
                        00000000                        index: none
                        00000000                        flags: none
                        00000000                        change: nothing
                        06000300                        IFLA_IFNAME, 6 bytes
                            6200                        "b"
                            0000                        padding
            """)
    }

    @Test("a link set up by name")
    func linkUp() throws {
        try expect(
            LinkChange(.name("uplink"), isUp: true),
            """
            2c000000                                    length 44
            1300                                        RTM_SETLINK
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            00000000                                    index: none
            01000000                                    flags: IFF_UP
            01000000                                    change: IFF_UP
            0b000300                                    IFLA_IFNAME, 11 bytes
                75706c696e6b00                          "uplink"
                00                                      padding
            """)
    }

    @Test("everything of a link changed at once")
    func linkAll() throws {
        try expect(
            LinkChange(
                .index(11), isUp: false, alias: "to the right", mtu: 1300, macAddress: try mac("02:aa:00:00:00:07"),
                namespace: ns2),
            """
            50000000                                    length 80
            1300                                        RTM_SETLINK
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            0b000000                                    index 11
            00000000                                    flags: none
            01000000                                    change: IFF_UP
            11001400                                    IFLA_IFALIAS, 17 bytes
                746f2074686520726967687400              "to the right"
                000000                                  padding
            0a000100                                    IFLA_ADDRESS, 10 bytes
                02aa00000007                            02:aa:00:00:00:07
                0000                                    padding
            08000400                                    IFLA_MTU, 8 bytes
                14050000                                1300
            08001c00                                    IFLA_NET_NS_FD, 8 bytes
                09000000                                9 (descriptor)
            """)
    }

    @Test("a link renamed")
    func rename() throws {
        try expect(
            LinkRenaming(11, to: "core"),
            """
            2c000000                                    length 44
            1300                                        RTM_SETLINK
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            0b000000                                    index 11
            00000000                                    flags: none
            00000000                                    change: nothing
            09000300                                    IFLA_IFNAME, 9 bytes
                636f726500                              "core"
                000000                                  padding
            """)
    }

    @Test("a link deleted by name")
    func delName() throws {
        try expect(
            LinkDeletion(.name("core")),
            """
            2c000000                                    length 44
            1100                                        RTM_DELLINK
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            00000000                                    index: none
            00000000                                    flags: none
            00000000                                    change: nothing
            09000300                                    IFLA_IFNAME, 9 bytes
                636f726500                              "core"
                000000                                  padding
            """)
    }

    @Test("a link deleted by index")
    func delIndex() throws {
        try expect(
            LinkDeletion(.index(11)),
            """
            20000000                                    length 32
            1100                                        RTM_DELLINK
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            0b000000                                    index 11
            00000000                                    flags: none
            00000000                                    change: nothing
            """)
    }

    @Test("the list of links")
    func dlinks() throws {
        try expect(
            DumpRequest(type: RTM_GETLINK, header: ifinfomsg(), what: "links"),
            """
            20000000                                    length 32
            1200                                        RTM_GETLINK
            0103                                        NLM_F_REQUEST, NLM_F_DUMP
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            00000000                                    index: none
            00000000                                    flags: none
            00000000                                    change: nothing
            """)
    }

    @Test("one link asked for")
    func linkq() throws {
        try expect(
            LinkQuery(link: .name("uplink")),
            """
            2c000000                                    length 44
            1200                                        RTM_GETLINK
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and type: any
            00000000                                    index: none
            00000000                                    flags: none
            00000000                                    change: nothing
            0b000300                                    IFLA_IFNAME, 11 bytes
                75706c696e6b00                          "uplink"
                00                                      padding
            """)
    }
}
