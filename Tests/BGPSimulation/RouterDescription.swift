import BGPSession
public import BGPTable
public import BGPWire
public import Net

/// What a simulated router is told before anything happens: the head of a log. A line for the router, and one a neighbour:
///
///     router r1 asn 65001 identifier 10.0.0.1
///     neighbour r2 asn 65002 address 10.0.0.2 relation provider hold 90
///
/// Behind these come words with a value: `cluster ADDRESS` of the router; `interval MS`, `most PREFIXES`, `med NUMBER`, `prepend
/// TIMES`, `mark COMMUNITY`, `only PREFIX`, `when COMMUNITY`, `prefer NUMBER` of a neighbour, and `passive` and `client` without. A line
/// `distance ADDRESS METRIC` gives the interior metric to a next hop; to others it is 0. A line `damping HALF-LIFE SUPPRESS REUSE
/// LONGEST` with times in milliseconds damps routes that flap.
public struct RouterDescription: Hashable, Sendable {
    /// A name without spaces.
    public var name: String
    /// Its AS.
    public var asn: ASN
    /// Its BGP Identifier and the address of all its sessions.
    public var address: IPv4Address
    /// Its CLUSTER_ID; nil for the identifier.
    public var cluster: IPv4Address?
    /// Its neighbours.
    public var neighbours: [NeighbourDescription] = []
    /// Interior metrics to next hops.
    public var distances: [IPv4Address: UInt32] = [:]
    /// How it damps routes that flap.
    public var damping: DampingOptions?

    /// Makes a router without neighbours.
    public init(_ name: String, asn: UInt32, address: IPv4Address, cluster: IPv4Address? = nil) {
        self.name = name
        self.asn = ASN(asn)
        self.address = address
        self.cluster = cluster
    }
}

/// A neighbour of a simulated router.
public struct NeighbourDescription: Hashable, Sendable {
    /// A name without spaces.
    public var name: String
    /// Its AS.
    public var asn: ASN
    /// Its address, and its next hop for what it sends.
    public var address: IPv4Address
    /// What it is to the router.
    public var relation: Relation
    /// Whether the router waits for it to connect.
    public var isPassive = false
    /// Whether it is a route reflection client (RFC 4456).
    public var isClient = false
    /// The hold time in seconds; 0 for no timers.
    public var holdTime: UInt16 = 0
    /// MinRouteAdvertisementInterval in nanoseconds, without jitter.
    public var interval: UInt64 = 0
    /// The most prefixes that it may announce; nil for any number.
    public var mostPrefixes: Int?
    /// MULTI_EXIT_DISC to send.
    public var multiExitDiscriminator: UInt32?
    /// How often our AS is prepended.
    public var prepend: UInt8 = 0
    /// A community to send.
    public var mark: Community?
    /// The one prefix that gets `mark`; nil for all.
    public var marked: IPPrefix?
    /// The community of routes from it that get the LOCAL_PREF `preference`; nil for all routes.
    public var condition: Community?
    /// LOCAL_PREF of the routes that `condition` names; nil for that of the relation.
    public var preference: UInt32?

    /// Makes a neighbour.
    public init(_ name: String, asn: ASN, address: IPv4Address, relation: Relation) {
        self.name = name
        self.asn = asn
        self.address = address
        self.relation = relation
    }
}

// MARK: - What follows from it

extension RouterDescription {
    /// The neighbour as the table sees it.
    func peerConfiguration(_ neighbour: NeighbourDescription) -> PeerConfiguration {
        var rules: [PolicyRule] = []
        if let preference = neighbour.preference {
            let condition = PolicyCondition(communities: neighbour.condition.map { [$0] } ?? [])
            rules.append(PolicyRule(condition, [.setLocalPreference(preference)], .accept))
        }
        return PeerConfiguration(
            relation: neighbour.relation, asn: neighbour.asn, address: .v4(neighbour.address),
            isClusterClient: neighbour.isClient, nextHopSelf: true, localIPv4: address,
            localIPv6: IPv6Address(high: 0x2001_0DB8_0000_0000, low: UInt64(address.rawValue)),
            importOptions: ImportOptions(policy: rules), exportOptions: exportOptions(neighbour))
    }

    /// What is changed about the routes to a neighbour, who is not sent `suppressed`.
    func exportOptions(_ neighbour: NeighbourDescription, suppressed: IPPrefix? = nil) -> ExportOptions {
        var rules: [PolicyRule] = []
        if let suppressed { rules.append(PolicyRule(PolicyCondition(prefixes: [.exact(suppressed)]), [], .reject)) }
        if let mark = neighbour.mark {
            let condition = PolicyCondition(prefixes: neighbour.marked.map { [.exact($0)] } ?? [])
            rules.append(PolicyRule(condition, [.addCommunities([mark])], .accept))
        }
        return ExportOptions(
            prepend: neighbour.prepend, multiExitDiscriminator: neighbour.multiExitDiscriminator, policy: rules)
    }

    /// The session with a neighbour.
    func sessionConfiguration(_ neighbour: NeighbourDescription) -> SessionConfiguration {
        SessionConfiguration(
            localASN: asn, remoteASN: neighbour.asn, identifier: address, families: [.ipv4, .ipv6],
            holdTime: neighbour.holdTime, connectRetryTime: 250_000_000, isPassive: neighbour.isPassive)
    }
}

// MARK: - Text

extension RouterDescription: CustomStringConvertible {
    /// The lines of the head.
    public var description: String {
        var head = "router \(name) asn \(asn.rawValue) identifier \(address)"
        if let cluster { head += " cluster \(cluster)" }
        let far = distances.sorted { $0.key < $1.key }.map { "distance \($0.key) \($0.value)" }
        let damped = damping.map { options in
            let (halfLife, longest) = (options.halfLife / 1_000_000, options.maximumSuppressTime / 1_000_000)
            return "damping \(halfLife) \(options.suppress) \(options.reuse) \(longest)"
        }
        return ([head] + neighbours.map(\.description) + far + (damped.map { [$0] } ?? [])).joined(separator: "\n")
            + "\n"
    }

    /// Reads the head; the first line that is none of it ends it. Nil when there is no router, or a word that nobody knows.
    public init?(parsing lines: some Sequence<Substring>) {
        var router: RouterDescription?
        for line in lines where !line.isEmpty && !line.hasPrefix("#") {
            var words = Words(line)
            switch words.next() {
            case "router":
                guard router == nil, let name = words.next(), words.next() == "asn", let asn = words.number(),
                    words.next() == "identifier", let address = words.next().flatMap({ IPv4Address($0) })
                else { return nil }
                router = RouterDescription(name, asn: asn, address: address)
                if let word = words.next() {
                    guard word == "cluster", let cluster = words.next().flatMap({ IPv4Address($0) }) else { return nil }
                    router?.cluster = cluster
                }
            case "neighbour":
                guard router != nil, let neighbour = NeighbourDescription(&words) else { return nil }
                router?.neighbours.append(neighbour)
            case "distance":
                guard router != nil, let address = words.next().flatMap({ IPv4Address($0) }),
                    let metric = words.number()
                else { return nil }
                router?.distances[address] = metric
            case "damping":
                guard router != nil, let halfLife = words.number(), let suppress = words.number(),
                    let reuse = words.number(), let longest = words.number()
                else { return nil }
                router?.damping = DampingOptions(
                    halfLife: UInt64(halfLife) * 1_000_000, suppress: suppress, reuse: reuse,
                    maximumSuppressTime: UInt64(longest) * 1_000_000)
            default:
                guard let router else { return nil }
                self = router
                return
            }
        }
        guard let router else { return nil }
        self = router
    }
}

extension NeighbourDescription: CustomStringConvertible {
    /// The line of the head.
    public var description: String {
        var text = "neighbour \(name) asn \(asn.rawValue) address \(address) relation \(relation.rawValue)"
        if isPassive { text += " passive" }
        if isClient { text += " client" }
        if holdTime != 0 { text += " hold \(holdTime)" }
        if interval != 0 { text += " interval \(interval / 1_000_000)" }
        if let mostPrefixes { text += " most \(mostPrefixes)" }
        if let multiExitDiscriminator { text += " med \(multiExitDiscriminator)" }
        if prepend != 0 { text += " prepend \(prepend)" }
        if let mark { text += " mark \(mark)" }
        if let marked { text += " only \(marked)" }
        if let condition { text += " when \(condition)" }
        if let preference { text += " prefer \(preference)" }
        return text
    }

    fileprivate init?(_ words: inout Words) {
        guard let name = words.next(), words.next() == "asn", let asn = words.number(), words.next() == "address",
            let address = words.next().flatMap({ IPv4Address($0) }), words.next() == "relation",
            let relation = words.next().flatMap(Relation.init(rawValue:))
        else { return nil }
        self.init(name, asn: ASN(asn), address: address, relation: relation)
        while let word = words.next() {
            guard read(word, &words) else { return nil }
        }
    }

    private mutating func read(_ word: String, _ words: inout Words) -> Bool {
        switch word {
        case "passive": isPassive = true
        case "client": isClient = true
        case "mark":
            mark = words.next().flatMap { Community($0) }
            return mark != nil
        case "only":
            marked = words.next().flatMap { IPPrefix($0) }
            return marked != nil
        case "when":
            condition = words.next().flatMap { Community($0) }
            return condition != nil
        default:
            guard let number = words.number() else { return false }
            switch word {
            case "hold": holdTime = UInt16(clamping: number)
            case "interval": interval = UInt64(number) * 1_000_000
            case "most": mostPrefixes = Int(number)
            case "med": multiExitDiscriminator = number
            case "prepend": prepend = UInt8(clamping: number)
            case "prefer": preference = number
            default: return false
            }
        }
        return true
    }
}

/// The words of a line.
struct Words {
    private var rest: ArraySlice<Substring>

    init(_ line: Substring) {
        rest = line.split(separator: " ")[...]
    }

    mutating func next() -> String? { rest.popFirst().map(String.init) }
    mutating func number() -> UInt32? { next().flatMap { UInt32($0) } }
}
