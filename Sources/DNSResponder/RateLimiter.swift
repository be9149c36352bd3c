public import DNSWire
public import Net

/// How many responses of a kind a network of clients gets.
public struct RateLimits: Hashable, Sendable {
    /// Responses of one kind a second to one prefix, 1 to 1,000,000. As many may come at once after a second of silence.
    public let responses: Int
    /// Of the responses over the limit, every so many-th is sent truncated instead of dropped; 0 for none, 1 for all.
    public let slip: Int

    /// Makes limits; values outside their ranges are taken for the nearest inside.
    public init(responses: Int, slip: Int) {
        self.responses = min(max(responses, 1), 1_000_000)
        self.slip = min(max(slip, 0), 10)
    }
}

/// Limits how fast responses go to one prefix of clients, so that a forged address gets no flood from here.
///
/// Whoever really asks from behind a limited prefix gets a truncated response now and then, comes again over TCP, whose handshake
/// proves the address, and is answered: TCP is never limited. Responses are told apart by kind, so that a flood of names that
/// do not exist leaves the answers for those that do. BIND, NSD and Knot do the same, under the name of response rate limiting.
///
/// A token bucket needs one number: the time at which it will be full again (the virtual scheduling of ITU-T I.371). A response is
/// within the limit if it leaves that time less than a second ahead.
///
/// The table has a fixed size and is made once; a look-up reads four neighbouring buckets. When all four are others', the one
/// that will be full first goes: of all, it had the least to remember.
public struct RateLimiter: Sendable {
    /// What becomes of a response.
    public enum Verdict: Sendable {
        /// It is within the limit.
        case send
        /// It goes out truncated.
        case truncate
        /// It is not sent.
        case drop
    }

    private struct Bucket {
        var key: UInt64 = 0
        var fullAt = Int64.min
        /// Responses over the limit so far.
        var refused: UInt32 = 0
    }

    private static let second: Int64 = 1_000_000_000
    private static let ways = 4
    /// 4,096 buckets, 96 kB.
    private static let sets = 1024

    private let interval: Int64
    private let slip: UInt32
    private let seed: UInt64
    private var buckets: [Bucket]

    /// Makes a limiter with an empty table. With a `seed` that nobody can guess, nobody can choose prefixes that share a set.
    public init(_ limits: RateLimits, seed: UInt64) {
        interval = Self.second / Int64(limits.responses)
        slip = UInt32(limits.slip)
        self.seed = seed
        buckets = Array(repeating: Bucket(), count: Self.sets * Self.ways)
    }

    /// Judges a response to a client at a time in nanoseconds that never goes back.
    public mutating func judge(_ kind: ResponseKind, to client: ClientPrefix, now: Int64) -> Verdict {
        let key = client.key << 3 | UInt64(kind.rawValue)
        let index = index(of: key)
        let fullAt = max(buckets[index].fullAt, now) &+ interval
        guard fullAt &- now > Self.second else {
            buckets[index].fullAt = fullAt
            return .send
        }
        guard slip > 0 else { return .drop }
        buckets[index].refused &+= 1
        return buckets[index].refused % slip == 0 ? .truncate : .drop
    }

    /// The place of the key's bucket, which is made if need be.
    private mutating func index(of key: UInt64) -> Int {
        let first = hash(key) &* Self.ways
        var oldest = first
        for index in first..<first &+ Self.ways {
            if buckets[index].key == key { return index }
            if buckets[index].fullAt < buckets[oldest].fullAt { oldest = index }
        }
        buckets[oldest] = Bucket(key: key)
        return oldest
    }

    private func hash(_ key: UInt64) -> Int {
        var hash = (key ^ seed) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 32)) &* 0xC4CE_B9FE_1A85_EC53
        return Int(truncatingIfNeeded: hash >> 40) & (Self.sets &- 1)
    }
}

/// The network that a client is taken for a part of: its /24, or its /56 of IPv6.
public struct ClientPrefix: Hashable, Sendable {
    /// | zero 7 | the prefix, 24 or 56 | family 1 |, in bits. A bucket's key is this and three bits for the kind of response.
    let key: UInt64

    /// The prefix that an address lies in.
    public init(of address: IPAddress) {
        switch address {
        case .v4(let address): self.init(v4: address.rawValue)
        case .v6(let address): self.init(v6: address.high)
        }
    }

    /// The /24 of an IPv4 address in host byte order.
    public init(v4 address: UInt32) { key = UInt64(address >> 8) << 1 | 1 }

    /// The /56 of an IPv6 address, of which these are the first 64 bits in host byte order.
    public init(v6 high: UInt64) { key = (high >> 8) << 1 }
}

/// What kind of response a message is, for limits.
public enum ResponseKind: UInt8, CaseIterable, Sendable {
    /// It has an answer.
    case answer
    /// The name is there, but no record of the type.
    case noData
    /// The name is not there.
    case nameError
    /// Another server is to be asked.
    case referral
    /// Anything else: REFUSED, FORMERR, ...
    case error

    /// Tells the kind of a response by its header.
    public init(of response: Header) {
        switch (response.flags.lowResponseCode, response.answerCount) {
        case (ResponseCode.nameError.rawValue, _): self = .nameError
        case (1..., _): self = .error
        case (_, 1...): self = .answer
        default: self = response.flags.contains(.authoritative) ? .noData : .referral
        }
    }
}
