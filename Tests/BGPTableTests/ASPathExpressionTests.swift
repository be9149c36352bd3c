import BGPTable
import BGPWire
import Net
import TestSupport
import Testing

/// An expression as a tree, with a second way to match it: all positions that can be reached, without a program.
private indirect enum Tree {
    case ranges([ClosedRange<UInt32>])
    case any
    case start
    case end
    case sequence([Tree])
    case choice([Tree])
    case repeated(Tree, least: Int, many: Bool)

    static func random(_ random: inout SeededGenerator, depth: Int) -> Tree {
        switch random.number() % (depth == 0 ? 6 : 10) {
        case 0, 1, 2:
            let number = random.number() % 4
            return .ranges([number...number])
        case 3: return .any
        case 4:
            let number = random.number() % 3
            return .ranges([number...number + random.number() % 2, 3...3])
        case 5: return Bool.random(using: &random) ? .start : .end
        case 6: return .sequence((0..<random.number() % 4).map { _ in .random(&random, depth: depth - 1) })
        case 7: return .choice((0..<1 + random.number() % 3).map { _ in .random(&random, depth: depth - 1) })
        default:
            let least = Int(random.number() % 2)
            let many = least == 1 || Bool.random(using: &random)
            return .repeated(.random(&random, depth: depth - 1), least: least, many: many)
        }
    }

    var text: String {
        switch self {
        case .ranges(let ranges):
            if ranges.count == 1, ranges[0].count == 1 { return "\(ranges[0].lowerBound)" }
            return "[" + ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " ") + "]"
        case .any: return "."
        case .start: return "^"
        case .end: return "$"
        case .sequence(let parts): return "(" + parts.map(\.text).joined(separator: " ") + ")"
        case .choice(let parts): return "(" + parts.map(\.text).joined(separator: "|") + ")"
        case .repeated(let part, let least, let many): return "(\(part.text))" + (least == 1 ? "+" : many ? "*" : "?")
        }
    }

    /// The positions behind a match that starts at one of `starts`.
    func ends(_ path: [[UInt32]], _ starts: Set<Int>) -> Set<Int> {
        switch self {
        case .ranges(let ranges):
            return Set(
                starts.filter { $0 < path.count && path[$0].contains { n in ranges.contains { $0.contains(n) } } }
                    .map { $0 + 1 })
        case .any: return Set(starts.filter { $0 < path.count && !path[$0].isEmpty }.map { $0 + 1 })
        case .start: return starts.intersection([0])
        case .end: return starts.intersection([path.count])
        case .sequence(let parts): return parts.reduce(starts) { $1.ends(path, $0) }
        case .choice(let parts): return parts.reduce(into: []) { $0.formUnion($1.ends(path, starts)) }
        case .repeated(let part, let least, let many):
            var all = least == 0 ? starts : []
            var last = starts
            for _ in 0...(many ? path.count : 0) {
                last = part.ends(path, last)
                all.formUnion(last)
            }
            return all
        }
    }
}

private func matches(_ text: String, _ path: [UInt32]) throws -> Bool {
    try ASPathExpression(text).matches(ASPath(sequence: path.map { ASN($0) }))
}

@Suite struct ASPathExpressionTests {
    @Test(
        "what each sign means",
        arguments: [
            (
                "^65010 .* 65020$", [[65010, 65020], [65010, 1, 2, 65020]],
                [[65010], [1, 65010, 65020], [65010, 65020, 1]]
            ),
            ("^$", [[]], [[1]]),
            ("", [[], [1]], []),
            ("65010", [[65010], [1, 65010, 2]], [[6501], [650100], [65, 10], []]),
            ("1 2", [[1, 2], [3, 1, 2, 3]], [[2, 1], [1, 3, 2], [12]]),
            ("^1.3$", [[1, 2, 3], [1, 1, 3]], [[1, 3], [1, 2, 2, 3]]),
            ("^1.*3$", [[1, 3], [1, 2, 3]], [[1, 2]]),
            ("^[10 20-29 4294967295]$", [[10], [20], [25], [29], [4_294_967_295]], [[11], [19], [30], [10, 20]]),
            ("^[ 20 - 29 ]$", [[20], [29]], [[30]]),
            ("^1+$", [[1], [1, 1, 1]], [[], [1, 2]]),
            ("^1? 2$", [[2], [1, 2]], [[1, 1, 2], [1]]),
            ("^(1 2)* 3$", [[3], [1, 2, 3], [1, 2, 1, 2, 3]], [[1, 3], [1, 2, 1, 3]]),
            ("^(1|2 3|)4$", [[1, 4], [2, 3, 4], [4]], [[2, 4], [1, 2, 3, 4]]),
            ("^1|2$", [[1, 3], [3, 2]], [[3, 1], [2, 3]]),
            ("1|2|3", [[1], [2], [3]], [[4]]),
            ("()", [[]], []),
            ("^0$", [[0]], [[1]]),
        ] as [(String, [[UInt32]], [[UInt32]])])
    func signs(_ text: String, _ yes: [[UInt32]], _ no: [[UInt32]]) throws {
        for path in yes { #expect(try matches(text, path), "\(text) matches \(path)") }
        for path in no { #expect(try !matches(text, path), "\(text) does not match \(path)") }
    }

    @Test("a set is one letter that any of its numbers can be; confederation numbers are letters")
    func segments() throws {
        let path = ASPath([
            .init(.confederationSequence, [ASN(9)]), .init(.sequence, [ASN(1), ASN(2)]), .init(.set, [ASN(7), ASN(8)]),
            .init(.confederationSet, [ASN(5), ASN(6)]),
        ])
        for text in ["^9 1 2 7 6$", "^9 1 2 8 5$", "^ . . . . . $", "[7-8]", "2 [1 8] 5"] {
            #expect(try ASPathExpression(text).matches(path), "\(text)")
        }
        for text in ["7 8", "^....$", "^......$", "[3-4]", "^1"] {
            #expect(try !ASPathExpression(text).matches(path), "\(text)")
        }
    }

    @Test("random expressions match what a second implementation says")
    func reference() throws {
        var random = SeededGenerator(7)
        var matched = 0
        for _ in 0..<4_000 {
            let tree = Tree.random(&random, depth: 4)
            let expression = try ASPathExpression(tree.text)
            for _ in 0..<4 {
                let letters = (0..<random.number() % 6).map { _ in
                    (0..<(random.number() % 8 == 0 ? 2 : 1)).map { _ in random.number() % 4 }
                }
                let path = ASPath(letters.map { .init($0.count == 1 ? .sequence : .set, $0.map { ASN($0) }) })
                let expected = !tree.ends(letters, Set(0...letters.count)).isEmpty
                #expect(expression.matches(path) == expected, "\(tree.text) on \(letters)")
                matched += expected ? 1 : 0
            }
        }
        // Neither all nor none, so that the comparison says something.
        #expect((4_000..<14_000).contains(matched))
    }

    @Test(
        "what is no expression is said where it goes wrong",
        arguments: [
            ("65010_", .unexpected, 5), ("a", .unexpected, 0), ("1 -2", .unexpected, 2), (")", .unexpected, 0),
            ("1)", .unexpected, 1), ("]", .unexpected, 0), ("[1,2]", .unexpected, 2), ("[1-]", .unexpected, 3),
            ("1\t2", .unexpected, 1), ("\u{e9}", .unexpected, 0),
            ("4294967296", .number, 0), ("1 99999999999999999999", .number, 2), ("[1-4294967296]", .number, 3),
            ("[9-8]", .range, 1), ("1 [7 9-8]", .range, 5), (" []", .range, 1),
            ("1 (2", .unclosed, 2), ("((1)", .unclosed, 0), ("(", .unclosed, 0), ("[1", .unclosed, 0),
            ("[", .unclosed, 0), ("*", .nothingToRepeat, 0), ("1**", .nothingToRepeat, 2),
            ("(+)", .nothingToRepeat, 1), ("1|?", .nothingToRepeat, 2),
            (String(repeating: "(", count: 33), .tooLarge, 32), (String(repeating: "1 ", count: 513), .tooLarge, 1024),
        ] as [(String, ASPathExpression.SyntaxError.Reason, Int)])
    func syntax(_ text: String, _ reason: ASPathExpression.SyntaxError.Reason, _ position: Int) {
        do throws(ASPathExpression.SyntaxError) {
            _ = try ASPathExpression(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.reason == reason, "\(text)")
            #expect(error.position == position, "\(text)")
        }
    }

    @Test("the largest that is allowed is taken")
    func largest() throws {
        let nested = String(repeating: "(", count: 32) + "1" + String(repeating: ")", count: 32)
        #expect(try matches(nested, [1]))
        #expect(try matches(String(repeating: "1 ", count: 512), [UInt32](repeating: 1, count: 512)))
        let many = (0..<200).map { "\($0)" }.joined(separator: "|")
        #expect(try matches("^(\(many))$", [199]))
        #expect(try !matches("^(\(many))$", [200]))
    }

    @Test("random text is read or refused, never worse")
    func garbage() {
        var random = SeededGenerator(8)
        let signs = Array("0129 .*+?|()[]-^$x")
        var taken = 0
        for _ in 0..<20_000 {
            let text = String((0..<random.number() % 12).compactMap { _ in signs.randomElement(using: &random) })
            guard let expression = try? ASPathExpression(text) else { continue }
            taken += 1
            _ = expression.matches(ASPath(sequence: [1, 2, 9].map { ASN($0) }))
        }
        #expect(taken > 500)
    }

    @Test("repetitions inside repetitions take no more steps than letters times signs")
    func hostile() throws {
        // With backtracking this would take longer than the universe lasts.
        let text = String(repeating: "(", count: 30) + "1" + String(repeating: ")*", count: 30) + "2$"
        #expect(try !matches(text, [UInt32](repeating: 1, count: 500)))
        #expect(try matches(text, [UInt32](repeating: 1, count: 500) + [2]))
        #expect(try !matches("^(1?)*(1?)*(1?)*(1?)*3$", [UInt32](repeating: 1, count: 500)))
    }
}
