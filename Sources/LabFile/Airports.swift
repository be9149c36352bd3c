import CAirports
import LabModel

/// The airports that are compiled in, by their IATA codes.
enum Airports {
    /// The airport with this code, in capitals.
    static func place(code: String) -> Place? {
        let wanted = Array(code.utf8)
        guard wanted.count == 3 else { return nil }
        return withText { text in
            // The lines behind the heading are sorted by code: halve the text until one line is left.
            var low = lineEnd(in: text, from: 0) + 1
            var high = text.count
            while low < high {
                let start = lineStart(in: text, around: (low + high) / 2)
                let found = text[start...].prefix(3)
                if found.elementsEqual(wanted) { return place(text[start..<lineEnd(in: text, from: start)]) }
                if found.lexicographicallyPrecedes(wanted) {
                    low = lineEnd(in: text, from: start) + 1
                } else {
                    high = start
                }
            }
            return nil
        }
    }

    /// What to write instead of `text`: the codes of the city of that name, or of what is spelt alike.
    static func suggestion(for text: String) -> String? {
        let all = all()
        let name = text.lowercased()
        let named = all.filter { $0.name.lowercased() == name }
        if !named.isEmpty { return "\(text) has \(Self.list(named))" }
        if let exact = all.first(where: { $0.code == text.uppercased() }) { return Self.didYouMean(exact) }
        if text.unicodeScalars.count <= 4 { return nearestCode(text, all).map(Self.didYouMean) }
        guard let near = Nearest.to(text, among: Set(all.map(\.name)).sorted()) else { return nil }
        return "did you mean \(near)? It has \(Self.list(all.filter { $0.name == near }))"
    }

    /// Of the codes that are one slip away, that of the city with the most airports: the one people write most.
    private static func nearestCode(_ text: String, _ all: [Place]) -> Place? {
        let typed = Array(text.uppercased().unicodeScalars)
        let near = all.filter { Nearest.distance(typed, Array(($0.code ?? "").unicodeScalars)) <= 1 }
        let sizes = Dictionary(grouping: all) { "\($0.name),\($0.country ?? "")" }.mapValues(\.count)
        func size(_ place: Place) -> Int {
            place.name == place.code ? 0 : sizes["\(place.name),\(place.country ?? "")"] ?? 0
        }
        return near.max { (size($0), $1.code ?? "") < (size($1), $0.code ?? "") }
    }

    private static func didYouMean(_ place: Place) -> String {
        "did you mean \(place.code ?? "")? That is \(place.name), \(place.country ?? "")"
    }

    /// `LCY, LHR (GB), YXU (CA)`: by country, the one with the most first.
    private static func list(_ places: [Place]) -> String {
        let countries = Dictionary(grouping: places) { $0.country ?? "" }
        return countries.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.prefix(4)
            .map { country, places in
                "\(places.prefix(9).compactMap(\.code).joined(separator: ", ")) (\(country))"
            }
            .joined(separator: ", ")
    }

    private static func all() -> [Place] {
        withText { text in text.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap(place) }
    }

    // MARK: The text

    private static func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        body(UnsafeBufferPointer(start: airports_text(), count: airports_length()))
    }

    private static func lineEnd(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
    }

    private static func lineStart(in text: UnsafeBufferPointer<UInt8>, around index: Int) -> Int {
        text[..<index].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    }

    /// A line: code, city, country, latitude, longitude. The city may stand in quotation marks, for its commas.
    private static func place(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> Place? {
        let text = String(decoding: line, as: UTF8.self)
        guard let first = text.firstIndex(of: ",") else { return nil }
        let rest = text[first...].dropFirst()
        let tail = rest.split(separator: ",", omittingEmptySubsequences: false).suffix(3)
        guard tail.count == 3, let country = tail.first, let latitude = tail.dropFirst().first.flatMap(Double.init),
            let longitude = tail.last.flatMap(Double.init), rest.startIndex < country.startIndex
        else { return nil }
        let city = rest[..<country.startIndex].dropLast().filter { $0 != "\"" }
        let code = String(text[..<first])
        return Place(
            code: code, name: city.isEmpty ? code : city, country: String(country), latitude: latitude,
            longitude: longitude)
    }
}
