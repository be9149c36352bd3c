/// Writes a message into memory that someone else owns. Nothing is allocated.
///
/// Writing never fails in the middle of an expression: what does not fit below ``limit`` is left out and
/// ``hasOverflowed`` says so, until ``rollBack(to:)`` takes back what was written since a ``mark``. A server so writes
/// whole RRsets or nothing, as truncation wants it (RFC 2181, section 9).
public struct MessageBuilder: ~Copyable, ~Escapable {
    private var buffer: MutableRawSpan
    private var names = CompressionTable()
    /// The octets written, the header among them.
    public private(set) var count: Int
    /// How many octets the message may have. May be changed at any time; never beyond the memory.
    public private(set) var limit: Int
    /// Whether something has not fitted since the last mark that was gone back to.
    public private(set) var hasOverflowed: Bool
    private var sectionCounts = InlineArray<4, UInt16>(repeating: 0)

    /// A section of a message.
    public enum Section: Int, Sendable {
        /// The question section.
        case question
        /// The answer section.
        case answer
        /// The authority section.
        case authority
        /// The additional section.
        case additional
    }

    /// A state to go back to.
    public struct Mark: Sendable {
        let count: Int
        let sectionCounts: InlineArray<4, UInt16>
    }

    /// Begins a message of at most `limit` octets. The 12 octets of the header are left free for
    /// ``finish(id:flags:)``.
    @_lifetime(&buffer)
    public init(into buffer: inout MutableRawSpan, limit: Int) {
        let limit = min(max(limit, 0), buffer.byteCount)
        self.buffer = buffer._mutatingExtracting(first: limit)
        self.limit = limit
        count = Header.byteCount
        hasOverflowed = limit < Header.byteCount
    }

    /// Changes the limit; it is cut to the memory that there is.
    public mutating func setLimit(_ limit: Int) {
        self.limit = min(limit, buffer.byteCount)
    }

    /// The state as it is.
    public var mark: Mark { Mark(count: count, sectionCounts: sectionCounts) }

    /// Takes back all that was written after `mark`, and the overflow.
    public mutating func rollBack(to mark: Mark) {
        count = mark.count
        sectionCounts = mark.sectionCounts
        names.removeAll(from: mark.count)
        hasOverflowed = limit < count
    }

    /// Counts one more record, or question, in a section.
    public mutating func countRecord(in section: Section) {
        sectionCounts[section.rawValue] &+= 1
    }

    /// How many records a section has.
    public func recordCount(in section: Section) -> UInt16 { sectionCounts[section.rawValue] }

    /// Writes the header and returns the length of the message; nil when the limit has no room for a header.
    public mutating func finish(id: UInt16, flags: Header.Flags) -> Int? {
        guard limit >= Header.byteCount else { return nil }
        store(id, at: 0)
        store(flags.rawValue, at: 2)
        for section in 0..<4 { store(sectionCounts[section], at: 4 &+ 2 &* section) }
        return count
    }
}

extension MessageBuilder {
    /// Makes room for `size` octets; nil, and the overflow is noted, when there is none.
    @inline(__always)
    private mutating func reserve(_ size: Int) -> Int? {
        guard !hasOverflowed, size <= limit &- count else {
            hasOverflowed = true
            return nil
        }
        let start = count
        count &+= size
        return start
    }

    @inline(__always)
    private mutating func store<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number, at offset: Int) {
        buffer.storeBytes(of: number.bigEndian, toByteOffset: offset, as: Number.self)
    }

    /// Appends one octet.
    public mutating func put(_ number: UInt8) {
        if let offset = reserve(1) { store(number, at: offset) }
    }

    /// Appends two octets in network byte order.
    public mutating func put(_ number: UInt16) {
        if let offset = reserve(2) { store(number, at: offset) }
    }

    /// Appends four octets in network byte order.
    public mutating func put(_ number: UInt32) {
        if let offset = reserve(4) { store(number, at: offset) }
    }

    /// Appends octets as they are.
    public mutating func put(_ octets: RawSpan) {
        guard let offset = reserve(octets.byteCount) else { return }
        buffer.withUnsafeMutableBytes { target in
            octets.withUnsafeBytes { source in
                if let from = source.baseAddress {
                    target.baseAddress?.advanced(by: offset).copyMemory(from: from, byteCount: source.count)
                }
            }
        }
    }

    /// Writes over two octets that are written already; offsets outside the message are ignored.
    public mutating func overwrite(_ number: UInt16, at offset: Int) {
        guard offset >= 0, offset <= count &- 2 else { return }
        store(number, at: offset)
    }

    /// Writes over four octets that are written already; offsets outside the message are ignored.
    public mutating func overwrite(_ number: UInt32, at offset: Int) {
        guard offset >= 0, offset <= count &- 4 else { return }
        store(number, at: offset)
    }

    /// Appends a pointer to a name that was written at `offset`, or the root itself if that is what stands there: it is
    /// shorter. Offsets beyond 16,383 cannot be expressed and count as overflow.
    public mutating func putPointer(to offset: Int) {
        if buffer.bytes.uint8(at: offset) == 0 { return put(0 as UInt8) }
        guard offset <= 0x3FFF else {
            hasOverflowed = true
            return
        }
        put(UInt16(truncatingIfNeeded: 0xC000 | offset))
    }

    /// Appends an uncompressed name, one that ends in its root label, with as much of its end as possible replaced by a
    /// pointer. Returns the offset at which the name can be found: of what was written, or of an equal one before it.
    @discardableResult
    public mutating func putName(_ name: RawSpan) -> Int {
        let start = count
        var index = 0
        while let length = name.uint8(at: index), length != 0, length <= 63,
            let rest = name.slice(at: index, count: name.byteCount &- index)
        {
            if let target = names.find(rest, in: buffer.bytes) {
                putPointer(to: target)
                return index == 0 ? target : start
            }
            guard let label = name.slice(at: index, count: Int(length) &+ 1) else { break }
            let offset = count
            put(label)
            if !hasOverflowed { names.insert(offset: offset, length: rest.byteCount) }
            index &+= label.byteCount
        }
        put(0 as UInt8)
        return start
    }

    /// Appends an uncompressed name as it is, but lets later names point at it.
    public mutating func putUncompressedName(_ name: RawSpan) {
        let start = count
        put(name)
        guard !hasOverflowed else { return }
        var index = 0
        while let length = name.uint8(at: index), length != 0 {
            names.insert(offset: start &+ index, length: name.byteCount &- index)
            index &+= Int(length) &+ 1
        }
    }

    /// A label of a name that was written, with its length before it; `offset` is moved to the label after it. Nil for the root's.
    @_lifetime(borrow self)
    public func label(at offset: inout Int) -> RawSpan? {
        let message = buffer.bytes
        // A pointer of ours points backward, so this ends.
        while let octet = message.uint8(at: offset), octet >= 0xC0 {
            guard let pointer = message.uint16(at: offset), Int(pointer & 0x3FFF) < offset else { return nil }
            offset = Int(pointer & 0x3FFF)
        }
        guard let length = message.uint8(at: offset), length > 0,
            let label = message.slice(at: offset, count: Int(length) &+ 1)
        else { return nil }
        offset &+= label.byteCount
        return label
    }
}
