/// Writes a capture file that Wireshark reads (draft-ietf-opsawg-pcapng). All numbers are little-endian; every block is
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                          Block Type                           |
/// |                      Block Total Length                       |
/// |            Body and options, padded to 32 bits                |
/// |                  Block Total Length, again                    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// The writer does no I/O: it gathers bytes, and whoever has it takes them with ``take()``.
public struct PcapngWriter: Sendable {
    /// An interface that packets are captured on.
    public struct Interface: Hashable, Sendable {
        /// What Wireshark shows as the name of the interface.
        public var name: String
        /// What it is, in words.
        public var description: String

        /// Makes an interface of its parts.
        public init(name: String, description: String) {
            self.name = name
            self.description = description
        }
    }

    /// A packet, as far as it was captured.
    public struct Packet: Sendable {
        /// The interface, by the order in which they were written.
        public var interface: UInt32
        /// Nanoseconds since 1970.
        public var time: UInt64
        /// How many octets the packet had; at least as many as were captured.
        public var length: UInt32
        /// Whether the interface sent it; otherwise it received it.
        public var isOutgoing: Bool

        /// Makes a packet of its parts.
        public init(interface: UInt32, time: UInt64, length: UInt32, isOutgoing: Bool) {
            self.interface = interface
            self.time = time
            self.length = length
            self.isOutgoing = isOutgoing
        }
    }

    /// What became of an interface's packets, from beginning to end.
    public struct Statistics: Hashable, Sendable {
        /// Nanoseconds since 1970, when the capture began.
        public var start: UInt64
        /// Nanoseconds since 1970, when it ended.
        public var end: UInt64
        /// Packets that passed, those included for which there was no room.
        public var received: UInt64
        /// Packets for which there was no room.
        public var dropped: UInt64

        /// Makes statistics of their parts.
        public init(start: UInt64, end: UInt64, received: UInt64, dropped: UInt64) {
            self.start = start
            self.end = end
            self.received = received
            self.dropped = dropped
        }
    }

    private var bytes: [UInt8] = []

    /// Begins a file with its Section Header Block. `application` is the program that writes it.
    public init(application: String) {
        block(0x0A0D_0D0A) { body in
            body.append32(0x1A2B_3C4D)  // the byte order
            body.append16(1)  // version 1.0
            body.append16(0)
            body.append64(.max)  // the section's length is not known
            body.option(4, Array(application.utf8))  // shb_userappl
            body.endOfOptions()
        }
    }

    /// How many bytes wait to be taken.
    public var count: Int { bytes.count }

    /// The bytes since the last call.
    public mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: false) }
        return bytes
    }

    /// Writes an Interface Description Block, of an Ethernet interface with time stamps in nanoseconds. Interfaces are
    /// numbered from 0 in the order in which they are written.
    public mutating func write(_ interface: Interface) {
        block(1) { body in
            body.append16(1)  // LINKTYPE_ETHERNET
            body.append16(0)
            body.append32(0)  // no limit on the length of packets
            body.option(2, Array(interface.name.utf8))  // if_name
            body.option(3, Array(interface.description.utf8))  // if_description
            body.option(9, [9])  // if_tsresol: 10^-9 s
            body.endOfOptions()
        }
    }

    /// Writes an Enhanced Packet Block. `data` is what was captured of the packet.
    public mutating func write(_ packet: Packet, _ data: some Collection<UInt8>) {
        block(6) { body in
            body.append32(packet.interface)
            body.appendTime(packet.time)
            body.append32(UInt32(clamping: data.count))
            body.append32(max(packet.length, UInt32(clamping: data.count)))
            body.append(contentsOf: data)
            body.pad()
            var flags: [UInt8] = []
            flags.append32(packet.isOutgoing ? 2 : 1)
            body.option(2, flags)  // epb_flags
            body.endOfOptions()
        }
    }

    /// Writes an Interface Statistics Block.
    public mutating func write(_ statistics: Statistics, interface: UInt32) {
        block(5) { body in
            body.append32(interface)
            body.appendTime(statistics.end)
            for (code, time) in [(UInt16(2), statistics.start), (3, statistics.end)] {  // isb_starttime, isb_endtime
                var value: [UInt8] = []
                value.appendTime(time)
                body.option(code, value)
            }
            // Wireshark looks for what was lost in isb_ifdrop, wherever that was.
            for (code, number) in [(UInt16(4), statistics.received), (5, statistics.dropped)] {
                var value: [UInt8] = []
                value.append64(number)
                body.option(code, value)
            }
            body.endOfOptions()
        }
    }

    /// Writes a block: its body is put between the two copies of its length, which is known only afterwards.
    private mutating func block(_ type: UInt32, _ body: (inout [UInt8]) -> Void) {
        let start = bytes.count
        bytes.append32(type)
        bytes.append32(0)
        body(&bytes)
        let length = UInt32(truncatingIfNeeded: bytes.count - start + 4)
        bytes.append32(length)
        for index in 0..<4 { bytes[start + 4 + index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index)) }
    }
}

extension [UInt8] {
    fileprivate mutating func append16(_ value: UInt16) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
    }

    fileprivate mutating func append32(_ value: UInt32) {
        append16(UInt16(truncatingIfNeeded: value))
        append16(UInt16(truncatingIfNeeded: value >> 16))
    }

    fileprivate mutating func append64(_ value: UInt64) {
        append32(UInt32(truncatingIfNeeded: value))
        append32(UInt32(truncatingIfNeeded: value >> 32))
    }

    /// A time stamp: the upper half comes first.
    fileprivate mutating func appendTime(_ value: UInt64) {
        append32(UInt32(truncatingIfNeeded: value >> 32))
        append32(UInt32(truncatingIfNeeded: value))
    }

    /// Zeros up to a multiple of four octets: every part of a block begins at one, as do blocks.
    fileprivate mutating func pad() {
        while count % 4 != 0 { append(0) }
    }

    /// An option: code, length of the value, value, padding. A value longer than the format holds is cut.
    fileprivate mutating func option(_ code: UInt16, _ value: [UInt8]) {
        append16(code)
        append16(UInt16(clamping: value.count))
        append(contentsOf: value.prefix(Int(UInt16.max)))
        pad()
    }

    fileprivate mutating func endOfOptions() { append32(0) }
}
