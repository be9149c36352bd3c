import BGPTable
import JSON

extension DampingOptions {
    /// Reads how routes are damped under `key`: `true` for the values that RFC 7196 recommends, or an object whose keys may all
    /// be left out; nil where they are not damped.
    ///
    ///     {"half_life_ms": 900000,       the time in which a figure of merit halves, up to 6 hours
    ///      "suppress": 6000,             the figure from which on a route is suppressed
    ///      "reuse": 750,                 the figure below which it is used again
    ///      "max_suppress_ms": 3600000}   the longest time without another flap, up to a day; four half-lives without it
    static func read(_ fields: ConfigurationFields, _ key: String) throws(ConfigurationError) -> DampingOptions? {
        guard let json = fields[key] else { return nil }
        if let isOn = json.bool { return isOn ? DampingOptions() : nil }
        guard json.members != nil else { throw fields.error(key, "true, false or an object expected") }
        let place = fields.place(key)
        let fields = try ConfigurationFields(
            json, place, keys: ["half_life_ms", "suppress", "reuse", "max_suppress_ms"])
        let base = DampingOptions()
        let halfLife = try time(fields, "half_life_ms", atMost: 21_600_000) ?? base.halfLife
        let options = DampingOptions(
            halfLife: halfLife, suppress: try figure(fields, "suppress") ?? base.suppress,
            reuse: try figure(fields, "reuse") ?? base.reuse,
            maximumSuppressTime: try time(fields, "max_suppress_ms", atMost: 86_400_000) ?? 4 * halfLife)
        guard options.reuse < options.suppress else { throw fields.error("reuse", "less than \"suppress\" expected") }
        guard options.ceiling > Double(options.suppress) else {
            throw fields.error(
                "max_suppress_ms",
                "too short: figures end at reuse x 2^(max_suppress_ms / half_life_ms) = \(Int(options.ceiling)), "
                    + "and nothing is suppressed below \(options.suppress)")
        }
        return options
    }

    /// Nanoseconds of milliseconds.
    private static func time(
        _ fields: ConfigurationFields, _ key: String, atMost most: Int
    ) throws(ConfigurationError) -> UInt64? {
        try fields.number(key, 100...most).map { UInt64(clamping: $0) * 1_000_000 }
    }

    private static func figure(_ fields: ConfigurationFields, _ key: String) throws(ConfigurationError) -> UInt32? {
        try fields.number(key, 1...1_000_000).map { UInt32(clamping: $0) }
    }
}
