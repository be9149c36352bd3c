/// What a lab is expected to do: claims that hold together.
public struct Expectation: Hashable, Sendable {
    /// What has to be so, kind by kind; at least one.
    public var claims: [Claim]
    /// Only the addresses of this service count; nil for all of those that a claim is about.
    public var service: String?
    /// So many nanoseconds may pass until the claims hold; nil for none.
    public var within: Int64?
    /// So many nanoseconds they have to hold without a break; nil for a moment.
    public var duration: Int64?

    /// Makes an expectation.
    public init(claims: [Claim], service: String? = nil, within: Int64? = nil, duration: Int64? = nil) {
        self.claims = claims
        self.service = service
        self.within = within
        self.duration = duration
    }
}

/// One thing that has to be so.
public enum Claim: Hashable, Sendable {
    /// A client is answered by this site at every address of the site's service. Nil: nobody answers it.
    case catchment(client: String, site: String?)
    /// A site answers such a share, 0 to 1, of all pairs of a client and an address of its service.
    case share(site: String, Bound<Double>)
    /// The round trip of a client's query, in nanoseconds.
    case roundTrip(client: String, Bound<Int64>)
    /// The way of a client's packets.
    case path(client: String, PathRule, PathPart)
    /// The longest time that a client had no answers since the last disturbance, in nanoseconds.
    case gap(client: String, Bound<Int64>)
    /// How many probes of all clients had no answer since the last disturbance.
    case lost(Bound<Int64>)
    /// How many of the connections that are held have ended: those of a client, or all.
    case broken(client: String?, Broken)
    /// What a client's query is answered with.
    case resolved(client: String, Resolution)
    /// The BGP sessions between two nodes or networks.
    case session(String, String, SessionState)
    /// What happens to no packet.
    case never(Misfortune)
    /// Such a share, 0 to 1, of the queries of the floods before was answered: those that a client sent, or that reached a site.
    case served(String, Bound<Double>)
    /// Such a share, 0 to 1, of the queries of the floods before reached a site.
    case offered(site: String, Bound<Double>)

    /// How a path has to be related to a part.
    public enum PathRule: String, Hashable, Sendable, CaseIterable {
        /// It goes through it.
        case contains
        /// It does not touch it.
        case avoids
        /// It does not leave it.
        case staysIn = "stays-in"
    }

    /// What a path may go through.
    public enum PathPart: Hashable, Sendable {
        /// A network; also a service, whose sites are its nodes.
        case network(String)
        /// A country, by its ISO 3166 code, or `EU` for all members of the Union.
        case country(String)

        /// The name.
        public var name: String {
            switch self {
            case .network(let name), .country(let name): name
            }
        }
    }

    /// A question and its answer.
    public struct Resolution: Hashable, Sendable {
        /// The name that is asked for.
        public var name: String
        /// The type of the records, as master files have it.
        public var type: String
        /// The data of the records in any order, as master files have it.
        public var answers: [String]

        /// Makes a question with its answer.
        public init(name: String, type: String, answers: [String]) {
            self.name = name
            self.type = type
            self.answers = answers
        }
    }

    /// What a session may be.
    public enum SessionState: String, Hashable, Sendable, CaseIterable {
        /// Both ends exchange routes.
        case established = "Established"
        /// Neither end does.
        case down
    }

    /// What may happen to packets while routes move.
    public enum Misfortune: String, Hashable, Sendable, CaseIterable {
        /// A node on the way has no route, or one that leads nowhere.
        case blackhole
        /// Nodes send packets around.
        case loop
    }

    /// Whether it is about what happened to the probes that were counted since the last disturbance.
    public var isAboutLedger: Bool {
        switch self {
        case .gap, .lost, .never: true
        default: false
        }
    }

    /// Whether it is about what became of the queries of floods.
    public var isAboutFlood: Bool {
        switch self {
        case .served, .offered: true
        default: false
        }
    }
}

/// A limit for a value.
public struct Bound<Value: Comparable & Hashable & Sendable>: Hashable, Sendable {
    /// How a value has to be related to the limit.
    public enum Relation: String, Hashable, Sendable, CaseIterable {
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "="
    }

    /// The relation.
    public var relation: Relation
    /// The limit.
    public var limit: Value

    /// Makes a bound.
    public init(_ relation: Relation, _ limit: Value) {
        self.relation = relation
        self.limit = limit
    }

    /// Whether larger values are as good.
    public var isLowerLimit: Bool { relation == .greater || relation == .greaterOrEqual }

    /// Whether a value is as it has to be.
    public func holds(_ value: Value) -> Bool {
        switch relation {
        case .less: value < limit
        case .lessOrEqual: value <= limit
        case .greater: value > limit
        case .greaterOrEqual: value >= limit
        case .equal: value == limit
        }
    }
}

// MARK: In words

extension Expectation: CustomStringConvertible {
    /// The expectation in a line: claims of a kind share its name.
    public var description: String {
        var parts: [String] = []
        for (index, claim) in claims.enumerated() {
            let (kind, what) = claim.words
            let isSame = index > 0 && claims[index - 1].words.kind == kind
            parts.append(isSame ? what : "\(kind) \(what)")
        }
        if let service { parts.append("service \(service)") }
        if let within { parts.append("within \(within.asDuration)") }
        if let duration { parts.append("for \(duration.asDuration)") }
        return parts.joined(separator: ", ")
    }
}

extension Claim {
    /// The kind of the claim, and what it says.
    var words: (kind: String, what: String) {
        switch self {
        case .catchment(let client, let site): ("catchment", "\(client): \(site ?? "nobody")")
        case .share(let site, let bound): ("share", "\(site) \(bound.text)")
        case .roundTrip(let client, let bound): ("rtt", "\(client) \(bound.text)")
        case .path(let client, let rule, let part): ("path", "\(client) \(rule.rawValue) \(part.name)")
        case .gap(let client, let bound): ("gap", "\(client) \(bound.text)")
        case .lost(let bound): ("lost", "\(bound.relation.rawValue) \(bound.limit)")
        case .broken(let client, let limit): ("broken", (client.map { "\($0) " } ?? "") + limit.text)
        case .resolved(let client, let resolution):
            (
                "resolved",
                "\(client): \(resolution.name) \(resolution.type) \(resolution.answers.joined(separator: " and "))"
            )
        case .session(let first, let second, let state): ("session", "\(first)--\(second): \(state.rawValue)")
        case .never(let misfortune): ("never", misfortune.rawValue)
        case .served(let name, let bound): ("served", "\(name) \(bound.text)")
        case .offered(let site, let bound): ("offered", "\(site) \(bound.text)")
        }
    }
}

extension Bound<Double> {
    /// A bound of a share in words: `>= 40%`.
    public var text: String { "\(relation.rawValue) \(limit.asPercent)" }
}

extension Bound<Int64> {
    /// A bound of a duration in words: `< 30ms`.
    public var text: String { "\(relation.rawValue) \(limit.asDuration)" }
}

extension Double {
    /// A share, 0 to 1, as people write it: `33.3%`.
    public var asPercent: String {
        let tenths = Int((self * 1000).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)%" : "\(tenths / 10).\(tenths % 10)%"
    }
}
