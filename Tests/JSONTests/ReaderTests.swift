import JSON
import TestSupport
import Testing

@Suite struct JSONReaderTests {
    @Test(
        "What RFC 8259 allows is read",
        arguments: [
            ("null", .null), (" \t\r\n true \n", true), ("false", false), ("0", 0), ("-0", 0), ("-1", -1), ("12", 12),
            ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
            ("9223372036854775808", 9_223_372_036_854_775_808.0), ("0.5", 0.5), ("-0.5e-3", -0.0005), ("1e3", 1000.0),
            ("1E+3", 1000.0), ("10.0", 10.0), ("0e0", 0.0), ("1e-400", 0.0), ("\"\"", ""), ("[]", []),
            ("[ ]", []), ("{}", [:]), ("{ }", [:]), ("[1, [2], {}]", [1, [2], [:]]),
            (#"{"a":1,"":{"b":[null]}}"#, ["a": 1, "": ["b": [.null]]]),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "A\u{E9}\u{20AC}"),
            (#""\u0000""#, "\u{0}"), (#""\ud83d\uDE00""#, "\u{1F600}"), (#""\udbff\udfff""#, "\u{10FFFF}"),
            ("\"\u{7F}\u{80}\u{2028}\u{1F600}\"", "\u{7F}\u{80}\u{2028}\u{1F600}"),
        ] as [(String, JSON)]) func accepted(_ text: String, _ value: JSON) throws
    {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(
        "What RFC 8259 does not allow is refused",
        arguments: [
            "", " ", "nul", "nulll", "True", "truefalse", "1 2", "[] []", "\u{FEFF}1", "\u{A0}1", "\u{C}1", "\u{0}",
            "//\n1",
            "/**/1", "#", "undefined",
            // Numbers.
            "-", "+1", "--1", "01", "-01", "00", "-00", ".5", "-.5", "1.", "-1.", "1.e3", "0.e1", "1e", "1e+", "1E-",
            "1e1.5",
            "1.2.3", "1e2e3", "1-2", "1+2", "0x10", "1_000", "1,000", "1e400", "-1e400", "NaN", "nan", "Infinity",
            "-Infinity", "inf", "1f", "\u{661}", "1 ,",
            // Strings.
            "\"", "\"a", "\"\\", "\"\\\"", "'a'", "a", #""\x41""#, #""\a""#, #""\0""#, #""\U0041""#, #""\u""#,
            #""\u12""#,
            #""\u123"#, #""\u123g""#, #""\u+123""#, #""\u 123""#, #""\u00é""#, "\"\n\"", "\"\t\"", "\"\u{0}\"",
            "\"\u{1F}\"",
            // Halves of surrogate pairs.
            #""\ud800""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\u0041""#, #""\ud800\ud800""#, #""\udc00""#,
            #""\udc00\ud800""#, #""\udfff""#, #""\ud800\u""#,
            // Arrays and objects.
            "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1}", "{", "}", "{1:2}", "{a:1}",
            "{\"a\"}",
            "{\"a\":}", "{\"a\" 1}", "{\"a\":1", "{\"a\":1,}", "{,}", "{\"a\":1,,\"b\":2}", "{\"a\":1]",
            "{\"a\":1 \"b\":2}",
            "{null:1}", "{\"a\"::1}", "[\"a\":1]",
        ]) func refused(_ text: String)
    { #expect(throws: JSONError.self) { try JSON(parsing: text) } }

    @Test(
        "A string that is not UTF-8 is refused",
        arguments: [[0x80], [0xC0, 0xAF], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF]] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22] + bytes + [0x22]) }
    }

    @Test("An error says where it is") func offsets() {
        func offset(_ text: String) -> Int? {
            do {
                _ = try JSON(parsing: text)
                return nil
            } catch {
                return error.offset
            }
        }
        #expect(offset("[1, x]") == 4)
        #expect(offset("[1, 02]") == 4)
        #expect(offset(#"{"a": 1 "b": 2}"#) == 8)
        #expect(offset("[1] 2") == 4)
    }

    @Test("Nesting ends at 128 levels, whichever way it is nested") func nesting() throws {
        func nested(_ open: String, _ close: String, _ levels: Int) -> String {
            String(repeating: open, count: levels) + String(repeating: close, count: levels)
        }
        #expect(try JSON(parsing: nested("[", "]", 128)).array?.count == 1)
        #expect(throws: JSONError.self) { try JSON(parsing: nested("[", "]", 129)) }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: #"{"a":"#, count: 129) + "1") }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: #"[{"a":"#, count: 500_000)) }
    }

    @Test("A text that is cut anywhere is refused") func truncation() throws {
        let text = #"{"a":[1,-2.5e3,"x\n\u20ac\ud83d\ude00"],"b":{"c":null,"d":true,"e":false}}"#
        _ = try JSON(parsing: text)
        for count in 0..<text.utf8.count {
            #expect(throws: JSONError.self, "cut after \(count)") { try JSON(parsing: text.utf8.prefix(count)) }
        }
    }

    @Test("Bytes of any sort never trap, and errors point into the text") func randomBytes() {
        var random = SeededGenerator(7)
        let pieces = Array(#"[]{}:,"\u0dD8ef+-.Ee123456789 ntrs"#) + ["\n", "\u{0}", "\u{E9}"]
        let valid = Array(#"{"a":[1,-2.5e3,"x\n\ud83d\ude00"],"b":{"c":null}}"#.utf8)
        for round in 0..<60_000 {
            var bytes: [UInt8]
            switch round % 3 {
            case 0: bytes = random.bytes(Int.random(in: 0...32, using: &random))
            case 1: bytes = Array(random.text(of: pieces, upTo: 32).utf8)
            default:
                bytes = valid
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            switch Result(catching: { () throws(JSONError) in try JSON(parsing: bytes) }) {
            case .success(let value): #expect((try? JSON(parsing: value.description)) == value)
            case .failure(let error): #expect((0...bytes.count).contains(error.offset))
            }
        }
    }

    @Test("Of two members of one name the first counts, and both stay in order") func members() throws {
        let value = try JSON(parsing: #"{"b":1,"a":2,"b":3}"#)
        #expect(value["b"] == 1 && value["c"] == nil)
        #expect(value.members?.map(\.name) == ["b", "a", "b"])
        #expect(value.description == #"{"b":1,"a":2,"b":3}"#)
    }

    @Test("A value answers to its own kind only") func kinds() {
        let values: [JSON] = [.null, true, 1, 1.5, "x", [1], ["a": 1]]
        #expect(values.map { $0.bool != nil } == [false, true, false, false, false, false, false])
        #expect(values.map { $0.int != nil } == [false, false, true, false, false, false, false])
        #expect(values.map { $0.double != nil } == [false, false, true, true, false, false, false])
        #expect(values.map { $0.string != nil } == [false, false, false, false, true, false, false])
        #expect(values.map { $0.array != nil } == [false, false, false, false, false, true, false])
        #expect(values.map { $0.members != nil } == [false, false, false, false, false, false, true])
        #expect(values.map { $0["a"] != nil } == [false, false, false, false, false, false, true])
    }
}
