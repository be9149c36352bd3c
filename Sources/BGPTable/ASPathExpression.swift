public import BGPWire
import Net

/// A regular expression over the AS numbers of an AS_PATH, nearest first. Its letters are AS numbers, so no sign for the
/// bounds of a number is needed:
///
///     65010               this number                  x y     x, then y
///     .                   any number                   x | y   x or y
///     [65010 65020-65029] one of these                 ( )     a group
///     ^  $                start and end of the path    * + ?   any number of, at least one, at most one of what precedes
///
/// Without `^` and `$` it matches anywhere in the path. An AS_SET is one letter, and matches if one of its numbers does; the
/// numbers of a confederation (RFC 5065) are letters as all others. Matching takes time proportional to the path's length
/// times the expression's, whatever the expression (the construction of Thompson, all states at once).
public struct ASPathExpression: Hashable, Sendable {
    /// Why a text is no expression.
    public struct SyntaxError: Error, Hashable, Sendable {
        /// What is wrong.
        public enum Reason: Hashable, Sendable {
            /// Something that means nothing here.
            case unexpected
            /// A number that is not an AS number, from 0 to 4294967295.
            case number
            /// A range whose end is before its start, or brackets without a number.
            case range
            /// A parenthesis or bracket that is not closed.
            case unclosed
            /// `*`, `+` or `?` behind nothing that can be repeated.
            case nothingToRepeat
            /// More than 1,024 characters, or more than 32 parentheses inside each other.
            case tooLarge
        }
        /// What is wrong.
        public let reason: Reason
        /// The octet of the text at which it was found, from 0.
        public let position: Int
    }

    /// A step of the program. Distances are relative, so that parts can be put together as they are.
    enum Instruction: Hashable, Sendable {
        /// Takes one AS that is in one of the ranges.
        case one(of: [ClosedRange<UInt32>])
        /// Goes on at both places.
        case split(Int, Int)
        case jump(Int)
        case start
        case end
    }

    /// The expression as it was written.
    public let text: String
    private let program: [Instruction]

    /// Reads an expression.
    public init(_ text: String) throws(SyntaxError) {
        self.text = text
        var parser = ASPathExpressionParser(text)
        program = try parser.parse()
    }

    /// Whether the expression matches a path, or a part of it where it is not bound to its start and end.
    public func matches(_ path: ASPath) -> Bool {
        var letters: [ArraySlice<ASN>] = []
        for segment in path.segments {
            switch segment.kind {
            case .sequence, .confederationSequence:
                letters += segment.numbers.indices.map { segment.numbers[$0...$0] }
            case .set, .confederationSet: letters.append(segment.numbers[...])
            }
        }
        var places = Places(count: program.count + 1)
        for position in 0...letters.count {
            // A match may begin at every position.
            places.pending.append(0)
            if follow(&places, isStart: position == 0, isEnd: position == letters.count) { return true }
            if position < letters.count { take(letters[position], &places) }
        }
        return false
    }

    /// The places in the program that are reached after so many letters.
    private struct Places {
        /// Reached, and not followed yet.
        var pending: [Int] = []
        /// Those that wait for the next letter.
        var waiting: [Int] = []
        private var seen: [Bool]

        init(count: Int) { seen = [Bool](repeating: false, count: count) }

        mutating func isNew(_ place: Int) -> Bool {
            guard !seen[place] else { return false }
            seen[place] = true
            return true
        }

        mutating func nextPosition() {
            for place in seen.indices { seen[place] = false }
        }
    }

    /// Goes on from the pending places as far as that takes no letter. True if the end of the program is reached.
    private func follow(_ places: inout Places, isStart: Bool, isEnd: Bool) -> Bool {
        places.nextPosition()
        while let place = places.pending.popLast() {
            guard places.isNew(place) else { continue }
            guard place < program.count else { return true }
            switch program[place] {
            case .one: places.waiting.append(place)
            case .split(let first, let second): places.pending += [place + second, place + first]
            case .jump(let distance): places.pending.append(place + distance)
            case .start: if isStart { places.pending.append(place + 1) }
            case .end: if isEnd { places.pending.append(place + 1) }
            }
        }
        return false
    }

    private func take(_ letter: ArraySlice<ASN>, _ places: inout Places) {
        for place in places.waiting {
            guard case .one(let ranges) = program[place] else { continue }
            if letter.contains(where: { number in ranges.contains { $0.contains(number.rawValue) } }) {
                places.pending.append(place + 1)
            }
        }
        places.waiting.removeAll(keepingCapacity: true)
    }
}

extension ASPathExpression.SyntaxError: CustomStringConvertible {
    /// What is wrong and where, for people, who count from 1: `nothing to repeat at character 3`.
    public var description: String {
        let what =
            switch reason {
            case .unexpected: "an AS number, '.', '[', '(', '^' or '$' expected"
            case .number: "an AS number of 0 to 4294967295 expected"
            case .range: "one AS number at least, and ranges from low to high, expected between brackets"
            case .unclosed: "a parenthesis or bracket is not closed that begins"
            case .nothingToRepeat: "nothing to repeat"
            case .tooLarge: "at most 1024 characters and 32 parentheses inside each other expected"
            }
        return "\(what) at character \(position + 1)"
    }
}
