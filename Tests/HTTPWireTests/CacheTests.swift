import Testing

@testable import HTTPWire

/// The cache of an edge, by a clock of the test's own; a second is 10^9.
struct CacheTests {
    private static let second: Int64 = 1_000_000_000
    private let request = HTTPRequest(method: "GET", target: "/")

    private func cache(_ fields: HTTPFields, sent: Int64 = 0, answered: Int64 = 0) -> ResponseCache {
        var cache = ResponseCache(capacity: 1000)
        cache.store(HTTPResponse(200, fields, body: [1]), to: request, as: "/", sent: sent, answered: answered)
        return cache
    }

    @Test func isFreshForAsLongAsItSays() throws {
        let cache = cache(["Cache-Control": "max-age=60"])
        let entry = try #require(cache["/"])
        #expect(entry.isFresh(59 * Self.second) && !entry.isFresh(60 * Self.second))
        #expect(entry.age(59 * Self.second + 5) == 59)
        #expect(entry.timeToLive(59 * Self.second) == 1 && entry.timeToLive(61 * Self.second) == -1)
    }

    /// RFC 9111, section 4.2.3: the age that it came with counts, and so does the time that it was under way.
    @Test func agesOnItsWay() throws {
        let cache = cache(["Cache-Control": "max-age=60", "Age": "20"], sent: 0, answered: 2 * Self.second)
        let entry = try #require(cache["/"])
        #expect(entry.age(2 * Self.second) == 22)
        #expect(entry.isFresh(39 * Self.second) && !entry.isFresh(40 * Self.second))
        #expect(entry.response.fields["Age"] == nil)
    }

    @Test(arguments: [
        "no-store", "private, max-age=60", "", "public", "no-store, max-age=60", "max-age=60, NO-STORE",
    ])
    func isNotStored(_ control: String) {
        let cache = cache(["Cache-Control": control])
        #expect(cache["/"] == nil)
        #expect(cache.size == 0)
    }

    @Test func whatVariesIsNotStored() {
        let cache = cache(["Cache-Control": "max-age=60", "Vary": "Accept-Language"])
        #expect(cache["/"] == nil)
    }

    @Test func requestsMayForbidStoring() {
        var cache = ResponseCache(capacity: 1000)
        let response = HTTPResponse(200, ["Cache-Control": "max-age=60"])
        for fields: HTTPFields in [["Cache-Control": "no-store"], ["Authorization": "Basic eDp5"]] {
            let request = HTTPRequest(method: "GET", target: "/", fields: fields)
            let isStored = cache.store(response, to: request, as: "/", sent: 0, answered: 0)
            #expect(!isStored)
        }
        let error = cache.store(HTTPResponse(404, response.fields), to: request, as: "/", sent: 0, answered: 0)
        let page = cache.store(response, to: request, as: "/", sent: 0, answered: 0)
        #expect(!error && page)
    }

    @Test(arguments: [
        ("max-age=60, s-maxage=10", 10), ("max-age=\"60\"", 60), ("max-age=many", 0), ("max-age", 0), ("max-age=-1", 0),
        ("max-age=99999999999999999999", 1 << 31), ("MAX-AGE = 5", 5), (",, max-age=5,", 5),
    ])
    func readsDirectives(_ text: String, _ seconds: Int64) {
        #expect(CacheControl(["Cache-Control": text]).freshness == seconds)
    }

    @Test func whatMustBeAskedForIsNeverFresh() throws {
        let cache = cache(["Cache-Control": "no-cache, max-age=60"])
        #expect(try #require(cache["/"]).isFresh(0) == false)
    }

    @Test func isFreshAgainAfter304() throws {
        var cache = cache(["Cache-Control": "max-age=1", "ETag": "\"a\"", "X-A": "1"])
        let fields: HTTPFields = ["Cache-Control": "max-age=5", "Connection": "close", "Content-Length": "0"]
        let refreshed = cache.refresh("/", by: fields, sent: 10 * Self.second, answered: 10 * Self.second)
        let entry = try #require(refreshed)
        #expect(entry.isFresh(14 * Self.second) && entry.age(14 * Self.second) == 4)
        #expect(entry.response.fields["X-A"] == "1" && entry.response.body == [1])
        #expect(entry.response.fields["Connection"] == nil && entry.response.fields["Content-Length"] == nil)
        let unknown = cache.refresh("/x", by: fields, sent: 0, answered: 0)
        #expect(unknown == nil)
    }

    @Test func whatWasUsedLongestAgoMakesRoom() {
        var cache = ResponseCache(capacity: 100)
        let fields: HTTPFields = ["Cache-Control": "max-age=60"]
        func store(_ target: String, _ size: Int) -> Bool {
            cache.store(
                HTTPResponse(200, fields, body: [UInt8](repeating: 0, count: size)), to: request, as: target, sent: 0,
                answered: 0)
        }
        #expect(store("/a", 40) && store("/b", 40))
        _ = cache.use("/a")
        #expect(store("/c", 40))
        #expect(cache["/b"] == nil && cache["/a"] != nil && cache.size == 80)
        #expect(!store("/d", 101))
        #expect(store("/a", 60) && cache.size == 100)
    }

    @Test(arguments: [
        ("\"a\"", true), ("W/\"a\"", true), ("*", true), ("\"b\", \"a\"", true), ("\"b\"", false), ("a", false),
    ])
    func comparesTags(_ field: String, _ matches: Bool) {
        #expect(EntityTag.matches(["If-None-Match": field], "\"a\"") == matches)
        #expect(!EntityTag.matches([:], "\"a\"") && !EntityTag.matches(["If-None-Match": field], nil))
    }
}
