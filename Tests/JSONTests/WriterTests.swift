import JSON
import TestSupport
import Testing

@Suite struct JSONWriterTests {
    @Test(
        "A value is written on one line without spaces",
        arguments: [
            (.null, "null"), (true, "true"), (.int(.min), "-9223372036854775808"), (1.0, "1.0"), (0.1, "0.1"),
            (1e300, "1e+300"), (.double(.leastNonzeroMagnitude), "5e-324"), (.double(.infinity), "null"),
            (.double(-.infinity), "null"),
            (.double(.nan), "null"), ([], "[]"), ([:], "{}"), ([1, [.null], ["a": "b"]], #"[1,[null],{"a":"b"}]"#),
            (["z": 1, "a": 2], #"{"z":1,"a":2}"#),
        ] as [(JSON, String)]) func layout(_ value: JSON, _ text: String)
    { #expect(value.description == text) }

    @Test("Control characters, quotes and backslashes are escaped, in names too, and nothing else is") func escapes() {
        #expect(
            JSON.string("a\"b\\c/\n\r\t\u{0}\u{8}\u{1F}\u{7F}\u{E9}\u{1F600}").description
                == #""a\"b\\c/\n\r\t\u0000\u0008\u001f\u007f"# + "\u{E9}\u{1F600}\"")
        #expect(JSON.object([.init("\"\n", 1)]).description == #"{"\"\n":1}"#)
        for code in UInt8(0)...127 {
            let text = JSON.string(String(Unicode.Scalar(code))).description
            #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "\(code)")
        }
    }

    @Test("A random tree is read as it was written") func randomTrees() throws {
        var random = SeededGenerator(8)
        for _ in 0..<2_000 {
            let tree = randomTree(&random, depth: 0)
            let text = tree.description
            let again = try JSON(parsing: text)
            #expect(again == tree)
            // Equality of strings is that of their canonical form; what is written must be the same bytes.
            #expect(again.description.utf8.elementsEqual(text.utf8))
            #expect(!text.contains("\n"))
        }
    }

    private func randomTree(_ random: inout SeededGenerator, depth: Int) -> JSON {
        switch Int.random(in: 0...(depth < 6 ? 8 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .int(Int(truncatingIfNeeded: random.next()) >> Int.random(in: 0...63, using: &random))
        case 3:
            let value = Double(bitPattern: random.next())
            return .double(value.isFinite ? value : -0.0)
        case 4, 5: return .string(randomString(&random))
        case 6:
            return .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in randomTree(&random, depth: depth + 1) })
        default:
            return .object(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    JSON.Member(randomString(&random), randomTree(&random, depth: depth + 1))
                })
        }
    }

    private func randomString(_ random: inout SeededGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let widest: UInt32 = [0x80, 0x800, 0x1_0000, 0x11_0000][Int.random(in: 0...3, using: &random)]
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<widest, using: &random)) { text.append(scalar) }
        }
        return String(text)
    }
}
