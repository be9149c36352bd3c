import Net
import Testing

@testable import Netlink

@Suite("Next hops as bytes")
struct NexthopGoldenTests {
    @Test("a next hop that is an object of its own")
    func nexthop() throws {
        try expect(
            NexthopChange(.replace, 1, via: try address("10.0.0.1"), interface: 11),
            """
            30000000                                    length 48
            6800                                        RTM_NEWNEXTHOP
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            00                                          scope: universe
            ba                                          RTPROT_BGP
            00                                          reserved
            00000000                                    flags: none
            08000100                                    NHA_ID, 8 bytes
                01000000                                1
            08000500                                    NHA_OIF, 8 bytes
                0b000000                                11
            08000600                                    NHA_GATEWAY, 8 bytes
                0a000001                                10.0.0.1
            """)
    }

    @Test("a resilient group of two")
    func group() throws {
        try expect(
            ResilientGroupChange(.replace, 1 << 20, of: [1, 2]),
            """
            48000000                                    length 72
            6800                                        RTM_NEWNEXTHOP
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00                                          AF_UNSPEC
            00                                          scope: universe
            ba                                          RTPROT_BGP
            00                                          reserved
            00000000                                    flags: none
            08000100                                    NHA_ID, 8 bytes
                00001000                                1048576
            14000200                                    NHA_GROUP, 20 bytes
                0100000000000000                        next hop 1, weight 1
                0200000000000000                        next hop 2, weight 1
            06000300                                    NHA_GROUP_TYPE, 6 bytes and padding
                01000000                                NEXTHOP_GRP_TYPE_RES
            0c000c80                                    NHA_RES_GROUP, nested, 12 bytes
                06000100                                NHA_RES_GROUP_BUCKETS, 6 bytes and padding
                    00010000                            256
            """)
    }

    @Test("a group that goes, and a route through one")
    func removalAndRoute() throws {
        try expect(
            ResilientGroupChange(.delete, 7, of: []),
            """
            20000000                                    length 32
            6900                                        RTM_DELNEXTHOP
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    AF_UNSPEC, scope, protocol, reserved
            00000000                                    flags: none
            08000100                                    NHA_ID, 8 bytes
                07000000                                7
            """)
        try expect(
            RouteChange(
                .replace,
                KernelRoute(
                    try prefix("198.51.100.0/24"), via: [.init(try address("10.0.0.1"), interface: 11)], origin: .bgp),
                through: 7),
            """
            2c000000                                    length 44
            1800                                        RTM_NEWROUTE
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02180000                                    AF_INET, destination length 24, source length, type of service
            fe                                          table 254
            ba                                          RTPROT_BGP
            00                                          RT_SCOPE_UNIVERSE
            01                                          RTN_UNICAST
            00000000                                    flags: none
            08000100                                    RTA_DST, 8 bytes
                c6336400                                198.51.100.0
            08001e00                                    RTA_NH_ID, 8 bytes
                07000000                                7
            """)
    }
}
