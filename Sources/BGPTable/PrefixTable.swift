import Net

/// All that is known of one prefix: 32 octets, its routes not counted.
struct PrefixEntry {
    struct Flags: OptionSet {
        let rawValue: UInt8
        /// Waits for the decision process.
        static let dirty = Flags(rawValue: 1 << 0)
        /// The way to the best route's next hop has changed.
        static let forwardingChanged = Flags(rawValue: 1 << 1)
        /// The slot is in use.
        static let used = Flags(rawValue: 1 << 2)
    }

    var prefix: IPPrefix
    var flags: Flags = []
    /// What separated the best route from the others.
    var step = DecisionStep.onlyRoute
    /// The best route as last decided (the Loc-RIB); 0 if there is none.
    var best: AttributeSetID = 0
    /// The first of its routes in the pool, the Adj-RIBs-In of all neighbours; 0 if there is none.
    var routes: UInt32 = 0
}

/// The prefixes in numbered slots, found by hash. A slot keeps its number as long as the prefix is in use, so that it
/// stands for the prefix in the bit sets and queues of the neighbours. Slot 0 is not used.
struct PrefixTable {
    /// A route: 8 octets, chained to the next one to the same prefix.
    struct Route {
        var set: AttributeSetID
        var next: UInt32
    }

    private var entries: [PrefixEntry] = [PrefixEntry(prefix: IPPrefix(.v4(.any), length: 0))]
    private var freeEntries: [UInt32] = []
    private var index = HashIndex()
    private var routes: [Route] = [Route(set: 0, next: 0)]
    private var freeRoutes: UInt32 = 0
    /// The path identifiers of the routes (RFC 7911): none for those behind the end, so that they cost 4 octets a route from
    /// the first neighbour on that sends any, and nothing before.
    private var paths: [UInt32] = []
    /// How many prefixes, and how many routes, there are at most.
    var mostElements = TableLimits().elements

    /// The number of prefixes in use.
    var count: Int { index.count }
    /// The slots, used ones and free ones.
    var slots: Range<UInt32> { 1..<UInt32(entries.count) }

    subscript(_ slot: UInt32) -> PrefixEntry {
        get { entries[Int(slot)] }
        _modify { yield &entries[Int(slot)] }
    }

    /// The slot of a prefix; 0 if it is not in use.
    func find(_ prefix: IPPrefix) -> UInt32 {
        index.find(hash: Self.hash(prefix)) { entries[Int($0)].prefix == prefix }
    }

    /// The slot of a prefix, new or in use; 0 when there is no room for a new one.
    mutating func findOrInsert(_ prefix: IPPrefix) -> UInt32 {
        let known = find(prefix)
        guard known == 0 else { return known }
        guard !freeEntries.isEmpty || entries.count <= mostElements else { return 0 }
        var entry = PrefixEntry(prefix: prefix)
        entry.flags = .used
        let slot: UInt32
        if let reused = freeEntries.popLast() {
            slot = reused
            entries[Int(slot)] = entry
        } else {
            slot = UInt32(entries.count)
            entries.append(entry)
        }
        index.insert(slot, hash: Self.hash(prefix)) { [entries] in Self.hash(entries[Int($0)].prefix) }
        return slot
    }

    mutating func remove(_ slot: UInt32) {
        index.remove(slot, hash: Self.hash(entries[Int(slot)].prefix)) { [entries] in
            Self.hash(entries[Int($0)].prefix)
        }
        entries[Int(slot)].flags = []
        freeEntries.append(slot)
    }

    func route(_ number: UInt32) -> Route { routes[Int(number)] }

    /// The path identifier that a route came with; 0 where the session has none.
    func path(_ number: UInt32) -> UInt32 { Int(number) < paths.count ? paths[Int(number)] : 0 }

    private mutating func setPath(_ number: UInt32, to path: UInt32) {
        let index = Int(number)
        if index >= paths.count {
            guard path != 0 else { return }
            paths.append(contentsOf: repeatElement(0, count: index + 1 - paths.count))
        }
        paths[index] = path
    }

    mutating func setRoute(_ number: UInt32, to set: AttributeSetID) { routes[Int(number)].set = set }

    /// Puts a route in front of those to its prefix. Answers its number; 0 when there is no room for it.
    mutating func addRoute(_ slot: UInt32, _ set: AttributeSetID, path: UInt32) -> UInt32 {
        guard freeRoutes != 0 || routes.count <= mostElements else { return 0 }
        let route = Route(set: set, next: entries[Int(slot)].routes)
        if freeRoutes != 0 {
            entries[Int(slot)].routes = freeRoutes
            freeRoutes = routes[Int(freeRoutes)].next
            routes[Int(entries[Int(slot)].routes)] = route
        } else {
            entries[Int(slot)].routes = UInt32(routes.count)
            routes.append(route)
        }
        setPath(entries[Int(slot)].routes, to: path)
        return entries[Int(slot)].routes
    }

    /// Takes the route `number` out, which stands behind `previous`, or first if that is 0.
    mutating func removeRoute(_ slot: UInt32, _ number: UInt32, after previous: UInt32) {
        let next = routes[Int(number)].next
        if previous == 0 {
            entries[Int(slot)].routes = next
        } else {
            routes[Int(previous)].next = next
        }
        routes[Int(number)] = Route(set: 0, next: freeRoutes)
        freeRoutes = number
    }

    private static func hash(_ prefix: IPPrefix) -> UInt32 {
        let length = UInt64(prefix.length)
        switch prefix.address {
        case .v4(let address): return mix(UInt64(address.rawValue) << 8 | length)
        case .v6(let address): return mix((address.high &* 0x9E37_79B9_7F4A_7C15 ^ address.low) &+ length << 56)
        }
    }
}
