/// Reads an `ASPathExpression` and compiles it on the way.
struct ASPathExpressionParser {
    typealias Instruction = ASPathExpression.Instruction
    typealias SyntaxError = ASPathExpression.SyntaxError

    private static let longest = 1024
    private static let deepest = 32

    private let octets: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ text: String) { octets = Array(text.utf8) }

    mutating func parse() throws(SyntaxError) -> [Instruction] {
        guard octets.count <= Self.longest else { throw SyntaxError(reason: .tooLarge, position: Self.longest) }
        let program = try alternatives()
        guard position == octets.count else { throw SyntaxError(reason: .unexpected, position: position) }
        return program
    }

    /// The next octet that is no space, if any.
    private mutating func peek() -> UInt8? {
        while position < octets.count, octets[position] == UInt8(ascii: " ") { position += 1 }
        return position < octets.count ? octets[position] : nil
    }

    private mutating func alternatives() throws(SyntaxError) -> [Instruction] {
        var parts = [try sequence()]
        while peek() == UInt8(ascii: "|") {
            position += 1
            parts.append(try sequence())
        }
        var program = parts.removeLast()
        for part in parts.reversed() {
            program = [.split(1, part.count + 2)] + part + [.jump(program.count + 1)] + program
        }
        return program
    }

    private mutating func sequence() throws(SyntaxError) -> [Instruction] {
        var program: [Instruction] = []
        while let octet = peek(), octet != UInt8(ascii: "|"), octet != UInt8(ascii: ")") {
            program += try repeated(atom(octet))
        }
        return program
    }

    private mutating func repeated(_ atom: [Instruction]) -> [Instruction] {
        switch peek() {
        case UInt8(ascii: "*"):
            position += 1
            return [.split(1, atom.count + 2)] + atom + [.jump(-atom.count - 1)]
        case UInt8(ascii: "+"):
            position += 1
            return atom + [.split(-atom.count, 1)]
        case UInt8(ascii: "?"):
            position += 1
            return [.split(1, atom.count + 1)] + atom
        default: return atom
        }
    }

    private mutating func atom(_ octet: UInt8) throws(SyntaxError) -> [Instruction] {
        switch octet {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            let number = try number()
            return [.one(of: [number...number])]
        case UInt8(ascii: "."):
            position += 1
            return [.one(of: [0...(.max)])]
        case UInt8(ascii: "^"):
            position += 1
            return [.start]
        case UInt8(ascii: "$"):
            position += 1
            return [.end]
        case UInt8(ascii: "["): return [.one(of: try ranges())]
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
            throw SyntaxError(reason: .nothingToRepeat, position: position)
        default: throw SyntaxError(reason: .unexpected, position: position)
        }
    }

    private mutating func group() throws(SyntaxError) -> [Instruction] {
        let opening = position
        guard depth < Self.deepest else { throw SyntaxError(reason: .tooLarge, position: position) }
        position += 1
        depth += 1
        let inner = try alternatives()
        depth -= 1
        guard peek() == UInt8(ascii: ")") else { throw SyntaxError(reason: .unclosed, position: opening) }
        position += 1
        return inner
    }

    private mutating func ranges() throws(SyntaxError) -> [ClosedRange<UInt32>] {
        let opening = position
        position += 1
        var ranges: [ClosedRange<UInt32>] = []
        while let octet = peek(), octet != UInt8(ascii: "]") {
            let start = position
            let first = try number()
            guard peek() == UInt8(ascii: "-") else {
                ranges.append(first...first)
                continue
            }
            position += 1
            _ = peek()
            let last = try number()
            guard first <= last else { throw SyntaxError(reason: .range, position: start) }
            ranges.append(first...last)
        }
        guard peek() != nil else { throw SyntaxError(reason: .unclosed, position: opening) }
        guard !ranges.isEmpty else { throw SyntaxError(reason: .range, position: opening) }
        position += 1
        return ranges
    }

    private mutating func number() throws(SyntaxError) -> UInt32 {
        let start = position
        var value: UInt32 = 0
        while position < octets.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octets[position]) {
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = product.addingReportingOverflow(UInt32(octets[position] - UInt8(ascii: "0")))
            guard !isTooLarge, !isLarger else { throw SyntaxError(reason: .number, position: start) }
            value = sum
            position += 1
        }
        guard position > start else { throw SyntaxError(reason: .unexpected, position: position) }
        return value
    }
}
