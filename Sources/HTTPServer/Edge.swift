import HTTPWire
import Net
import Sys

/// A cache before an origin (RFC 9111). It knows one origin whatever `Host` says, so what it stores goes by its path alone, and is the
/// same over IPv4 and IPv6.
final class Edge {
    /// How many octets the cache holds.
    static let capacity = 32 << 20

    /// What the cache had for a request, as X-Cache says it.
    enum Outcome: String {
        case hit
        /// It was stored, and the origin said that it is still the same.
        case revalidated
        case miss
    }

    private let loop: EventLoop
    private let site: String
    private let origin: HTTPConfiguration.Origin
    private let client: OriginClient
    private var cache = ResponseCache(capacity: capacity)
    private(set) var fetches = 0
    private(set) var failedFetches = 0

    init(_ loop: EventLoop, site: String, _ origin: HTTPConfiguration.Origin, port: UInt16, own: [IPAddress]) {
        self.loop = loop
        self.site = site
        self.origin = origin
        client = OriginClient(loop, origin, port: port, own: own)
    }

    /// Answers a request for a path, from the cache or after a fetch; `done` is also told what the cache had.
    func answer(_ request: HTTPRequest, _ path: String, _ done: @escaping (HTTPResponse, Outcome) -> Void) {
        let control = CacheControl(request.fields)
        let stored = cache.use(path)
        let now = Clock.monotonic()
        if let stored, stored.isFresh(now), !control.noCache, control.maxAge.map({ stored.age(now) <= $0 }) ?? true {
            return done(hit(stored, request, now, began: now), .hit)
        }
        guard !control.onlyIfCached else {
            return done(failure(504, "not stored, and nothing else was asked for"), .miss)
        }
        fetches += 1
        client.fetch(path, unless: stored?.response.fields["ETag"]) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let fetched):
                let (response, outcome) = answer(request, path, fetched, began: now)
                done(response, outcome)
            case .failure(let reason):
                failedFetches += 1
                let status = if case .late = reason { 504 } else { 502 }
                done(failure(status, "origin \(origin.site): \(reason)"), .miss)
            }
        }
    }

    private func answer(
        _ request: HTTPRequest, _ path: String, _ fetched: OriginClient.Fetched, began: Nanoseconds
    ) -> (HTTPResponse, Outcome) {
        let (response, sent, answered) = fetched
        if response.status == 304,
            let entry = cache.refresh(path, by: response.fields, sent: sent, answered: answered)
        {
            let answer = hit(entry, request, answered, began: began)
            return (labelled(answer, "fwd=stale; fwd-status=304; stored", .revalidated, began, fetched), .revalidated)
        }
        let isStored = cache.store(response, to: request, as: path, sent: sent, answered: answered)
        var answer = HTTPResponse(response.status, response.fields.endToEnd, body: response.body)
        answer.fields["Content-Length"] = nil
        answer.fields["X-Origin"] = response.fields["X-Site"]
        if EntityTag.matches(request.fields, answer.fields["ETag"]), answer.status == 200 { answer.status = 304 }
        let status = "fwd=miss; fwd-status=\(response.status)" + (isStored ? "; stored" : "")
        return (labelled(answer, status, .miss, began, fetched), .miss)
    }

    private func hit(
        _ entry: ResponseCache.Entry, _ request: HTTPRequest, _ now: Nanoseconds, began: Nanoseconds
    ) -> HTTPResponse {
        var answer = HTTPResponse(200, entry.response.fields.endToEnd, body: entry.response.body)
        answer.fields["Content-Length"] = nil
        answer.fields["Age"] = "\(entry.age(now))"
        answer.fields["X-Origin"] = entry.response.fields["X-Site"]
        if EntityTag.matches(request.fields, answer.fields["ETag"]) { answer.status = 304 }
        return labelled(answer, "hit; ttl=\(entry.timeToLive(now))", .hit, began, nil)
    }

    private func failure(_ status: Int, _ reason: String) -> HTTPResponse {
        labelled(.refusal(status, reason), "fwd=miss", .miss, Clock.monotonic(), nil)
    }

    /// Says how a response came about: Cache-Status (RFC 9211) and its short form, Via (RFC 9110, section 7.6.3), and how long it
    /// took (W3C Server Timing).
    private func labelled(
        _ response: HTTPResponse, _ status: String, _ outcome: Outcome, _ began: Nanoseconds,
        _ fetched: OriginClient.Fetched?
    ) -> HTTPResponse {
        var response = response
        response.fields["X-Cache"] = outcome.rawValue
        response.fields["Cache-Status"] = "\(site); \(status)"
        response.fields["Via"] = "1.1 \(site)"
        var timing = "cache;desc=\(outcome.rawValue)"
        if let fetched { timing += ", origin;desc=\(origin.site);dur=\(milliseconds(fetched.answered - fetched.sent))" }
        response.fields["Server-Timing"] = timing + ", edge;dur=\(milliseconds(Clock.monotonic() - began))"
        return response
    }

    /// Milliseconds with three decimals.
    private func milliseconds(_ time: Nanoseconds) -> String {
        let thousandths = String(max(0, time) / 1000 + 1_000_000_000)
        let text = thousandths.dropFirst()
        let whole = text.dropLast(3).drop { $0 == "0" }
        return (whole.isEmpty ? "0" : String(whole)) + "." + text.suffix(3)
    }
}
