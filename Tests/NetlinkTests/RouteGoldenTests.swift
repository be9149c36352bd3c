import Net
import Testing

@testable import Netlink

@Suite("Routes as bytes")
struct RouteGoldenTests {
    @Test("an IPv4 route with metric and source")
    func route4() throws {
        try expect(
            RouteChange(
                .add,
                KernelRoute(
                    try prefix("198.51.100.0/24"), via: [.init(try address("10.0.0.1"), interface: 11)], origin: .bgp,
                    metric: 20, preferredSource: try address("192.0.2.1"))),
            """
            44000000                                    length 68
            1800                                        RTM_NEWROUTE
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            18                                          destination length 24
            00                                          source length 0
            00                                          type of service
            fe                                          table 254
            ba                                          RTPROT_BGP
            00                                          RT_SCOPE_UNIVERSE
            01                                          RTN_UNICAST
            00000000                                    flags: none
            08000100                                    RTA_DST, 8 bytes
                c6336400                                198.51.100.0
            08000600                                    RTA_PRIORITY, 8 bytes
                14000000                                20
            08000700                                    RTA_PREFSRC, 8 bytes
                c0000201                                192.0.2.1
            08000500                                    RTA_GATEWAY, 8 bytes
                0a000001                                10.0.0.1
            08000400                                    RTA_OIF, 8 bytes
                0b000000                                11
            """)
    }

    @Test("an IPv6 multipath route")
    func route6mp() throws {
        try expect(
            RouteChange(
                .replace,
                KernelRoute(
                    try prefix("2001:db8:100::/48"),
                    via: [
                        .init(try address("2001:db8::1"), interface: 11, weight: 2),
                        .init(try address("2001:db8::3"), interface: 12),
                    ], origin: .bgp, metric: 1024)),
            """
            74000000                                    length 116
            1800                                        RTM_NEWROUTE
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            0a                                          AF_INET6
            30                                          destination length 48
            00                                          source length 0
            00                                          type of service
            fe                                          table 254
            ba                                          RTPROT_BGP
            00                                          RT_SCOPE_UNIVERSE
            01                                          RTN_UNICAST
            00000000                                    flags: none
            14000100                                    RTA_DST, 20 bytes
                20010db8010000000000000000000000        2001:db8:100::
            08000600                                    RTA_PRIORITY, 8 bytes
                00040000                                1024
            3c000980                                    RTA_MULTIPATH, 60 bytes, nested
                1c00                                    next hop, 28 bytes
                00                                      flags: none
                01                                      weight 2, less 1
                0b000000                                link 11
                    14000500                            RTA_GATEWAY, 20 bytes
                        20010db8000000000000000000000001 2001:db8::1
                1c00                                    next hop, 28 bytes
                00                                      flags: none
                00                                      weight 1, less 1
                0c000000                                link 12
                    14000500                            RTA_GATEWAY, 20 bytes
                        20010db8000000000000000000000003 2001:db8::3
            """)
    }

    @Test("an IPv4 multipath route with a gateway of each family")
    func route4mp() throws {
        try expect(
            RouteChange(
                .replace,
                KernelRoute(
                    try prefix("198.51.100.0/24"),
                    via: [
                        .init(try address("10.0.0.1"), interface: 11),
                        .init(try address("2001:db8::3"), interface: 12, isOnLink: true),
                    ], origin: .bgp)),
            """
            58000000                                    length 88
            1800                                        RTM_NEWROUTE
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            18                                          destination length 24
            00                                          source length 0
            00                                          type of service
            fe                                          table 254
            ba                                          RTPROT_BGP
            00                                          RT_SCOPE_UNIVERSE
            01                                          RTN_UNICAST
            00000000                                    flags: none
            08000100                                    RTA_DST, 8 bytes
                c6336400                                198.51.100.0
            34000980                                    RTA_MULTIPATH, 52 bytes, nested
                1000                                    next hop, 16 bytes
                00                                      flags: none
                00                                      weight 1, less 1
                0b000000                                link 11
                    08000500                            RTA_GATEWAY, 8 bytes
                        0a000001                        10.0.0.1
                2000                                    next hop, 32 bytes
                04                                      flags: RTNH_F_ONLINK
                00                                      weight 1, less 1
                0c000000                                link 12
                    16001200                            RTA_VIA, 22 bytes
                        0a00                            AF_INET6
                        20010db8000000000000000000000003 2001:db8::3
                        0000                            padding
            """)
    }

    @Test("a route to a link")
    func routeDirect() throws {
        try expect(
            RouteChange(.add, KernelRoute(try prefix("0.0.0.0/0"), via: [.init(interface: 11)])),
            """
            2c000000                                    length 44
            1800                                        RTM_NEWROUTE
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            00                                          destination length 0
            00                                          source length 0
            00                                          type of service
            fe                                          table 254
            04                                          RTPROT_STATIC
            fd                                          RT_SCOPE_LINK
            01                                          RTN_UNICAST
            00000000                                    flags: none
            08000100                                    RTA_DST, 8 bytes
                00000000                                0.0.0.0
            08000400                                    RTA_OIF, 8 bytes
                0b000000                                11
            """)
    }

    @Test("a gateway taken to be on the link")
    func routeOnlink() throws {
        try expect(
            RouteChange(
                .add,
                KernelRoute(
                    try prefix("198.51.100.0/24"),
                    via: [.init(try address("172.16.0.1"), interface: 11, isOnLink: true)])),
            """
            34000000                                    length 52
            1800                                        RTM_NEWROUTE
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            18                                          destination length 24
            00                                          source length 0
            00                                          type of service
            fe                                          table 254
            04                                          RTPROT_STATIC
            00                                          RT_SCOPE_UNIVERSE
            01                                          RTN_UNICAST
            04000000                                    flags: RTNH_F_ONLINK
            08000100                                    RTA_DST, 8 bytes
                c6336400                                198.51.100.0
            08000500                                    RTA_GATEWAY, 8 bytes
                ac100001                                172.16.0.1
            08000400                                    RTA_OIF, 8 bytes
                0b000000                                11
            """)
    }

    @Test("an IPv4 route by an IPv6 gateway")
    func routeVia() throws {
        try expect(
            RouteChange(
                .add,
                KernelRoute(
                    try prefix("198.51.100.0/24"), via: [.init(try address("2001:db8::1"), interface: 11)], origin: .bgp
                )),
            """
            44000000                                    length 68
            1800                                        RTM_NEWROUTE
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            18                                          destination length 24
            00                                          source length 0
            00                                          type of service
            fe                                          table 254
            ba                                          RTPROT_BGP
            00                                          RT_SCOPE_UNIVERSE
            01                                          RTN_UNICAST
            00000000                                    flags: none
            08000100                                    RTA_DST, 8 bytes
                c6336400                                198.51.100.0
            16001200                                    RTA_VIA, 22 bytes
                0a00                                    AF_INET6
                20010db8000000000000000000000001        2001:db8::1
                0000                                    padding
            08000400                                    RTA_OIF, 8 bytes
                0b000000                                11
            """)
    }

    @Test("a blackhole")
    func blackhole() throws {
        try expect(
            RouteChange(.add, KernelRoute(try prefix("198.51.100.0/24"), kind: .blackhole, origin: .bgp)),
            """
            24000000                                    length 36
            1800                                        RTM_NEWROUTE
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            18                                          destination length 24
            00                                          source length 0
            00                                          type of service
            fe                                          table 254
            ba                                          RTPROT_BGP
            00                                          RT_SCOPE_UNIVERSE
            06                                          RTN_BLACKHOLE
            00000000                                    flags: none
            08000100                                    RTA_DST, 8 bytes
                c6336400                                198.51.100.0
            """)
    }

    @Test("an unreachable in a table beyond 255")
    func unreach() throws {
        try expect(
            RouteChange(.add, KernelRoute(try prefix("2001:db8::/32"), kind: .unreachable, table: 1000)),
            """
            38000000                                    length 56
            1800                                        RTM_NEWROUTE
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            0a                                          AF_INET6
            20                                          destination length 32
            00                                          source length 0
            00                                          type of service
            00                                          table: see RTA_TABLE
            04                                          RTPROT_STATIC
            00                                          RT_SCOPE_UNIVERSE
            07                                          RTN_UNREACHABLE
            00000000                                    flags: none
            14000100                                    RTA_DST, 20 bytes
                20010db8000000000000000000000000        2001:db8::
            08000f00                                    RTA_TABLE, 8 bytes
                e8030000                                1000
            """)
    }

    @Test("a route deleted whatever its next hops")
    func routeDel() throws {
        try expect(
            RouteChange(.delete, KernelRoute(try prefix("198.51.100.0/24"), origin: .bgp)),
            """
            24000000                                    length 36
            1900                                        RTM_DELROUTE
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            18                                          destination length 24
            00                                          source length 0
            00                                          type of service
            fe                                          table 254
            ba                                          RTPROT_BGP
            ff                                          RT_SCOPE_NOWHERE
            01                                          RTN_UNICAST
            00000000                                    flags: none
            08000100                                    RTA_DST, 8 bytes
                c6336400                                198.51.100.0
            """)
    }
}
