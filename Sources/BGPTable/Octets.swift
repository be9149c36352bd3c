/// Writes numbers into a buffer, low octet first.
struct OctetWriter {
    private(set) var octets: [UInt8] = []

    mutating func removeAll() { octets.removeAll(keepingCapacity: true) }

    mutating func put<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) {
        var rest = number
        for _ in 0..<(Number.bitWidth / 8) {
            octets.append(UInt8(truncatingIfNeeded: rest))
            rest = Number.bitWidth > 8 ? rest >> 8 : 0
        }
    }

    /// Writes a count as a base-128 number: one octet up to 127.
    mutating func put(count: Int) {
        var rest = UInt(bitPattern: count)
        while rest >= 0x80 {
            octets.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        octets.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Reads what an `OctetWriter` wrote. Only our own octets are read with it, never those of a neighbour.
struct OctetReader {
    private let octets: [UInt8]
    private var position: Int

    init(_ octets: [UInt8], at offset: Int) {
        self.octets = octets
        position = offset
    }

    mutating func get<Number: FixedWidthInteger & UnsignedInteger>() -> Number {
        var number: Number = 0
        for index in 0..<(Number.bitWidth / 8) {
            number |= Number(octets[position + index]) << Number(8 * index)
        }
        position += Number.bitWidth / 8
        return number
    }

    mutating func count() -> Int {
        var number: UInt = 0
        var shift: UInt = 0
        while true {
            let octet: UInt8 = get()
            number |= UInt(octet & 0x7F) << shift
            guard octet & 0x80 != 0 else { return Int(bitPattern: number) }
            shift += 7
        }
    }

    /// Reads a count and so many elements.
    mutating func list<Element>(_ element: (inout OctetReader) -> Element) -> [Element] {
        let count = count()
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(element(&self)) }
        return elements
    }
}
