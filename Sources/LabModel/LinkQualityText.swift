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
        DecimalText.text((nanoseconds + 500) / 1000, decimals: 3) + "ms"
    }

    /// Bits a second in the largest unit that leaves a whole number: `10mbit`, `1500kbit`.
    public static func rate(_ bits: UInt64) -> String {
        for (unit, size) in [("gbit", UInt64(1_000_000_000)), ("mbit", 1_000_000), ("kbit", 1000)]
        where bits >= size && bits % size == 0 {
            return "\(bits / size)\(unit)"
        }
        return "\(bits)bit"
    }

    /// A share of 0 to 1 with up to nine decimals, which is finer than a kernel's random numbers: `1%`, `0.125%`.
    public static func percent(_ share: Double) -> String {
        DecimalText.text(Int64((share * 1e11).rounded()), decimals: 9) + "%"
    }
}

/// Decimal fractions without the zeros at their end.
enum DecimalText {
    /// `number` of 10^-decimals, not negative: 1250 with three decimals is `1.25`.
    static func text(_ number: Int64, decimals: Int) -> String {
        let unit = (0..<decimals).reduce(Int64(1)) { product, _ in product * 10 }
        let fraction = String(number % unit + unit).dropFirst()
        let digits = fraction.reversed().drop { $0 == "0" }.reversed()
        return "\(number / unit)" + (digits.isEmpty ? "" : "." + String(digits))
    }
}
