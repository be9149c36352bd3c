/// What a link does to the packets of one direction. In a lab file both directions of a link are alike.
public struct LinkQuality: Hashable, Sendable, Codable {
    /// One-way delay in nanoseconds.
    public var delay: Int64
    /// The delay varies evenly by up to this many nanoseconds more or less.
    public var jitter: Int64 = 0
    /// The share of packets that is lost, 0 to 1.
    public var loss: Double = 0
    /// The share of packets that arrives twice, 0 to 1.
    public var duplicate: Double = 0
    /// The share of packets that overtakes, by not being delayed, 0 to 1.
    public var reorder: Double = 0
    /// Bits a second; 0 is unlimited.
    public var rate: UInt64 = 0

    /// Makes the quality of a link that only delays.
    public init(delay: Int64) {
        self.delay = delay
    }

    /// Whether packets pass as they come.
    public var isNone: Bool { self == LinkQuality(delay: 0) }
}

/// A change of a link's quality while the lab runs; what is nil stays as it is.
public struct QualityChange: Hashable, Sendable, Codable {
    /// One-way delay in nanoseconds.
    public var delay: Int64?
    /// Nanoseconds more or less.
    public var jitter: Int64?
    /// 0 to 1.
    public var loss: Double?
    /// 0 to 1.
    public var duplicate: Double?
    /// 0 to 1.
    public var reorder: Double?
    /// Bits a second; 0 takes the limit away.
    public var rate: UInt64?

    /// Makes a change of nothing yet.
    public init() {}

    /// Whether it changes nothing.
    public var isEmpty: Bool { self == QualityChange() }

    /// The quality after the change.
    public func applied(to quality: LinkQuality) -> LinkQuality {
        var quality = quality
        if let delay { quality.delay = delay }
        if let jitter { quality.jitter = jitter }
        if let loss { quality.loss = loss }
        if let duplicate { quality.duplicate = duplicate }
        if let reorder { quality.reorder = reorder }
        if let rate { quality.rate = rate }
        return quality
    }
}

/// What the lab file says about the links between two elements; what it leaves out follows from geography.
public struct LinkRule: Hashable, Sendable, Codable {
    /// The name of a network, site, client or router.
    public var first: String
    /// The name of another.
    public var second: String
    /// One-way delay in nanoseconds.
    public var delay: Int64?
    /// Nanoseconds more or less.
    public var jitter: Int64?
    /// 0 to 1.
    public var loss: Double?
    /// 0 to 1.
    public var duplicate: Double?
    /// 0 to 1.
    public var reorder: Double?
    /// Bits a second.
    public var rate: UInt64?
    /// The timers of the sessions over these links.
    public var timers: TimerOverrides

    /// Makes a rule that says nothing yet.
    public init(between first: String, and second: String) {
        self.first = first
        self.second = second
        timers = TimerOverrides()
    }

    /// Whether the rule speaks of the links between `a` and `b`.
    public func joins(_ a: Node, _ b: Node) -> Bool {
        Self.isNamed(first, a) && Self.isNamed(second, b) || Self.isNamed(first, b) && Self.isNamed(second, a)
    }

    /// Whether a name in a rule means the node: by its own name, or a router by its network's.
    public static func isNamed(_ name: String, _ node: Node) -> Bool {
        name == node.name || (node.kind == .router && name == node.network)
    }

    func apply(to quality: inout LinkQuality) {
        if let delay { quality.delay = delay }
        if let jitter { quality.jitter = jitter }
        if let loss { quality.loss = loss }
        if let duplicate { quality.duplicate = duplicate }
        if let reorder { quality.reorder = reorder }
        if let rate { quality.rate = rate }
    }
}
