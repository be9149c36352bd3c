import CLand

/// The coasts that are compiled in (Natural Earth, public domain).
enum Land {
    /// Rings of degrees east (x) and north (y).
    static let rings: [[Point]] = {
        let text = UnsafeBufferPointer(start: land_text(), count: land_length())
        return text.split(separator: UInt8(ascii: "\n")).map { line in
            let tenths = line.split(separator: UInt8(ascii: " ")).compactMap {
                Double(String(decoding: $0, as: UTF8.self))
            }
            return stride(from: 0, to: tenths.count - 1, by: 2).map { Point(tenths[$0] / 10, tenths[$0 + 1] / 10) }
        }
    }()
}
