import DNSZone
import Sys

/// When a secondary looks at its copy of a zone again, and until when it may answer from it (RFC 1034, section 4.3.5; RFC 1035, section
/// 3.3.13). Times are of the monotonic clock. It does nothing by itself.
struct CopySchedule {
    /// When a primary is to be asked next.
    private(set) var nextLook: Nanoseconds
    /// From when on the copy has expired.
    private(set) var expiry: Nanoseconds
    /// How many attempts have failed since the last that did not.
    private var failures = 0

    /// A copy that is there, and is to be looked at at once.
    init(of zone: Zone, at now: Nanoseconds) {
        nextLook = now
        expiry = now
        confirmed(zone, at: now)
        nextLook = now
    }

    /// A primary has said that there is nothing newer, or has given this version.
    mutating func confirmed(_ zone: Zone, at now: Nanoseconds) {
        failures = 0
        nextLook = now + Self.seconds(max(zone.refresh, 1))
        // An EXPIRE that ends before the next attempts would take the zone away while all is well.
        expiry = now + max(Self.seconds(zone.expire), Self.seconds(zone.refresh) + Self.seconds(zone.retry))
    }

    /// No primary could be asked. RETRY seconds are the longest pause; the first ones are shorter, as most failures in a lab are
    /// those of its first seconds, before routing is there.
    mutating func failed(_ zone: Zone, at now: Nanoseconds) {
        nextLook = now + min(Self.seconds(1) << Nanoseconds(failures), Self.seconds(max(zone.retry, 1)))
        failures = min(failures + 1, 20)
    }

    private static func seconds(_ number: UInt32) -> Nanoseconds { Nanoseconds(number) * 1_000_000_000 }
}
