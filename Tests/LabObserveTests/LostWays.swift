import LabModel
import Net
import Testing

@testable import LabObserve

extension LiveLab {
    /// Loses the way to the service in one place after the other, and expects of every catchment that walk and probe say so alike, in
    /// words that name the place.
    func expectLostWays() throws {
        let prefixes = topology.lab.services.flatMap(\.prefixes)
        try setRoute("core-fra", to: prefixes, via: ["isp-lhr"])
        for row in try observer.catchment() {
            #expect(row.agrees)
            #expect(row.site == nil)
            #expect(row.finding?.contains("the TTL ended at") == true, "\(row.finding ?? "")")
            #expect(row.finding?.contains("goes round: isp-lhr, core-fra, isp-lhr") == true)
        }
        for prefix in prefixes { try ip("core-fra", "route", "del", "\(prefix)", "proto", "bgp", "metric", "20") }
        for row in try observer.catchment() {
            #expect(row.agrees)
            #expect(row.finding?.contains("core-fra says: no route") == true, "\(row.finding ?? "")")
            #expect(row.finding?.contains("ends at core-fra, which has no route") == true)
            #expect(row.asPath == [ASN(65101), ASN(65010)])
        }
        for prefix in prefixes { try ip("core-fra", "route", "add", "blackhole", "\(prefix)") }
        for row in try observer.catchment(timeout: 300_000_000) {
            #expect(row.agrees)
            #expect(row.finding?.hasPrefix("nobody answers, and the way by the kernels' routes ends at") == true)
        }
        for family in ["-4", "-6"] { try ip("home", family, "route", "del", "default") }
        for row in try observer.catchment() {
            #expect(row.agrees)
            #expect(row.finding?.hasPrefix("nothing could be sent (Network is unreachable)") == true)
        }
    }
}
