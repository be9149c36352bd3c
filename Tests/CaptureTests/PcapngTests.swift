import TestSupport
import Testing

@testable import Capture

/// The capture file, octet by octet as the format's draft has it.
struct PcapngTests {
    @Test func aFileBeginsWithItsSection() {
        var writer = PcapngWriter(application: "lab")
        #expect(
            writer.take()
                == hex(
                    """
                    0a 0d 0d 0a # Section Header Block
                    28 00 00 00 # 40 octets
                    4d 3c 2b 1a # little-endian
                    01 00 00 00 # version 1.0
                    ff ff ff ff ff ff ff ff # length unknown
                    04 00 03 00 6c 61 62 00 # shb_userappl, "lab"
                    00 00 00 00 # opt_endofopt
                    28 00 00 00
                    """))
        #expect(writer.take().isEmpty)
    }

    @Test func anInterfaceHasItsNameAndNanoseconds() {
        var writer = PcapngWriter(application: "lab")
        _ = writer.take()
        writer.write(PcapngWriter.Interface(name: "a:eth0", description: "to b"))
        #expect(
            writer.take()
                == hex(
                    """
                    01 00 00 00 # Interface Description Block
                    34 00 00 00 # 52 octets
                    01 00 00 00 # LINKTYPE_ETHERNET
                    00 00 00 00 # no limit
                    02 00 06 00 61 3a 65 74 68 30 00 00 # if_name
                    03 00 04 00 74 6f 20 62 # if_description
                    09 00 01 00 09 00 00 00 # if_tsresol
                    00 00 00 00
                    34 00 00 00
                    """))
    }

    @Test func aPacketHasItsTimeAndDirection() {
        var writer = PcapngWriter(application: "lab")
        _ = writer.take()
        writer.write(
            .init(interface: 1, time: 0x0102_0304_0506_0708, length: 1500, isOutgoing: true),
            [0xDE, 0xAD, 0xBE, 0xEF, 0x01])
        #expect(
            writer.take()
                == hex(
                    """
                    06 00 00 00 # Enhanced Packet Block
                    34 00 00 00 # 52 octets
                    01 00 00 00 # the second interface
                    04 03 02 01 08 07 06 05 # upper and lower half of the time
                    05 00 00 00 # captured
                    dc 05 00 00 # of 1500
                    de ad be ef 01 00 00 00
                    02 00 04 00 02 00 00 00 # epb_flags: outbound
                    00 00 00 00
                    34 00 00 00
                    """))
    }

    @Test func statisticsTellWhatWasLost() {
        var writer = PcapngWriter(application: "lab")
        _ = writer.take()
        writer.write(.init(start: 1, end: 1 << 32, received: 7, dropped: 2), interface: 0)
        #expect(
            writer.take()
                == hex(
                    """
                    05 00 00 00 # Interface Statistics Block
                    4c 00 00 00 # 76 octets
                    00 00 00 00
                    01 00 00 00 00 00 00 00 # the end
                    02 00 08 00 00 00 00 00 01 00 00 00 # isb_starttime
                    03 00 08 00 01 00 00 00 00 00 00 00 # isb_endtime
                    04 00 08 00 07 00 00 00 00 00 00 00 # isb_ifrecv
                    05 00 08 00 02 00 00 00 00 00 00 00 # isb_ifdrop
                    00 00 00 00
                    4c 00 00 00
                    """))
    }

    /// Every block is a multiple of four octets and says its length at both ends, whatever is in it.
    @Test func blocksHoldTogether() {
        var writer = PcapngWriter(application: String(repeating: "x", count: 70_000))
        for length in 0..<20 {
            writer.write(PcapngWriter.Interface(name: String(repeating: "n", count: length), description: ""))
            writer.write(
                .init(interface: 0, time: .max, length: 0, isOutgoing: false), [UInt8](repeating: 1, count: length))
        }
        let file = writer.take()
        var offset = 0
        var blocks = 0
        while offset < file.count {
            func length(at place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(file[place + $1]) << (8 * $1) } }
            let size = length(at: offset + 4)
            #expect(size % 4 == 0 && size >= 12 && length(at: offset + size - 4) == size)
            offset += size
            blocks += 1
        }
        #expect(offset == file.count && blocks == 41)
    }
}
