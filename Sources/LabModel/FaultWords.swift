import Net

extension FaultKind {
    /// How long a drain waits for routing to come to rest unless it is said, in nanoseconds.
    public static let drainLimit: Int64 = 10_000_000_000

    /// Reads a fault in words. Throws ``FaultError`` that says what is expected.
    public init(_ text: String) throws(FaultError) {
        let words = text.split(separator: " ").map(String.init)
        guard let name = words.first.flatMap(FaultName.init) else {
            let known = FaultName.allCases.map(\.rawValue).joined(separator: ", ")
            throw FaultError("'\(words.first ?? "")' is no fault; there are \(known)")
        }
        var rest = FaultWords(name: name, left: words.dropFirst())
        self = try Self.kind(name, &rest)
        try rest.end()
    }

    private static func kind(_ name: FaultName, _ words: inout FaultWords) throws(FaultError) -> FaultKind {
        switch name {
        case .linkDown: .linkDown
        case .flap:
            .flap(
                period: try words.quantity("a period, like 2s", Quantity.flapPeriod),
                count: try words.number("how many times, 1 to 100000", 1...100_000))
        case .blackhole: .blackhole(try words.direction())
        case .loss:
            .loss(try words.quantity("a share, like 5%", Quantity.lostShare), try words.direction())
        case .delay:
            .delay(try words.quantity("how much more, like +40ms", Quantity.addedDelay), try words.direction())
        case .partition: .partition
        case .processKill: .processKill
        case .freeze: .freeze
        case .dnsDead: .dnsDead
        case .withdraw: .withdraw
        case .drain:
            .drain(
                limit: words.left.isEmpty ? drainLimit : try words.quantity("how long, like 10s", Quantity.drainLimit))
        case .prepend:
            .prepend(UInt8(clamping: try words.number("how many times, 1 to 100", 1...100)))
        case .leak: .leak
        case .hijack: .hijack(try words.prefixes())
        }
    }
}

/// The words behind the name of a fault.
private struct FaultWords {
    let name: FaultName
    var left: ArraySlice<String>

    private mutating func next(_ expected: String) throws(FaultError) -> String {
        guard let word = left.popFirst() else { throw FaultError("\(name.rawValue) needs \(expected)") }
        return word
    }

    mutating func quantity<Value>(
        _ expected: String, _ read: (String) throws(Quantity.Wrong) -> Value
    ) throws(FaultError) -> Value {
        let word = try next(expected)
        do throws(Quantity.Wrong) {
            return try read(word)
        } catch {
            throw FaultError("\(name.rawValue): '\(word)' \(error.message)" + (error.hint.map { "; \($0)" } ?? ""))
        }
    }

    mutating func number(_ expected: String, _ range: ClosedRange<Int>) throws(FaultError) -> Int {
        let word = try next(expected)
        guard let number = Int(word), range.contains(number) else {
            throw FaultError("\(name.rawValue): '\(word)' is not \(expected)")
        }
        return number
    }

    mutating func direction() throws(FaultError) -> FaultDirection {
        guard let word = left.popFirst() else { return .both }
        guard let direction = FaultDirection(rawValue: word) else {
            throw FaultError("\(name.rawValue): '\(word)' is no direction; there are in, out and both")
        }
        return direction
    }

    mutating func prefixes() throws(FaultError) -> [IPPrefix] {
        var prefixes: [IPPrefix] = []
        while let word = left.popFirst() {
            guard let prefix = IPPrefix(word) else {
                throw FaultError(
                    "\(name.rawValue): '\(word)' is not a prefix without bits behind its length, like 192.0.2.0/24")
            }
            if !prefixes.contains(prefix) { prefixes.append(prefix) }
        }
        return prefixes
    }

    func end() throws(FaultError) {
        guard let word = left.first else { return }
        throw FaultError("\(name.rawValue): '\(word)' is too much")
    }
}

extension Quantity {
    fileprivate static func lostShare(_ text: String) throws(Wrong) -> Double {
        // No finer than a fault says it again (`FaultKind.text`).
        let share = (try share(text) * 1e11).rounded() / 1e9 / 100
        guard share > 0 else { throw Wrong(message: "loses nothing", hint: "it goes: more than 0% to 100%") }
        return share
    }

    fileprivate static func addedDelay(_ text: String) throws(Wrong) -> Int64 {
        let delay = try delay(text.hasPrefix("+") ? String(text.dropFirst()) : text)
        guard delay > 0 else { throw Wrong(message: "delays nothing", hint: "it goes: more than 0ms to 10s") }
        return delay
    }

    fileprivate static func flapPeriod(_ text: String) throws(Wrong) -> Int64 {
        let period = try duration(text, upTo: 3_600_000_000_000)
        guard period >= 20_000_000 else { throw Wrong(message: "is too short", hint: "it goes: 20ms to 3600s") }
        return period
    }

    fileprivate static func drainLimit(_ text: String) throws(Wrong) -> Int64 {
        try duration(text, upTo: 3_600_000_000_000)
    }
}
