import DNSWire

/// `D [M [S]] N|S  D [M [S]] E|W  ALTITUDE[m] [SIZE[m] [HORIZONTAL[m] [VERTICAL[m]]]]` (RFC 1876, section 3):
/// ```
/// | version 0 | size | horizontal precision | vertical precision | latitude 4 | longitude 4 | altitude 4 |
/// ```
/// Angles are in thousandths of a second from 2^31; the altitude is in centimetres from 100 km below the ellipsoid.
extension RecordFields {
    mutating func location() throws(ZoneError) -> [UInt8] {
        let latitude = try angle("latitude", degrees: 90, positive: "N", negative: "S")
        let longitude = try angle("longitude", degrees: 180, positive: "E", negative: "W")
        let altitude = try metres("altitude", -10_000_000...4_284_967_295)
        var precisions: [UInt8] = []
        // 1 m, 10 km and 10 m where nothing is said.
        for (what, usual) in [("size", 100), ("horizontal precision", 1_000_000), ("vertical precision", 1000)] {
            precisions.append(Self.power(isAtEnd ? usual : try metres(what, 0...9_000_000_000)))
        }
        return [0] + precisions + bigEndian(latitude) + bigEndian(longitude)
            + bigEndian(UInt32(truncatingIfNeeded: altitude + 10_000_000))
    }

    private mutating func angle(
        _ what: String, degrees most: Int, positive: String, negative: String
    ) throws(ZoneError) -> UInt32 {
        let start = try peek(what)
        var thousandths = 0
        // Degrees, minutes, seconds: as many as there are before the direction.
        for (unit, limit) in [(3_600_000, 1000), (60_000, 60), (1000, 60)] {
            let token = try next(what)
            if unit < 3_600_000, token.isWord(positive) || token.isWord(negative) {
                return try Self.offset(thousandths, token.isWord(negative), most, start, what)
            }
            guard let value = Self.decimal(token.octets[...], places: unit == 1000 ? 3 : 0),
                value < limit * (unit == 1000 ? 1000 : 1)
            else { throw token.error("'\(token.text)' is no part of a \(what)") }
            thousandths += unit == 1000 ? value : value * unit
        }
        let direction = try next("direction of the \(what)")
        guard direction.isWord(positive) || direction.isWord(negative) else {
            throw direction.error("the \(what) must end in \(positive) or \(negative), not '\(direction.text)'")
        }
        return try Self.offset(thousandths, direction.isWord(negative), most, start, what)
    }

    private static func offset(
        _ thousandths: Int, _ isNegative: Bool, _ most: Int, _ start: ZoneToken, _ what: String
    ) throws(ZoneError) -> UInt32 {
        guard thousandths <= most * 3_600_000 else { throw start.error("the \(what) is more than \(most) degrees") }
        return UInt32((1 << 31) + (isNegative ? -thousandths : thousandths))
    }

    /// A length in centimetres.
    private mutating func metres(_ what: String, _ range: ClosedRange<Int>) throws(ZoneError) -> Int {
        let token = try next(what)
        var text = token.octets[...]
        if let last = text.last, lowercase(last) == UInt8(ascii: "m") { text.removeLast() }
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative { text.removeFirst() }
        guard let value = Self.decimal(text, places: 2), range.contains(isNegative ? -value : value) else {
            throw token.error("the \(what) must be metres, as 12.50m, not '\(token.text)'")
        }
        return isNegative ? -value : value
    }

    /// A decimal number, times 10 to the power of `places`; nil when it has more decimals, or is none.
    private static func decimal(_ text: ArraySlice<UInt8>, places: Int) -> Int? {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, (1...10).contains(whole.count) else { return nil }
        let fraction = parts.count > 1 ? parts[1] : []
        guard fraction.count <= places, parts.count == 1 || !fraction.isEmpty else { return nil }
        var value = 0
        for octet in whole + fraction {
            guard let digit = decimalDigit(octet) else { return nil }
            value = value * 10 + digit
        }
        for _ in fraction.count..<places { value *= 10 }
        return value
    }

    /// Centimetres as a digit and a power of ten, rounded down.
    private static func power(_ centimetres: Int) -> UInt8 {
        var (digit, exponent) = (centimetres, 0)
        while digit > 9 { (digit, exponent) = (digit / 10, exponent + 1) }
        return UInt8(digit << 4 | exponent)
    }
}
