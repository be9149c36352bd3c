import Net
import Testing

@testable import Netlink

@Suite("Addresses and neighbours as bytes")
struct AddressGoldenTests {
    @Test("an IPv4 address of a point-to-point link")
    func addr4() throws {
        try expect(
            AddressChange(.add, InterfaceAddress(try address("10.0.0.0"), prefixLength: 31, interface: 11)),
            """
            28000000                                    length 40
            1400                                        RTM_NEWADDR
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            1f                                          prefix length 31
            00                                          flags: none
            00                                          RT_SCOPE_UNIVERSE
            0b000000                                    link 11
            08000200                                    IFA_LOCAL, 8 bytes
                0a000000                                10.0.0.0
            08000100                                    IFA_ADDRESS, 8 bytes
                0a000000                                10.0.0.0
            """)
    }

    @Test("an IPv6 address without duplicate address detection")
    func addr6() throws {
        try expect(
            AddressChange(.replace, InterfaceAddress(try address("2001:db8::1"), prefixLength: 127, interface: 11)),
            """
            40000000                                    length 64
            1400                                        RTM_NEWADDR
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            0a                                          AF_INET6
            7f                                          prefix length 127
            02                                          flags: IFA_F_NODAD
            00                                          RT_SCOPE_UNIVERSE
            0b000000                                    link 11
            14000200                                    IFA_LOCAL, 20 bytes
                20010db8000000000000000000000001        2001:db8::1
            14000100                                    IFA_ADDRESS, 20 bytes
                20010db8000000000000000000000001        2001:db8::1
            """)
    }

    @Test("a loopback address has the scope of the host")
    func addrLo() throws {
        try expect(
            AddressChange(.add, InterfaceAddress(try address("127.0.0.2"), prefixLength: 8, interface: 1)),
            """
            28000000                                    length 40
            1400                                        RTM_NEWADDR
            0106                                        NLM_F_REQUEST, NLM_F_EXCL, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            08                                          prefix length 8
            00                                          flags: none
            fe                                          RT_SCOPE_HOST
            01000000                                    link 1
            08000200                                    IFA_LOCAL, 8 bytes
                7f000002                                127.0.0.2
            08000100                                    IFA_ADDRESS, 8 bytes
                7f000002                                127.0.0.2
            """)
    }

    @Test("an address removed")
    func addrDel() throws {
        try expect(
            AddressChange(.delete, InterfaceAddress(try address("2001:db8::1"), prefixLength: 127, interface: 11)),
            """
            40000000                                    length 64
            1500                                        RTM_DELADDR
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            0a                                          AF_INET6
            7f                                          prefix length 127
            00                                          flags: none
            00                                          RT_SCOPE_UNIVERSE
            0b000000                                    link 11
            14000200                                    IFA_LOCAL, 20 bytes
                20010db8000000000000000000000001        2001:db8::1
            14000100                                    IFA_ADDRESS, 20 bytes
                20010db8000000000000000000000001        2001:db8::1
            """)
    }

    @Test("a neighbour replaced")
    func neigh() throws {
        try expect(
            NeighbourChange(
                .replace, NeighbourEntry(try address("2001:db8::1"), try mac("02:00:00:00:00:63"), interface: 11)),
            """
            3c000000                                    length 60
            1c00                                        RTM_NEWNEIGH
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            0a                                          AF_INET6
            000000                                      padding
            0b000000                                    link 11
            8000                                        NUD_PERMANENT
            0000                                        flags and type
            14000100                                    NDA_DST, 20 bytes
                20010db8000000000000000000000001        2001:db8::1
            0a000200                                    NDA_LLADDR, 10 bytes
                020000000063                            02:00:00:00:00:63
                0000                                    padding
            """)
    }

    @Test("a neighbour removed")
    func neighDel() throws {
        try expect(
            NeighbourChange(
                .delete, NeighbourEntry(try address("10.0.0.1"), try mac("02:00:00:00:00:63"), interface: 11)),
            """
            24000000                                    length 36
            1d00                                        RTM_DELNEIGH
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            02                                          AF_INET
            000000                                      padding
            0b000000                                    link 11
            0000                                        state: any
            0000                                        flags and type
            08000100                                    NDA_DST, 8 bytes
                0a000001                                10.0.0.1
            """)
    }
}
