extension DomainName {
    /// Reads a name inside a message, following compression pointers (RFC 1035, section 4.1.4), and moves `offset` to
    /// the octet after it. Throws ``DomainNameError``.
    ///
    /// ```
    /// 00xxxxxx  a label of x octets      11xxxxxx xxxxxxxx  the rest of the name is at offset x
    /// ```
    /// Every pointer must point before the place where the part with the pointer began. Offsets so fall with each
    /// jump, and a loop cannot be built; nor can a ladder of pointers cost more jumps than a name can have labels.
    public init(reading message: RawSpan, at offset: inout Int) throws(DomainNameError) {
        var wire: [UInt8] = []
        var position = offset
        var partStart = offset
        var end: Int?
        var jumps = 0
        while true {
            guard let length = message.uint8(at: position) else { throw .malformed }
            switch length {
            case 0:
                wire.append(0)
                offset = end ?? position + 1
                self.init(trusted: wire)
                return
            case 1...63:
                guard let label = message.slice(at: position, count: Int(length) + 1) else { throw .malformed }
                guard wire.count + label.byteCount < Self.maximumByteCount else { throw .nameTooLong }
                wire += label.copied()
                position += label.byteCount
            case 0xC0...0xFF:
                guard let pointer = message.uint16(at: position) else { throw .malformed }
                let target = Int(pointer & 0x3FFF)
                jumps += 1
                guard target < partStart, jumps < 128 else { throw .badPointer }
                end = end ?? position + 2
                position = target
                partStart = target
            default:
                throw .malformed
            }
        }
    }
}

extension RawSpan {
    /// The offset after the name that starts at `offset`; nil when it is cut off or has a bad length octet. A pointer
    /// ends the name and is not followed.
    @inlinable
    package func offsetAfterName(at offset: Int) -> Int? {
        var position = offset
        while let length = uint8(at: position) {
            if length == 0 { return position &+ 1 }
            if length >= 0xC0 { return position &+ 2 <= byteCount ? position &+ 2 : nil }
            guard length <= 63 else { return nil }
            position &+= Int(length) &+ 1
        }
        return nil
    }
}
