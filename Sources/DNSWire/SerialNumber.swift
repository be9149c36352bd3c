extension UInt32 {
    /// Whether this serial number of a zone is newer than another: they go round (RFC 1982, section 3.2).
    public func isNewer(than other: UInt32) -> Bool { Int32(truncatingIfNeeded: self &- other) > 0 }
}
