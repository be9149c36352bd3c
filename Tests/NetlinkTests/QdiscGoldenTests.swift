import CMnl
import Net
import Testing

@testable import Netlink

@Suite("Queueing disciplines as bytes")
struct QdiscGoldenTests {
    @Test("netem with every fault")
    func netem() throws {
        try expect(
            QdiscReplacement(
                Qdisc(
                    .netem(
                        Netem(
                            delay: 10_000_123, jitter: 1_000_007, loss: 0.001, duplicate: 0.01, reorder: 0.25,
                            limit: 5000, rate: 80_000_000)), on: 11, handle: 1)),
            """
            84000000                                    length 132
            2400                                        RTM_NEWQDISC
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and padding
            0b000000                                    link 11
            00000100                                    handle 1:
            ffffffff                                    parent: root
            00000000                                    info
            0a000100                                    TCA_KIND, 10 bytes
                6e6574656d00                            "netem"
                0000                                    padding
            54000200                                    TCA_OPTIONS, 84 bytes
                5a620200                                latency, ticks of 64 ns: 156250
                88130000                                limit, packets: 5000
                37894100                                loss, of 2^32: 4294967
                01000000                                gap: 1
                295c8f02                                duplicate, of 2^32: 42949673
                093d0000                                jitter, ticks of 64 ns: 15625
                0c000300                                TCA_NETEM_REORDER, 12 bytes
                    00000040                            probability, of 2^32: 1073741824
                    00000000                            correlation
                0c000a00                                TCA_NETEM_LATENCY64, 12 bytes
                    fb96980000000000                    10000123 ns
                0c000b00                                TCA_NETEM_JITTER64, 12 bytes
                    47420f0000000000                    1000007 ns
                14000600                                TCA_NETEM_RATE, 20 bytes
                    80969800                            10000000 bytes a second
                    000000000000000000000000            packet overhead, cell size, cell overhead
            """)
    }

    @Test("netem without a delay, with all lost and a rate beyond 32 bits, below another")
    func netem0() throws {
        try expect(
            QdiscReplacement(
                Qdisc(.netem(Netem(delay: 0, jitter: 0, loss: 1, rate: 80_000_000_000)), on: 11, parent: .below(1))),
            """
            84000000                                    length 132
            2400                                        RTM_NEWQDISC
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and padding
            0b000000                                    link 11
            00000000                                    handle: chosen by the kernel
            01000100                                    parent 1:1
            00000000                                    info
            0a000100                                    TCA_KIND, 10 bytes
                6e6574656d00                            "netem"
                0000                                    padding
            54000200                                    TCA_OPTIONS, 84 bytes
                0f000000                                latency, ticks of 64 ns: 15
                e8030000                                limit, packets: 1000
                ffffffff                                loss, of 2^32: 4294967295
                00000000                                gap: 0
                00000000                                duplicate, of 2^32: 0
                00000000                                jitter, ticks of 64 ns: 0
                0c000a00                                TCA_NETEM_LATENCY64, 12 bytes
                    0000000000000000                    0 ns
                0c000300                                TCA_NETEM_REORDER, 12 bytes
                    00000000                            probability
                    00000000                            correlation
                0c000800                                TCA_NETEM_RATE64, 12 bytes
                    00e40b5402000000                    10000000000 bytes a second
                14000600                                TCA_NETEM_RATE, 20 bytes
                    ffffffff                            4294967295 bytes a second
                    000000000000000000000000            packet overhead, cell size, cell overhead
            """)
    }

    @Test("netem with a distribution")
    func netemD() throws {
        try expect(
            QdiscReplacement(Qdisc(.netem(Netem(delay: 10_000_000, jitter: 1_000_000, distribution: .normal)), on: 11)),
            """
            88200000                                    length 8328
            2400                                        RTM_NEWQDISC
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and padding
            0b000000                                    link 11
            00000000                                    handle: chosen by the kernel
            ffffffff                                    parent: root
            00000000                                    info
            0a000100                                    TCA_KIND, 10 bytes
                6e6574656d00                            "netem"
                0000                                    padding
            58200200                                    TCA_OPTIONS, 8280 bytes
                5a620200                                latency, ticks of 64 ns: 156250
                e8030000                                limit, packets: 1000
                00000000                                loss, of 2^32: 0
                00000000                                gap: 0
                00000000                                duplicate, of 2^32: 0
                093d0000                                jitter, ticks of 64 ns: 15625
                04200200                                TCA_NETEM_DELAY_DIST, 8196 bytes
                    *8192   made by libnl
                0c000a00                                TCA_NETEM_LATENCY64, 12 bytes
                    8096980000000000                    10000000 ns
                0c000b00                                TCA_NETEM_JITTER64, 12 bytes
                    40420f0000000000                    1000000 ns
                0c000300                                TCA_NETEM_REORDER, 12 bytes
                    00000000                            probability
                    00000000                            correlation
                14000600                                TCA_NETEM_RATE, 20 bytes
                    00000000                            no limit
                    000000000000000000000000            packet overhead, cell size, cell overhead
            """)
    }

    @Test("tbf below another")
    func tbf() throws {
        try expect(
            QdiscReplacement(
                Qdisc(
                    .tokenBucket(TokenBucket(rate: 10_000_000, burst: 16384, limit: 30000)), on: 11, parent: .below(1),
                    handle: 2)),
            """
            64040000                                    length 1124
            2400                                        RTM_NEWQDISC
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and padding
            0b000000                                    link 11
            00000200                                    handle 2:
            01000100                                    parent 1:1
            00000000                                    info
            08000100                                    TCA_KIND, 8 bytes
                74626600                                "tbf"
            38040280                                    TCA_OPTIONS, 1080 bytes, nested
                28000100                                TCA_TBF_PARMS, 40 bytes
                    03000000ffff0000                    cell log 3, link layer, overhead, cell align -1, mpu
                    d0121300                            rate: 1250000 bytes a second
                    000000000000000000000000            no peak rate
                    30750000                            limit, bytes: 30000
                    fc1f0300                            burst, ticks of 64 ns: 204796
                    00000000                            mtu of the peak rate: 0
                04040200                                TCA_TBF_RTAB, 1028 bytes
                    *1024   made by libnl
                08000600                                TCA_TBF_BURST, 8 bytes
                    00400000                            16384 bytes
            """)
    }

    @Test("tbf beyond 2^31 bytes a second")
    func tbfBig() throws {
        try expect(
            QdiscReplacement(
                Qdisc(.tokenBucket(TokenBucket(rate: 40_000_000_000, burst: 1048576, limit: 4000000)), on: 11)),
            """
            70040000                                    length 1136
            2400                                        RTM_NEWQDISC
            0105                                        NLM_F_REQUEST, NLM_F_REPLACE, NLM_F_CREATE
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and padding
            0b000000                                    link 11
            00000000                                    handle: chosen by the kernel
            ffffffff                                    parent: root
            00000000                                    info
            08000100                                    TCA_KIND, 8 bytes
                74626600                                "tbf"
            44040280                                    TCA_OPTIONS, 1092 bytes, nested
                28000100                                TCA_TBF_PARMS, 40 bytes
                    03000000ffff0000                    cell log 3, link layer, overhead, cell align -1, mpu
                    ffffff7f                            rate: 2147483647 bytes a second
                    000000000000000000000000            no peak rate
                    00093d00                            limit, bytes: 4000000
                    c91d0000                            burst, ticks of 64 ns: 7625
                    00000000                            mtu of the peak rate: 0
                04040200                                TCA_TBF_RTAB, 1028 bytes
                    *1024   made by libnl
                0c000400                                TCA_TBF_RATE64, 12 bytes
                    00f2052a01000000                    5000000000 bytes a second
                08000600                                TCA_TBF_BURST, 8 bytes
                    00001000                            1048576 bytes
            """)
    }

    @Test("a discipline taken away")
    func qdel() throws {
        try expect(
            QdiscDeletion(on: 11, parent: .below(1)),
            """
            24000000                                    length 36
            2500                                        RTM_DELQDISC
            0100                                        NLM_F_REQUEST
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and padding
            0b000000                                    link 11
            00000000                                    handle: any
            01000100                                    parent 1:1
            00000000                                    info
            """)
    }

    @Test("the list of disciplines")
    func dqdiscs() throws {
        try expect(
            DumpRequest(type: RTM_GETQDISC, header: tcmsg(), what: "qdiscs"),
            """
            24000000                                    length 36
            2600                                        RTM_GETQDISC
            0103                                        NLM_F_REQUEST, NLM_F_DUMP
            01000000                                    sequence 1
            00000000                                    port: the kernel
            00000000                                    family and padding
            00000000                                    link 0
            00000000                                    handle: chosen by the kernel
            00000000                                    parent 0:0
            00000000                                    info
            """)
    }
}
