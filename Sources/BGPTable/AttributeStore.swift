import BGPWire
import Net

/// The number of a set of attributes in the `AttributeStore`; 0 is none.
typealias AttributeSetID = UInt32

/// The attributes of routes that one neighbour sent, after import, with what the decision process compares kept ready.
/// All routes with equal attributes of one neighbour share one set.
struct AttributeSet {
    struct Flags: OptionSet {
        let rawValue: UInt16
        /// The prefixes are IPv6.
        static let ipv6 = Flags(rawValue: 1 << 0)
        /// Learned by iBGP.
        static let `internal` = Flags(rawValue: 1 << 1)
        /// Learned from a route reflection client.
        static let client = Flags(rawValue: 1 << 2)
        /// Carries OTC: only customers may have it (RFC 9234).
        static let onlyToCustomer = Flags(rawValue: 1 << 3)
        /// Must not leave the AS (RFC 1997).
        static let noExport = Flags(rawValue: 1 << 4)
        /// Must not be sent to anyone (RFC 1997).
        static let noAdvertise = Flags(rawValue: 1 << 5)
        /// Must not be sent to bilateral peers (RFC 3765).
        static let noPeer = Flags(rawValue: 1 << 6)
        /// Packets are to be dropped (RFC 7999).
        static let blackhole = Flags(rawValue: 1 << 7)
        /// The prefixes are IPv4 and the next hop is IPv6 (RFC 8950).
        static let extendedNextHop = Flags(rawValue: 1 << 8)
        /// Learned from a client of our route server.
        static let routeServerClient = Flags(rawValue: 1 << 9)
    }

    fileprivate var offset: UInt32 = 0
    fileprivate var length: UInt32 = 0
    fileprivate var references: UInt32 = 0
    fileprivate var hash: UInt32 = 0
    /// Who sent it.
    var peer: PeerID = .local
    /// ORIGINATOR_ID, or the BGP Identifier of the sender.
    var identifier: IPv4Address = .any
    var localPreference: UInt32 = 0
    var multiExitDiscriminator: UInt32 = 0
    /// The neighbouring AS in the sense of RFC 4271, section 9.1.2.2 c.
    var neighbourASN = ASN(0)
    /// The number of the next hop in the `NextHopTable`.
    var nextHop: UInt32 = 0
    var pathLength: UInt16 = 0
    var clusterListLength: UInt16 = 0
    var origin: Origin = .igp
    var exclusion: Exclusion?
    var flags: Flags = []
    /// The set of the attributes as they were received, where the import options changed more than they can restore; 0
    /// otherwise. This set holds one reference to it.
    var received: AttributeSetID = 0
}

/// Every set of attributes in use, once. The octets lie one behind the other in `arena`; sets that nobody uses leave gaps,
/// which are closed when they are half of it.
struct AttributeStore {
    private var sets: [AttributeSet] = [AttributeSet()]
    private var free: [AttributeSetID] = []
    private var arena: [UInt8] = []
    private var unused = 0
    private var index = HashIndex()
    private var scratch = OctetWriter()
    var nextHops = NextHopTable()
    var limits = TableLimits()

    /// The number of sets in use.
    var count: Int { index.count }
    /// The octets that the packed attributes take, gaps included.
    var octetCount: Int { arena.count }

    subscript(_ id: AttributeSetID) -> AttributeSet { sets[Int(id)] }

    func attributes(_ id: AttributeSetID) -> PathAttributes {
        PackedAttributes.unpack(arena, at: Int(sets[Int(id)].offset))
    }

    func nextHop(_ id: AttributeSetID) -> NextHop {
        PackedAttributes.nextHop(arena, at: Int(sets[Int(id)].offset))
    }

    func resolution(_ id: AttributeSetID) -> NextHopResolution? {
        nextHops.resolution(sets[Int(id)].nextHop)
    }

    mutating func retain(_ id: AttributeSetID) {
        guard id != 0, sets[Int(id)].references < limits.references else { return }
        sets[Int(id)].references += 1
    }

    mutating func release(_ id: AttributeSetID) {
        // At the limit they have not been counted.
        guard id != 0, sets[Int(id)].references < limits.references else { return }
        sets[Int(id)].references -= 1
        guard sets[Int(id)].references == 0 else { return }
        index.remove(id, hash: sets[Int(id)].hash) { [sets] in sets[Int($0)].hash }
        nextHops.release(sets[Int(id)].nextHop)
        release(sets[Int(id)].received)
        unused += Int(sets[Int(id)].length)
        sets[Int(id)].length = 0
        free.append(id)
        if unused > 4096, unused * 2 > arena.count { compact() }
    }

    /// The set for what was imported, new or shared; the caller holds one reference. `received` is the set of what it was
    /// imported from, if that is to be kept. Answers 0 when there is no room for a new one.
    mutating func intern(_ imported: ImportedRoute, received: AttributeSetID = 0) -> AttributeSetID {
        scratch.removeAll()
        PackedAttributes.pack(imported.attributes, into: &scratch)
        let hash = hash(of: imported, received)
        let known = index.find(hash: hash) { holds($0, imported, received) }
        if known != 0 {
            retain(known)
            return known
        }
        guard makeRoom() else { return 0 }
        var set = AttributeSet(imported)
        set.hash = hash
        set.references = 1
        set.received = received
        retain(received)
        set.offset = UInt32(arena.count)
        set.length = UInt32(scratch.octets.count)
        set.nextHop =
            imported.peer == .local ? 0 : nextHops.retain(imported.attributes.nextHop.address, from: imported.peer)
        arena += scratch.octets
        let id: AttributeSetID
        if let reused = free.popLast() {
            id = reused
            sets[Int(id)] = set
        } else {
            id = UInt32(sets.count)
            sets.append(set)
        }
        index.insert(id, hash: hash) { [sets] in sets[Int($0)].hash }
        return id
    }

    /// Whether there is room for one more set, with the octets of `scratch`. Gaps are closed for it only where that gains enough
    /// to be worth the copy.
    private mutating func makeRoom() -> Bool {
        guard !free.isEmpty || sets.count <= limits.elements else { return false }
        let most = limits.octets - scratch.octets.count
        if arena.count > most, unused * 8 > arena.count { compact() }
        return arena.count <= most
    }

    private func holds(_ id: AttributeSetID, _ imported: ImportedRoute, _ received: AttributeSetID) -> Bool {
        let set = sets[Int(id)]
        guard set.peer == imported.peer, set.identifier == imported.identifier, set.flags == imported.flags,
            set.received == received, set.exclusion == imported.exclusion, Int(set.length) == scratch.octets.count
        else { return false }
        let start = Int(set.offset)
        return arena[start..<start + scratch.octets.count].elementsEqual(scratch.octets)
    }

    /// FNV-1a over the octets, the sender and its identifier, and what was received.
    private func hash(of imported: ImportedRoute, _ received: AttributeSetID) -> UInt32 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for octet in scratch.octets { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01B3 }
        let sender = UInt64(imported.peer.rawValue) << 32 | UInt64(imported.identifier.rawValue)
        return mix((hash ^ sender &* 0x9E37_79B9_7F4A_7C15) &+ UInt64(received))
    }

    private mutating func compact() {
        var packed: [UInt8] = []
        packed.reserveCapacity(arena.count - unused)
        for id in sets.indices where sets[id].length != 0 {
            let start = Int(sets[id].offset)
            sets[id].offset = UInt32(packed.count)
            packed += arena[start..<start + Int(sets[id].length)]
        }
        arena = packed
        unused = 0
    }
}

/// Spreads 64 bits over 32 (the finaliser of MurmurHash3). Not seeded: the order of everything must be the same in every run.
func mix(_ value: UInt64) -> UInt32 {
    var value = value
    value = (value ^ value >> 33) &* 0xFF51_AFD7_ED55_8CCD
    value = (value ^ value >> 33) &* 0xC4CE_B9FE_1A85_EC53
    return UInt32(truncatingIfNeeded: value ^ value >> 33)
}
