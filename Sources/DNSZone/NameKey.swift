import DNSWire

/// A name made ready for looking up: lower case, with the place of every label. It lives on the stack and is used for one
/// name after the other.
public struct NameKey: ~Copyable {
    /// The wire form in lower case, and at least eight zero octets after it, so that it can be read in words of eight.
    private var octets = InlineArray<264, UInt8>(repeating: 0)
    private var labelOffsets = InlineArray<128, UInt8>(repeating: 0)
    /// The length of the name in octets.
    public private(set) var byteCount = 1
    /// The number of labels without the root's.
    public private(set) var labelCount = 0

    /// Makes the key of the root.
    public init() {}

    /// Takes the uncompressed name at the start of `name`. False, and the key unchanged, when there is no whole name
    /// of at most 255 octets.
    public mutating func assign(_ name: RawSpan) -> Bool {
        var labels = 0
        var position = 0
        while let length = name.uint8(at: position), length != 0 {
            guard length <= 63, position &+ Int(length) < DomainName.maximumByteCount &- 1 else { return false }
            position &+= Int(length) &+ 1
            labels &+= 1
        }
        guard name.uint8(at: position) == 0 else { return false }
        take(name, byteCount: position &+ 1, labelCount: labels)
        return true
    }

    private mutating func take(_ name: RawSpan, byteCount: Int, labelCount: Int) {
        self.byteCount = byteCount
        self.labelCount = labelCount
        var target = octets.mutableSpan
        var bytes = target.mutableBytes
        var offset = 0
        while offset < byteCount {
            let word: UInt64
            if offset <= name.byteCount &- 8 {
                word = name.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            } else {
                var last: UInt64 = 0
                for index in 0..<8 {
                    last |= UInt64(name.uint8(at: offset &+ index) ?? 0) << UInt64(8 &* index)
                }
                word = UInt64(littleEndian: last)
            }
            bytes.storeBytes(of: lowercaseWord(word), toByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        // The last word may have brought octets that follow the name.
        for index in byteCount..<min(byteCount &+ 8, 264) { octets[index] = 0 }
        var position = 0
        for label in 0...labelCount {
            labelOffsets[label] = UInt8(truncatingIfNeeded: position)
            position &+= Int(octets[position]) &+ 1
        }
    }

    /// The offset of a label: of the first for 0, of the root's for ``labelCount``.
    func offset(ofLabel label: Int) -> Int { Int(labelOffsets[label]) }

    /// The eight octets at `offset`, zero behind the name.
    func word(at offset: Int) -> UInt64 {
        octets.span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// A hash of the name from `label` on. Zones are the operator's own: no defence against chosen names is needed.
    func hash(fromLabel label: Int) -> UInt64 {
        var offset = offset(ofLabel: label)
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        while offset < byteCount {
            hash = (hash ^ word(at: offset)) &* 0xFF51_AFD7_ED55_8CCD
            hash ^= hash >> 32
            offset &+= 8
        }
        return hash
    }

    /// Whether the name from `label` on equals the `count` octets at `offset` of `arena`, which are in lower case and
    /// have seven octets after them.
    func isEqual(fromLabel label: Int, to arena: RawSpan, at offset: Int, count: Int) -> Bool {
        let start = self.offset(ofLabel: label)
        guard byteCount &- start == count else { return false }
        var index = 0
        while index < count {
            var difference =
                word(at: start &+ index)
                ^ arena.unsafeLoadUnaligned(fromByteOffset: offset &+ index, as: UInt64.self)
            let rest = count &- index
            // Of the last word only the octets of the name count: the low ones, as memory is read little-endian first.
            if rest < 8 { difference = UInt64(littleEndian: difference) << UInt64(64 &- 8 &* rest) }
            if difference != 0 { return false }
            index &+= 8
        }
        return true
    }
}

/// A to Z become a to z in all eight octets at once.
@inline(__always)
private func lowercaseWord(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let low = word & (ones &* 0x7F)
    let aboveZ = low &+ ones &* (0x7F - 0x5A)
    let fromA = low &+ ones &* (0x80 - 0x41)
    let isUpper = (aboveZ ^ fromA) & ~word & (ones &* 0x80)
    return word | isUpper >> 2
}
