/// Where the names of a message under construction have been written, so that later ones can point at them
/// (RFC 1035, section 4.1.4).
///
/// An entry is the end of a name: its offset in the message and its length when written out. Two equal ends have equal
/// lengths, so a look-up compares octets with few candidates and no hash is needed. Octets are compared, not letters:
/// a name never changes its case by compression (RFC 4343, section 4.1). When the table is full, later names are
/// merely not found.
struct CompressionTable {
    private static var capacity: Int { 32 }
    private var entries = InlineArray<32, UInt32>(repeating: 0)
    private(set) var count = 0

    init() {}

    /// Remembers that a name of `length` octets, written out, starts at `offset`. Offsets that a pointer cannot
    /// express, and the root, are not kept.
    mutating func insert(offset: Int, length: Int) {
        guard count < Self.capacity, offset <= 0x3FFF, length > 1 else { return }
        entries[count] = UInt32(truncatingIfNeeded: offset << 16 | length)
        count &+= 1
    }

    /// Forgets what was written at or after `offset`.
    mutating func removeAll(from offset: Int) {
        while count > 0, Int(entries[count &- 1] >> 16) >= offset { count &-= 1 }
    }

    /// The offset in `message` of a name equal to `name`, an uncompressed one.
    func find(_ name: RawSpan, in message: RawSpan) -> Int? {
        for index in 0..<count {
            let entry = entries[index]
            guard Int(entry & 0xFFFF) == name.byteCount else { continue }
            let offset = Int(entry >> 16)
            if Self.isEqual(name, to: message, at: offset) { return offset }
        }
        return nil
    }

    /// Compares an uncompressed name with one in the message, whose pointers are our own and point backward.
    private static func isEqual(_ name: RawSpan, to message: RawSpan, at offset: Int) -> Bool {
        var position = offset
        var index = 0
        while index < name.byteCount {
            guard let octet = message.uint8(at: position) else { return false }
            if octet >= 0xC0 {
                guard let pointer = message.uint16(at: position), Int(pointer & 0x3FFF) < position else { return false }
                position = Int(pointer & 0x3FFF)
                continue
            }
            for _ in 0...octet {
                guard name.uint8(at: index) == message.uint8(at: position) else { return false }
                index &+= 1
                position &+= 1
            }
        }
        return true
    }
}
