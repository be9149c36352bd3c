extension LinkQuality {
    /// The quality as the lab file would say it.
    public var text: String {
        var parts = ["delay \(Self.milliseconds(delay))"]
        if jitter > 0 { parts.append("jitter \(Self.milliseconds(jitter))") }
        if loss > 0 { parts.append("loss \(Self.percent(loss))") }
        if duplicate > 0 { parts.append("duplicate \(Self.percent(duplicate))") }
        if reorder > 0 { parts.append("reorder \(Self.percent(reorder))") }
        if rate > 0 { parts.append("rate \(Self.rate(rate))") }
        return parts.joined(separator: " ")
    }

    /// Nanoseconds as milliseconds with up to three decimals: `5ms`, `0.2ms`, `87.654ms`.
    public static func milliseconds(_ nanoseconds: Int64) -> String {
        let microseconds = (nanoseconds + 500) / 1000
        let fraction = String(microseconds % 1000 + 1000).dropFirst()
        let digits = fraction.reversed().drop { $0 == "0" }.reversed()
        return "\(microseconds / 1000)" + (digits.isEmpty ? "" : "." + String(digits)) + "ms"
    }

    /// Bits a second in the largest unit that leaves a whole number: `10mbit`, `1500kbit`.
    public static func rate(_ bits: UInt64) -> String {
        for (unit, size) in [("gbit", UInt64(1_000_000_000)), ("mbit", 1_000_000), ("kbit", 1000)]
        where bits >= size && bits % size == 0 {
            return "\(bits / size)\(unit)"
        }
        return "\(bits)bit"
    }

    /// A share of 0 to 1 with up to two decimals: `1%`, `0.25%`.
    public static func percent(_ share: Double) -> String {
        let hundredths = Int((share * 10000).rounded())
        let fraction = String(hundredths % 100 + 100).dropFirst()
        let digits = fraction.reversed().drop { $0 == "0" }.reversed()
        return "\(hundredths / 100)" + (digits.isEmpty ? "" : "." + String(digits)) + "%"
    }
}
