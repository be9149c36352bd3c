/// What a neighbour holds of us where that is not simply the best route: several routes to a prefix (RFC 7911), or, for a client
/// of a route server, the best of those that it may have (RFC 7947, section 2.3). A route takes 20 octets here and a
/// prefix 4; neighbours that are sent the best routes only have none of this.
struct SentPaths {
    /// One route that the neighbour holds.
    struct Path {
        /// Who it was learned from.
        var peer: PeerID
        /// The path identifier that it came with.
        var received: UInt32
        /// The path identifier that it was sent with: from 1 on, the lowest that was free.
        var identifier: UInt32
        /// The route. One reference to it is held.
        var set: AttributeSetID

        func isSameRoute(as other: Path) -> Bool { peer == other.peer && received == other.received }
    }

    private struct Element {
        var path: Path
        var next: UInt32
    }

    /// The first element of each slot; 0 for none, and none for slots behind the end.
    private var first: [UInt32] = []
    private var elements = [Element(path: Path(peer: .local, received: 0, identifier: 0, set: 0), next: 0)]
    private var free: UInt32 = 0

    /// The routes to the prefix in a slot.
    subscript(slot: UInt32) -> [Path] {
        get {
            var paths: [Path] = []
            var number = Int(slot) < first.count ? first[Int(slot)] : 0
            while number != 0 {
                paths.append(elements[Int(number)].path)
                number = elements[Int(number)].next
            }
            return paths
        }
        set {
            empty(slot)
            for path in newValue.reversed() { push(path, slot) }
        }
    }

    /// Whether there is none to the prefix in a slot.
    func isEmpty(_ slot: UInt32) -> Bool { Int(slot) >= first.count || first[Int(slot)] == 0 }

    /// The sets of all routes.
    var sets: [AttributeSetID] { elements.map(\.path.set).filter { $0 != 0 } }

    private mutating func empty(_ slot: UInt32) {
        guard Int(slot) < first.count else { return }
        while first[Int(slot)] != 0 {
            let number = first[Int(slot)]
            first[Int(slot)] = elements[Int(number)].next
            elements[Int(number)].path.set = 0
            elements[Int(number)].next = free
            free = number
        }
    }

    private mutating func push(_ path: Path, _ slot: UInt32) {
        if Int(slot) >= first.count { first.append(contentsOf: repeatElement(0, count: Int(slot) + 1 - first.count)) }
        let element = Element(path: path, next: first[Int(slot)])
        if free != 0 {
            first[Int(slot)] = free
            free = elements[Int(free)].next
            elements[Int(first[Int(slot)])] = element
        } else {
            first[Int(slot)] = UInt32(elements.count)
            elements.append(element)
        }
    }
}
