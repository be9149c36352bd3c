/// Reads big-endian numbers from bytes that nobody vouches for. Every read says nil when the bytes run out, so a decoder
/// made of it cannot reach outside of its input.
package struct ByteReader: ~Escapable {
    private let bytes: RawSpan
    package private(set) var offset = 0

    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.byteCount - offset }

    @_lifetime(self: copy self)
    package mutating func uint8() -> UInt8? {
        guard remaining >= 1 else { return nil }
        defer { offset += 1 }
        return bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    @_lifetime(self: copy self)
    package mutating func uint16() -> UInt16? {
        guard remaining >= 2 else { return nil }
        defer { offset += 2 }
        return UInt16(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @_lifetime(self: copy self)
    package mutating func uint32() -> UInt32? {
        guard remaining >= 4 else { return nil }
        defer { offset += 4 }
        return UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @_lifetime(self: copy self)
    package mutating func uint64() -> UInt64? {
        guard remaining >= 8 else { return nil }
        defer { offset += 8 }
        return UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The next `count` bytes.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    package mutating func take(_ count: Int) -> RawSpan? {
        guard count >= 0, remaining >= count else { return nil }
        defer { offset += count }
        return bytes.extracting(offset..<offset + count)
    }

    /// All that is left.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    package mutating func rest() -> RawSpan {
        defer { offset = bytes.byteCount }
        return bytes.extracting(offset..<bytes.byteCount)
    }
}

extension RawSpan {
    /// A copy of the bytes.
    package var copied: [UInt8] { withUnsafeBytes { Array($0) } }
}

extension [UInt8] {
    package mutating func append(bigEndian value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    package mutating func append(bigEndian value: UInt32) {
        append(bigEndian: UInt16(truncatingIfNeeded: value >> 16))
        append(bigEndian: UInt16(truncatingIfNeeded: value))
    }

    package mutating func append(bigEndian value: UInt64) {
        append(bigEndian: UInt32(truncatingIfNeeded: value >> 32))
        append(bigEndian: UInt32(truncatingIfNeeded: value))
    }

    /// Overwrites the two bytes at `offset`, which a length field has kept free.
    package mutating func patch(_ value: Int, at offset: Int) {
        self[offset] = UInt8(truncatingIfNeeded: value >> 8)
        self[offset + 1] = UInt8(truncatingIfNeeded: value)
    }
}
