import JSON

/// Timers of a session.
struct SessionTimers: Equatable {
    /// In seconds; 0 for none.
    var holdTime: UInt16 = 90
    /// In nanoseconds.
    var connectRetryTime: UInt64 = 5_000_000_000
    /// SendHoldTime (RFC 9687) in nanoseconds; 0 for none, nil for what follows from the hold time.
    var sendHoldTime: UInt64?
    /// MinRouteAdvertisementIntervalTimer (RFC 4271, section 9.2.1.1) towards other ASes, in nanoseconds.
    var advertisementExternal: Int64 = 0
    /// The same inside the AS.
    var advertisementInternal: Int64 = 0
    /// Whether withdrawals wait for the MinRouteAdvertisementIntervalTimer, too.
    var delaysWithdrawals = false
}

extension SessionTimers {
    /// Reads the timers that are given; the others are those of `base`.
    init(_ json: JSON, _ path: String, base: SessionTimers) throws(ConfigurationError) {
        let fields = try ConfigurationFields(
            json, path,
            keys: [
                "hold_ms", "send_hold_ms", "connect_retry_ms", "mrai_external_ms", "mrai_internal_ms",
                "mrai_withdrawals",
            ])
        self = base
        if let hold = try fields.number("hold_ms", 0...65_535_000) {
            // The OPEN message counts in whole seconds and forbids 1 and 2 (RFC 4271, section 4.2).
            guard hold % 1000 == 0, hold == 0 || hold >= 3000 else {
                throw fields.error("hold_ms", "0, or whole seconds of 3 and more expected")
            }
            holdTime = UInt16(clamping: hold / 1000)
        }
        if let hold = try fields.number("send_hold_ms", 0...1_000_000_000) { sendHoldTime = UInt64(hold) * 1_000_000 }
        // RFC 9687, section 4.4.
        guard (sendHoldTime ?? 0) == 0 || sendHoldTime ?? 0 > UInt64(holdTime) * 1_000_000_000 else {
            throw fields.error("send_hold_ms", "0, or more than hold_ms expected")
        }
        if let retry = try fields.number("connect_retry_ms", 1...3_600_000) {
            connectRetryTime = UInt64(retry) * 1_000_000
        }
        if let interval = try fields.number("mrai_external_ms", 0...3_600_000) {
            advertisementExternal = Int64(interval) * 1_000_000
        }
        if let interval = try fields.number("mrai_internal_ms", 0...3_600_000) {
            advertisementInternal = Int64(interval) * 1_000_000
        }
        delaysWithdrawals = try fields.flag("mrai_withdrawals") ?? base.delaysWithdrawals
    }
}
