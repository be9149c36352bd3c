/// Numbers with units, spelt as tc(8) spells them.
public enum Quantity {
    /// Why text is not such a quantity.
    public struct Wrong: Error, Equatable {
        /// What is wrong, to be said behind the text.
        public var message: String
        /// What to write instead.
        public var hint: String?
    }

    /// How many of something.
    package static func count(_ text: String) throws(Wrong) -> Int64 {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let count = Int64(text)
        else { throw Wrong(message: "is not a count", hint: "a whole number, like \"< 100\"") }
        return count
    }

    /// Nanoseconds of `5ms`: a number and ns, us, ms or s.
    package static func duration(_ text: String, upTo most: Int64) throws(Wrong) -> Int64 {
        let units: [(String, Double)] = [("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9)]
        let value = try read(text, units, "a duration", example: "ms")
        guard value <= Double(most) else { throw outOfRange("0ms to \(most / 1_000_000_000)s") }
        return Int64(value.rounded())
    }

    /// The nanoseconds of a delay: 0 to 10 seconds.
    public static func delay(_ text: String) throws(Wrong) -> Int64 {
        try duration(text, upTo: 10_000_000_000)
    }

    /// The milliseconds of a timer: 0 to an hour.
    package static func timer(_ text: String) throws(Wrong) -> UInt32 {
        try milliseconds(text, upTo: 3_600_000_000_000)
    }

    /// The hold timer in milliseconds: 0, or 3 to 65535 whole seconds, for it travels in seconds in two octets (RFC
    /// 4271, section 4.2).
    package static func holdTime(_ text: String) throws(Wrong) -> UInt32 {
        let value = try milliseconds(text, upTo: 65_535_000_000_000)
        guard value == 0 || (value >= 3000 && value % 1000 == 0) else {
            throw outOfRange("0s for none, or whole seconds from 3s (RFC 4271, section 4.2)")
        }
        return value
    }

    /// The milliseconds in which the count of a route that flaps halves: 100 to 6 hours.
    package static func halfLife(_ text: String) throws(Wrong) -> UInt32 {
        let value = try milliseconds(text, upTo: 21_600_000_000_000)
        guard value >= 100 else { throw outOfRange("100ms to 21600s") }
        return value
    }

    /// The milliseconds that such a route is not used at the longest: 100 to a day.
    package static func suppressTime(_ text: String) throws(Wrong) -> UInt32 {
        let value = try milliseconds(text, upTo: 86_400_000_000_000)
        guard value >= 100 else { throw outOfRange("100ms to 86400s") }
        return value
    }

    /// The seconds for which a web object is fresh: 0 to a year.
    package static func freshness(_ text: String) throws(Wrong) -> UInt32 {
        let value = try milliseconds(text, upTo: 4_294_967_000_000)
        guard value % 1000 == 0 else {
            throw Wrong(
                message: "is finer than a second", hint: "caches count in whole seconds (RFC 9111, section 1.2.2)")
        }
        return value / 1000
    }

    /// The octets of `20kB`: a number and B, kB or MB, each 1000 times the one before; up to ``WebService/mostOctets``.
    package static func octets(_ text: String) throws(Wrong) -> UInt32 {
        let value = try read(text, [("MB", 1e6), ("kB", 1e3), ("B", 1)], "a size", example: "kB")
        guard value <= Double(WebService.mostOctets) else {
            throw outOfRange("0B to \(WebService.mostOctets / 1_000_000)MB")
        }
        return UInt32(value.rounded())
    }

    /// The milliseconds between BFD packets: 10 to a minute.
    package static func detectionInterval(_ text: String) throws(Wrong) -> UInt32 {
        let value = try milliseconds(text, upTo: 60_000_000_000)
        guard value >= 10 else { throw outOfRange("10ms to 60s") }
        return value
    }

    /// Restart Time in milliseconds: 1 to 4095 whole seconds, for it travels in seconds in 12 bits (RFC 4724, section 3).
    package static func restartTime(_ text: String) throws(Wrong) -> UInt32 {
        let value = try milliseconds(text, upTo: 4_095_000_000_000)
        guard value >= 1000, value % 1000 == 0 else {
            throw outOfRange("1s to 4095s, whole seconds (RFC 4724, section 3)")
        }
        return value
    }

    /// The milliseconds for which a speaker that has restarted waits: 1 to those of the longest Restart Time.
    package static func deferralTime(_ text: String) throws(Wrong) -> UInt32 {
        let value = try milliseconds(text, upTo: 4_095_000_000_000)
        guard value > 0 else { throw outOfRange("1ms to 4095s") }
        return value
    }

    /// The milliseconds of a check or from one to the next: 10 to an hour.
    public static func checkInterval(_ text: String) throws(Wrong) -> UInt32 {
        let value = try milliseconds(text, upTo: 3_600_000_000_000)
        guard value >= 10 else { throw outOfRange("10ms to 3600s") }
        return value
    }

    private static func milliseconds(_ text: String, upTo most: Int64) throws(Wrong) -> UInt32 {
        let nanoseconds = try duration(text, upTo: most)
        guard nanoseconds % 1_000_000 == 0 else {
            throw Wrong(message: "is finer than a millisecond", hint: "timers have whole milliseconds")
        }
        return UInt32(clamping: nanoseconds / 1_000_000)
    }

    /// The share, 0 to 1, of `0.1%`.
    public static func share(_ text: String) throws(Wrong) -> Double {
        let value = try read(text, [("%", 1)], "a share", example: "%")
        guard value <= 100 else { throw outOfRange("0% to 100%") }
        return value / 100
    }

    /// Bits a second of `1gbit`: a number and bit, kbit, mbit or gbit, each 1000 times the one before. 0 stands for no limit
    /// and is only for what can be without one.
    public static func rate(_ text: String, orNone: Bool = false) throws(Wrong) -> UInt64 {
        let units: [(String, Double)] = [("gbit", 1e9), ("mbit", 1e6), ("kbit", 1e3), ("bit", 1)]
        let value = try read(text, units, "a rate", example: "mbit")
        if orNone, value == 0 { return 0 }
        guard (1e3...1e12).contains(value) else { throw outOfRange("1kbit to 1000gbit") }
        return UInt64(value.rounded())
    }

    /// Queries a second of `20kqps`, up to `most`: a number and qps, kqps or mqps, each 1000 times the one before.
    public static func queryRate(_ text: String, upTo most: UInt32 = 10_000_000) throws(Wrong) -> UInt32 {
        let units: [(String, Double)] = [("mqps", 1e6), ("kqps", 1e3), ("qps", 1)]
        let value = try read(text, units, "a rate of queries", example: "kqps")
        guard (1...Double(most)).contains(value) else { throw outOfRange("1qps to \(most.asQueryRate)") }
        return UInt32(value.rounded())
    }

    private static func outOfRange(_ range: String) -> Wrong {
        Wrong(message: "is out of range", hint: "it goes: \(range)")
    }

    private static func read(
        _ text: String, _ units: [(String, Double)], _ what: String, example: String
    ) throws(Wrong) -> Double {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text[number.endIndex...]
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        let isNumber = (1...2).contains(parts.count) && parts.allSatisfy { !$0.isEmpty } && number.utf8.count <= 20
        guard isNumber, let value = Double(number) else {
            let all = units.map(\.0).joined(separator: ", ")
            throw Wrong(message: "is not \(what)", hint: "a number and one of \(all), like 5\(example)")
        }
        if let factor = units.first(where: { $0.0 == unit })?.1 { return value * factor }
        guard unit.isEmpty else {
            let close = units.first { $0.0 == unit.lowercased().filter { $0 != " " } }?.0
            let all = units.map(\.0).joined(separator: ", ")
            throw Wrong(
                message: "has an unknown unit",
                hint: close.map { "say \(number)\($0)" } ?? "the units are: \(all)")
        }
        throw Wrong(message: "has no unit", hint: "say \(number)\(example)")
    }
}

extension UInt32 {
    /// Queries a second as people write them: `20kqps`, `1500qps`.
    public var asQueryRate: String {
        for (unit, size) in [("mqps", UInt32(1_000_000)), ("kqps", 1000)] where self >= size && self % size == 0 {
            return "\(self / size)\(unit)"
        }
        return "\(self)qps"
    }
}
