import Net
import Testing

@testable import BGPSpeaker

/// Routes that the kernel refuses are written again, ever more seldom while it refuses.
@Suite("Refused routes")
struct RefusedRoutesTests {
    private let prefixes = ["192.0.2.0/24", "2001:db8:53::/48"].compactMap(IPPrefix.init)

    @Test("Nothing refused, nothing to do")
    func none() {
        var routes = RefusedRoutes()
        routes.answered(refused: [])
        #expect(routes.retryTime == nil && routes.take() == [])
    }

    @Test("All that was refused meanwhile is tried at once, and the pause doubles up to a minute")
    func pauses() {
        var routes = RefusedRoutes()
        var pauses: [Int64] = []
        for _ in 0..<9 {
            for prefix in prefixes { routes.answered(refused: [prefix]) }
            // What is taken besides changes nothing.
            routes.answered(refused: [])
            pauses.append((routes.retryTime ?? 0) / 1_000_000_000)
            #expect(routes.take() == Set(prefixes))
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 64, 64])
        routes.answered(refused: [])
        routes.answered(refused: prefixes)
        #expect(routes.retryTime == RefusedRoutes.shortestPause, "it had taken all")
    }
}
