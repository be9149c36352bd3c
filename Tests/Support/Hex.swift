/// The octets of annotated hexadecimal text, as goldens have it. What follows `//`, `;` or `#` on a line is a comment, and blanks do not
/// count. Anything else is a mistake of the test.
public func hex(_ text: String) -> [UInt8] {
    var digits: [UInt8] = []
    for line in text.split(separator: "\n") {
        let end = [line.firstRange(of: "//")?.lowerBound, line.firstIndex { $0 == ";" || $0 == "#" }]
            .compactMap(\.self).min()
        for character in line[..<(end ?? line.endIndex)] where !character.isWhitespace {
            guard let digit = character.hexDigitValue else { preconditionFailure("not hexadecimal: \(line)") }
            digits.append(UInt8(digit))
        }
    }
    precondition(digits.count.isMultiple(of: 2), "half an octet: \(text)")
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
