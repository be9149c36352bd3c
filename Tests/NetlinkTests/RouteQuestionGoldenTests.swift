import Net
import Testing

@testable import Netlink

@Suite("Questions about routes as bytes")
struct RouteQuestionGoldenTests {
    @Test("a look-up of a flow")
    func lookup() throws {
        try expect(
            RouteLookup(
                try address("198.51.100.9"), from: try address("192.0.2.1"),
                flow: .init(protocolNumber: 17, sourcePort: 1000, destinationPort: 53)),
            """
            44000000                                    length 68
            1a00                                        RTM_GETROUTE
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            20                                          destination length 32
            20                                          source length 32
            00                                          type of service
            00                                          table: none
            00                                          protocol: any
            00                                          RT_SCOPE_UNIVERSE
            00                                          kind: any
            00000000                                    flags: none
            08000100                                    RTA_DST, 8 bytes
                c6336409                                198.51.100.9
            08000200                                    RTA_SRC, 8 bytes
                c0000201                                192.0.2.1
            05001b00                                    RTA_IP_PROTO, 5 bytes
                11                                      17
                000000                                  padding
            06001c00                                    RTA_SPORT, 6 bytes
                03e8                                    1000, network byte order
                0000                                    padding
            06001d00                                    RTA_DPORT, 6 bytes
                0035                                    53, network byte order
                0000                                    padding
            """)
    }

    @Test("a look-up of the entry")
    func lookup6() throws {
        try expect(
            RouteLookup(try address("2001:db8::9"), wantsEntry: true),
            """
            30000000                                    length 48
            1a00                                        RTM_GETROUTE
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            0a                                          AF_INET6
            80                                          destination length 128
            00                                          source length 0
            00                                          type of service
            00                                          table: none
            00                                          protocol: any
            00                                          RT_SCOPE_UNIVERSE
            00                                          kind: any
            00200000                                    flags: RTM_F_FIB_MATCH
            14000100                                    RTA_DST, 20 bytes
                20010db8000000000000000000000009        2001:db8::9
            """)
    }

    @Test("the BGP routes of the main table")
    func droutes() throws {
        try expect(
            RouteDump(family: .ipv4, table: 254, origin: .bgp),
            """
            1c000000                                    length 28
            1a00                                        RTM_GETROUTE
            0103                                        NLM_F_REQUEST, NLM_F_DUMP
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            00                                          destination length 0
            00                                          source length 0
            00                                          type of service
            fe                                          table 254
            ba                                          RTPROT_BGP
            00                                          RT_SCOPE_UNIVERSE
            00                                          kind: any
            00000000                                    flags: none
            """)
    }

    @Test("the routes of a table beyond 255")
    func droutes1000() throws {
        try expect(
            RouteDump(family: .ipv6, table: 1000, origin: nil),
            """
            24000000                                    length 36
            1a00                                        RTM_GETROUTE
            0103                                        NLM_F_REQUEST, NLM_F_DUMP
            01000000                                    sequence 1
            00000000                                    port: the kernel
            0a                                          AF_INET6
            00                                          destination length 0
            00                                          source length 0
            00                                          type of service
            00                                          table: see RTA_TABLE
            00                                          protocol: any
            00                                          RT_SCOPE_UNIVERSE
            00                                          kind: any
            00000000                                    flags: none
            08000f00                                    RTA_TABLE, 8 bytes
                e8030000                                1000
            """)
    }
}
