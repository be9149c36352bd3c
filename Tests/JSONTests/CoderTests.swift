import Foundation
import JSON
import Testing

@Suite struct JSONCoderTests {
    private enum Kind: String, Codable { case first, second }

    private enum Shape: Codable, Equatable {
        case none
        case circle(radius: Double)
        case pair(Int, String)
    }

    private struct Item: Codable, Equatable {
        var name: String
        var size: Int?
    }

    private struct Everything: Codable, Equatable {
        var flag = true
        var text = "a\"b"
        var small: Int8 = .min
        var medium: UInt16 = .max
        var large: Int64 = .max
        var unsigned: UInt64 = UInt64(Int64.max)
        var share: Double = 0.1
        var short: Float = 0.5
        var absent: String?
        var present: String? = "x"
        var kind = Kind.second
        var shapes: [Shape] = [.none, .circle(radius: 2), .pair(1, "b")]
        var holes: [Int?] = [1, nil, 3]
        var grid: [[Int]] = [[], [1], [2, 3]]
        var items: [Item] = [Item(name: "a", size: 1), Item(name: "b", size: nil)]
        var byName: [String: [Item]] = ["k": [Item(name: "c", size: 2)]]
        var nothing: [Item] = []
    }

    @Test("A value comes back as it went") func roundTrip() throws {
        let value = Everything()
        #expect(try JSON(encoding: value).decode(Everything.self) == value)
        #expect(try JSON(parsing: JSON(encoding: value).description).decode(Everything.self) == value)
    }

    @Test("Foundation reads what we write, and we read what it writes") func foundation() throws {
        let value = Everything()
        #expect(try JSONDecoder().decode(Everything.self, from: Data(JSON(encoding: value).description.utf8)) == value)
        #expect(try JSON(parsing: JSONEncoder().encode(value)).decode(Everything.self) == value)
    }

    @Test("Members keep the order of the declaration, and what is nil is left out") func layout() throws {
        let text = try JSON(encoding: [Item(name: "b", size: 1), Item(name: "a", size: nil)]).description
        #expect(text == #"[{"name":"b","size":1},{"name":"a"}]"#)
    }

    @Test("Null and a missing member are both nil") func optionals() throws {
        for text in [#"{"name":"a"}"#, #"{"name":"a","size":null}"#] {
            #expect(try JSON(parsing: text).decode(Item.self) == Item(name: "a", size: nil))
        }
    }

    private class Base: Codable { var base = 1 }

    private final class Derived: Base {
        var own = 2
        private enum Keys: CodingKey { case own }

        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            own = try container.decode(Int.self, forKey: .own)
            try super.init(from: container.superDecoder())
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(own, forKey: .own)
            try super.encode(to: container.superEncoder())
        }
    }

    @Test("A class finds its superclass where it put it") func superclass() throws {
        let value = Derived()
        (value.base, value.own) = (7, 8)
        let json = try JSON(encoding: value)
        #expect(json == ["own": 8, "super": ["base": 7]])
        let again = try json.decode(Derived.self)
        #expect(again.base == 7 && again.own == 8)
    }

    @Test(
        "An error names the place",
        arguments: [
            ("items.1.size", #"{"items":[{"name":"a"},{"name":"b","size":"x"}]}"#),
            ("items.0", #"{"items":[{"size":1}]}"#), ("items.2", #"{"items":[{"name":"a"},{"name":"a"},7]}"#),
            ("items", #"{"items":{}}"#), ("items.0.size", #"{"items":[{"name":"a","size":1.5}]}"#), ("", #"[]"#),
            ("", #"{}"#),
        ]) func places(_ place: String, _ text: String) throws
    {
        struct Box: Decodable { var items: [Item] }
        let json = try JSON(parsing: text)
        let error = #expect(throws: DecodingError.self) { try json.decode(Box.self) }
        #expect(try place == path(#require(error)))
    }

    @Test("A number that does not fit is an error, whichever way it goes") func ranges() throws {
        #expect(throws: DecodingError.self) { try JSON.int(256).decode(UInt8.self) }
        #expect(throws: DecodingError.self) { try JSON.int(-1).decode(UInt64.self) }
        #expect(throws: DecodingError.self) { try JSON.int(128).decode(Int8.self) }
        #expect(throws: DecodingError.self) { try JSON.double(1.5).decode(Int.self) }
        #expect(throws: DecodingError.self) { try JSON.string("1").decode(Int.self) }
        #expect(throws: DecodingError.self) { try JSON.int(1).decode(Bool.self) }
        #expect(try JSON.int(1).decode(Double.self) == 1)
        #expect(throws: EncodingError.self) { try JSON(encoding: [1, UInt64.max]) }
    }

    @Test("An error of encoding names the place") func encodingPlace() throws {
        let error = #expect(throws: EncodingError.self) { try JSON(encoding: ["a": [1, UInt64.max]]) }
        guard case .invalidValue(_, let context) = error else { throw try #require(error) }
        #expect(context.codingPath.map(\.stringValue).first == "a" && context.codingPath.last?.intValue == 1)
    }

    @Test("An enumeration refuses a word that it does not know") func words() {
        #expect(throws: DecodingError.self) { try JSON.string("third").decode(Kind.self) }
    }

    @Test("An array that ends too early is an error, not a trap") func shortArray() {
        struct Three: Decodable {
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                for _ in 0..<3 { _ = try container.decode(Int.self) }
            }
        }
        #expect(throws: DecodingError.self) { try JSON.array([1, 2]).decode(Three.self) }
    }

    private func path(_ error: DecodingError) -> String {
        let context =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: DecodingError.Context(codingPath: [], debugDescription: "")
            }
        return context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    }
}
