import Net

/// The figures of merit of routes that have flapped, and of no others. Each has a deadline, at which it is used again or
/// forgotten; the deadlines lie in order, so that one timer is enough and nothing is looked at in between. A route that flaps
/// takes about 150 octets.
struct FlapHistory: Sendable {
    /// A route of a neighbour, whether it is announced at present or not.
    struct Key: Hashable, Comparable, Sendable {
        let peer: PeerID
        let route: RouteKey

        static func < (left: Key, right: Key) -> Bool {
            (left.peer, left.route.prefix, left.route.path) < (right.peer, right.route.prefix, right.route.path)
        }
    }

    private struct Entry {
        var figure: Double
        /// When `figure` was right.
        var updated: UInt64
        var isSuppressed = false
        var deadline: UInt64 = .max
    }

    private struct Appointment {
        var time: UInt64
        var key: Key
    }

    let options: DampingOptions
    private var entries: [Key: Entry] = [:]
    /// The deadlines of all entries, the last one first, so that the next one is taken from the end.
    private var agenda: [Appointment] = []

    init(_ options: DampingOptions) { self.options = options }

    /// The number of routes that are remembered.
    var count: Int { entries.count }

    /// The next deadline; nil if nothing is remembered.
    var deadline: UInt64? { agenda.last?.time }

    /// The figure of merit of a route; 0 when nothing is remembered of it.
    func figure(_ key: Key, at now: UInt64) -> Double {
        entries[key].map { decayed($0, at: now) } ?? 0
    }

    /// When a route that is suppressed is used again; nil for one that is not.
    func reuseTime(_ key: Key) -> UInt64? {
        entries[key].flatMap { $0.isSuppressed ? $0.deadline : nil }
    }

    /// A flap (RFC 2439, section 4.8.2). Whether the route is suppressed does not change before it is announced.
    mutating func penalise(_ key: Key, by penalty: Double, at now: UInt64) {
        var entry = entries[key] ?? Entry(figure: 0, updated: now)
        entry.figure = min(decayed(entry, at: now) + penalty, options.ceiling)
        entry.updated = now
        put(entry, key)
    }

    /// The route is announced (section 4.8.3). Answers whether it is suppressed.
    mutating func advertise(_ key: Key, at now: UInt64) -> Bool {
        guard var entry = entries[key] else { return false }
        let isSuppressed = decayed(entry, at: now) >= Double(entry.isSuppressed ? options.reuse : options.suppress)
        if isSuppressed != entry.isSuppressed {
            entry.isSuppressed = isSuppressed
            put(entry, key)
        }
        return isSuppressed
    }

    /// Takes the next deadline that has come: the route is used again, or, if it was in use, it is forgotten. Answers the
    /// route and whether it was suppressed; nil if no deadline has come.
    mutating func expire(at now: UInt64) -> (key: Key, wasSuppressed: Bool)? {
        guard let next = agenda.last, next.time <= now, var entry = entries[next.key] else { return nil }
        let wasSuppressed = entry.isSuppressed
        if wasSuppressed {
            entry.isSuppressed = false
            put(entry, next.key)
        } else {
            forget(next.key)
        }
        return (next.key, wasSuppressed)
    }

    mutating func forgetAll(of peer: PeerID) {
        for key in entries.keys where key.peer == peer { forget(key) }
    }

    /// The same history under other options. Suppressed routes stay so until their figure is below the new limit.
    func changed(to options: DampingOptions, at now: UInt64) -> FlapHistory {
        var new = FlapHistory(options)
        for (key, old) in entries {
            var entry = old
            entry.figure = min(decayed(old, at: now), options.ceiling)
            entry.updated = now
            new.put(entry, key)
        }
        return new
    }

    private func decayed(_ entry: Entry, at now: UInt64) -> Double {
        now > entry.updated ? entry.figure * options.share(after: now - entry.updated) : entry.figure
    }

    // MARK: Deadlines

    private mutating func put(_ entry: Entry, _ key: Key) {
        if let old = entries[key] { cancel(old.deadline, key) }
        var entry = entry
        let limit = entry.isSuppressed ? Double(options.reuse) : options.forgetLimit
        let (time, isNever) = entry.updated.addingReportingOverflow(options.time(until: limit / entry.figure))
        entry.deadline = isNever ? .max : time
        entries[key] = entry
        agenda.insert(Appointment(time: entry.deadline, key: key), at: place(entry.deadline, key))
    }

    private mutating func forget(_ key: Key) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        cancel(entry.deadline, key)
    }

    private mutating func cancel(_ time: UInt64, _ key: Key) { agenda.remove(at: place(time, key)) }

    /// The place of a deadline in the agenda, whether it is there or not.
    private func place(_ time: UInt64, _ key: Key) -> Int {
        var range = 0..<agenda.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            let other = agenda[middle]
            if (other.time, other.key) > (time, key) {
                range = middle + 1..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        return range.lowerBound
    }
}
