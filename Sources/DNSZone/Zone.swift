public import DNSWire
public import Net

/// A zone, made once and then only read: what the server answers from.
///
/// Everything is in four flat arrays, so that a zone of ten records costs a few hundred octets and one of a million has
/// no object per name:
/// ```
/// slots    hash of a name -> number of a node, open addressing
/// nodes    a name: where its octets are, its RRsets, its zone cut, its wildcard
/// sets     an RRset: type, number of records, where its image is
/// arena    names in lower case, and as written if that differs; images of RRsets: | TYPE | CLASS | TTL | RDLENGTH | RDATA | per record, as on the wire
/// ```
/// Only the owner is missing in an image: it becomes a pointer, and the rest is copied as it is.
public struct Zone: Sendable {
    /// The name of the zone, in the case that was configured.
    public let origin: DomainName
    let arena: [UInt8]
    let nodes: [Node]
    let sets: [RecordSet]
    let slots: [UInt32]
    /// How many labels the name of the zone has, without the root's.
    public let originLabelCount: Int

    /// The node of the origin.
    public let originNode: Int
    /// The start of authority.
    public let startOfAuthority: RecordSet
    /// The TTL of negative answers: the smaller of the SOA's own TTL and its MINIMUM field (RFC 2308, section 5).
    public let negativeTTL: UInt32
    /// SERIAL of the SOA.
    public let serial: UInt32
    /// REFRESH and RETRY of the SOA, in seconds: how often a secondary asks whether there is a newer version, and how soon again when
    /// nobody has answered.
    public let refresh, retry: UInt32
    /// EXPIRE of the SOA, in seconds: for how long a secondary may answer from a copy that nobody has confirmed.
    public let expire: UInt32

    /// A name of the zone, or one that exists only because names below it do (an empty non-terminal).
    struct Node: Sendable {
        /// Where the name is in lower case, for looking up.
        let name: UInt32
        /// Where the name is in the case of the text, for answers.
        let spelling: UInt32
        let nameLength: UInt8
        /// Whether it has a DNAME, which stands for all names below.
        let redirects: Bool
        let setCount: UInt16
        let firstSet: UInt32
        /// The node of the topmost zone cut at or above this name; -1 for authoritative names.
        let cut: Int32
        /// The node of the `*` child; -1 when there is none.
        let wildcard: Int32
    }

    /// The records of one name and type.
    public struct RecordSet: Sendable {
        /// TYPE of the records.
        public let type: RecordType
        /// How many records there are, at least 1.
        public let count: Int
        /// The TTL, the same for all records (RFC 2181, section 5.2).
        public let ttl: UInt32
        let start: Int
        let byteCount: Int
    }

    /// `timers` are the last 20 octets of the SOA: SERIAL, REFRESH, RETRY, EXPIRE, MINIMUM.
    init(_ builder: consuming ZoneBuilder, startOfAuthority: RecordSet, negativeTTL: UInt32, timers: RawSpan) {
        origin = builder.origin
        arena = builder.arena
        nodes = builder.nodes
        sets = builder.sets
        slots = builder.slots
        originLabelCount = builder.origin.labelCount
        originNode = 0
        self.startOfAuthority = startOfAuthority
        self.negativeTTL = negativeTTL
        serial = timers.uint32(at: 0) ?? 0
        refresh = timers.uint32(at: 4) ?? 0
        retry = timers.uint32(at: 8) ?? 0
        expire = timers.uint32(at: 12) ?? 0
    }

    /// Makes a zone of the text of a master file (``ZoneFile``), with the files that it includes by name. What the text lacks is added:
    ///
    /// - without an SOA: `@ 300 SOA ns1 hostmaster 1 3600 600 604800 60`
    /// - without an NS record at the origin: `@ 300 NS ns1`
    /// - where `ns1` is a name server of the zone and has no address in the text: `addresses`, the ones that the
    ///   service itself answers on
    ///
    /// with `ns1` and `hostmaster` relative to the origin. Throws ``ZoneErrors`` with everything that is wrong.
    public init(
        origin: DomainName, text: String, addresses: [IPAddress] = [], includes: [String: String] = [:]
    ) throws(ZoneErrors) {
        try self.init(origin: origin, text: text, addresses: addresses) { name in
            includes[name].map { .success($0) } ?? .failure(.init("it is not there"))
        }
    }

    /// The same with files that are read when they are included.
    public init(
        origin: DomainName, text: String, addresses: [IPAddress] = [], include: @escaping ZoneFile.Include
    ) throws(ZoneErrors) {
        let records = try ZoneFile(parsing: text, origin: origin, include: include).records
        try self.init(origin: origin, records: withDefaults(records, origin: origin, addresses: addresses))
    }

    /// Makes a zone of records, the SOA among them. Throws ``ZoneErrors`` with everything that is wrong.
    public init(origin: DomainName, records: [ZoneRecord]) throws(ZoneErrors) {
        let records = try checked(records, origin: origin)
        let builder = ZoneBuilder(origin: origin, records: records)
        guard let index = builder.sets.firstIndex(where: { $0.type == .soa }),
            let data = records.first(where: { $0.type == .soa })?.data,
            let timers = data.span.bytes.slice(at: data.count - 20, count: 20), let minimum = timers.uint32(at: 16)
        else {
            throw ZoneErrors([ZoneError(line: 1, column: 1, reason: "the zone \(origin) has no SOA record")])
        }
        let start = builder.sets[index]
        self.init(builder, startOfAuthority: start, negativeTTL: min(start.ttl, minimum), timers: timers)
    }
}
