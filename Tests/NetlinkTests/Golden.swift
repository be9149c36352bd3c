import Netlink
import Testing

/// Compares the bytes of a request with annotated hex: the first word of each line counts, the rest explains. `*N` stands
/// for N bytes that are not compared. All numbers are little-endian, as on the machines that this runs on.
func expect(
    _ request: any NetlinkRequest, _ golden: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let bytes = try #require(request.bytes(sequence: 1), sourceLocation: sourceLocation)
    var offset = 0
    for line in golden.split(separator: "\n") {
        let word = try #require(line.split(separator: " ").first, sourceLocation: sourceLocation)
        if word.first == "*" {
            offset += try #require(Int(word.dropFirst()), sourceLocation: sourceLocation)
            continue
        }
        let wanted = try #require(bytesOf(hex: word), sourceLocation: sourceLocation)
        let found = bytes.dropFirst(offset).prefix(wanted.count)
        #expect(Array(found) == wanted, "at offset \(offset): \(line)", sourceLocation: sourceLocation)
        offset += wanted.count
    }
    #expect(bytes.count == offset, "the whole message", sourceLocation: sourceLocation)
}

/// The bytes that pairs of hexadecimal digits spell; nil when they do not.
func bytesOf(hex: some StringProtocol) -> [UInt8]? {
    let digits = hex.compactMap(\.hexDigitValue)
    guard digits.count == hex.count, digits.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
