/// Responses that an edge keeps in memory, as RFC 9111 has a shared cache do it. Left out are `Expires`, heuristic freshness and
/// variants: a response that varies, or that does not say how long it is fresh, is not stored.
public struct ResponseCache: Sendable {
    /// A stored response.
    public struct Entry: Sendable {
        /// The response as the origin sent it, without `Age`.
        public fileprivate(set) var response: HTTPResponse
        /// Until when it is fresh, in nanoseconds of the clock that stored it.
        fileprivate var freshUntil: Int64
        /// When it was made, by the same clock: what its age counts from.
        fileprivate var bornAt: Int64
        fileprivate var lastUse: UInt64

        /// Its age in whole seconds (section 4.2.3).
        public func age(_ now: Int64) -> Int64 { max(0, now - bornAt) / 1_000_000_000 }
        /// How many whole seconds it is still fresh; negative when it no longer is.
        public func timeToLive(_ now: Int64) -> Int64 {
            // Rounded down, so that what has just become stale has no life left.
            Int64((Double(freshUntil - now) / 1e9).rounded(.down))
        }
        /// Whether it may be used without asking the origin.
        public func isFresh(_ now: Int64) -> Bool { now < freshUntil }
    }

    /// How many octets all responses may have, their fields not counted.
    public let capacity: Int
    private var entries: [String: Entry] = [:]
    private var uses: UInt64 = 0
    /// How many octets they have.
    public private(set) var size = 0

    /// Makes an empty cache.
    public init(capacity: Int) {
        self.capacity = capacity
    }

    /// How many responses are stored.
    public var count: Int { entries.count }

    /// What is stored of a target, fresh or not.
    public subscript(target: String) -> Entry? { entries[target] }

    /// The same, for a request: what is asked for stays longer.
    public mutating func use(_ target: String) -> Entry? {
        uses &+= 1
        entries[target]?.lastUse = uses
        return entries[target]
    }

    /// Whether a response to GET may be stored (section 3).
    public static func isStorable(_ response: HTTPResponse, to request: HTTPRequest) -> Bool {
        let control = CacheControl(response.fields)
        return response.status == 200 && !control.noStore && !control.isPrivate && control.freshness != nil
            && response.fields["Vary"] == nil && !CacheControl(request.fields).noStore
            && request.fields["Authorization"] == nil
    }

    /// Stores the response to a request that was sent and answered at those times, in nanoseconds, in the place of the one before;
    /// what has not been used for longest makes room. False when it may not be stored or has no room.
    @discardableResult
    public mutating func store(
        _ response: HTTPResponse, to request: HTTPRequest, as target: String, sent: Int64, answered: Int64
    ) -> Bool {
        remove(target)
        guard Self.isStorable(response, to: request), response.body.count <= capacity else { return false }
        while size + response.body.count > capacity,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            remove(oldest.key)
        }
        uses &+= 1
        entries[target] = Self.entry(response, sent, answered, uses)
        size += response.body.count
        return true
    }

    /// Makes a stored response fresh again by the fields of a 304 (section 4.3.4). Nil when there is none any more.
    public mutating func refresh(
        _ target: String, by fields: HTTPFields, sent: Int64, answered: Int64
    ) -> Entry? {
        guard var response = entries[target]?.response else { return nil }
        for name in Set(fields.endToEnd.lines.map(\.name)) where !HTTPFields.areSame(name, "Content-Length") {
            response.fields[name] = fields[name]
        }
        uses &+= 1
        let entry = Self.entry(response, sent, answered, uses)
        entries[target] = entry
        return entry
    }

    /// Forgets a response.
    public mutating func remove(_ target: String) {
        guard let old = entries.removeValue(forKey: target) else { return }
        size -= old.response.body.count
    }

    private static func entry(_ response: HTTPResponse, _ sent: Int64, _ answered: Int64, _ use: UInt64) -> Entry {
        let control = CacheControl(response.fields)
        // The age that it came with, and the time that it took to come (section 4.2.3).
        let age = response.fields["Age"].map { CacheControl.seconds(Substring($0)) } ?? 0
        let bornAt = min(sent, answered) - age * 1_000_000_000
        let life = control.noCache ? 0 : control.freshness ?? 0
        var response = response
        response.fields["Age"] = nil
        return Entry(response: response, freshUntil: bornAt + life * 1_000_000_000, bornAt: bornAt, lastUse: use)
    }
}
