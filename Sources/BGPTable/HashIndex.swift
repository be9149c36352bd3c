/// A hash table that holds only numbers of elements kept elsewhere, 4 octets a slot: open addressing with linear probing
/// and backward-shift deletion. `Dictionary` would keep a second copy of every key, which for a full table of prefixes is
/// as much memory as all else. The number 0 stands for an empty slot, so elements count from 1.
struct HashIndex {
    private var slots: [UInt32] = []
    private(set) var count = 0

    /// The element that `matches`, among those whose hash is `hash`; 0 if there is none.
    func find(hash: UInt32, where matches: (UInt32) -> Bool) -> UInt32 {
        guard !slots.isEmpty else { return 0 }
        let mask = slots.count - 1
        var position = Int(hash) & mask
        while slots[position] != 0 {
            if matches(slots[position]) { return slots[position] }
            position = (position + 1) & mask
        }
        return 0
    }

    /// Adds an element that is not there yet. `hashOf` gives the hash of any element.
    mutating func insert(_ element: UInt32, hash: UInt32, hashOf: (UInt32) -> UInt32) {
        if (count + 1) * 4 > slots.count * 3 { grow(hashOf) }
        place(element, hash)
        count += 1
    }

    /// Takes an element out.
    mutating func remove(_ element: UInt32, hash: UInt32, hashOf: (UInt32) -> UInt32) {
        guard !slots.isEmpty else { return }
        let mask = slots.count - 1
        var hole = Int(hash) & mask
        while slots[hole] != element {
            guard slots[hole] != 0 else { return }
            hole = (hole + 1) & mask
        }
        var position = hole
        while true {
            position = (position + 1) & mask
            guard slots[position] != 0 else { break }
            let home = Int(hashOf(slots[position])) & mask
            // An element may move back to the hole only if that is not before its home.
            guard (position - home) & mask >= (position - hole) & mask else { continue }
            slots[hole] = slots[position]
            hole = position
        }
        slots[hole] = 0
        count -= 1
    }

    private mutating func grow(_ hashOf: (UInt32) -> UInt32) {
        let old = slots
        slots = [UInt32](repeating: 0, count: max(16, old.count * 2))
        for element in old where element != 0 { place(element, hashOf(element)) }
    }

    private mutating func place(_ element: UInt32, _ hash: UInt32) {
        let mask = slots.count - 1
        var position = Int(hash) & mask
        while slots[position] != 0 { position = (position + 1) & mask }
        slots[position] = element
    }
}
