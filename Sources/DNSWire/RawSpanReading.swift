/// Reading numbers in network byte order. Every read is checked, and one outside the message is nil: on the hot path
/// that is one comparison, and nothing from the network can stop the process.
extension RawSpan {
    /// The octet at `offset`; nil outside the span.
    @inlinable
    package func uint8(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        return unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// The two octets at `offset`; nil when they are not all inside the span.
    @inlinable
    package func uint16(at offset: Int) -> UInt16? {
        guard offset >= 0, offset <= byteCount &- 2 else { return nil }
        return UInt16(bigEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
    }

    /// The four octets at `offset`; nil when they are not all inside the span.
    @inlinable
    package func uint32(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= byteCount &- 4 else { return nil }
        return UInt32(bigEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
    }

    /// The `count` octets from `offset`; nil when they are not all inside the span.
    @inlinable
    @_lifetime(copy self)
    package func slice(at offset: Int, count: Int) -> RawSpan? {
        guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount &- offset else { return nil }
        return extracting(unchecked: offset..<offset &+ count)
    }

    /// The octets as an array: for the sides that are not on the hot path.
    package func copied() -> [UInt8] {
        withUnsafeBytes { Array($0) }
    }
}
