import LabModel
public import Net

/// What was seen of a lab, for claims to be held against. Parts that no claim asks for are empty.
public struct Evidence: Sendable {
    /// The ends of BGP sessions, as their speakers report them.
    public struct SessionEnd: Hashable, Sendable {
        /// The speaker's node.
        public let local: String
        /// The neighbour's node.
        public let remote: String
        /// The family.
        public let family: String
        /// `Established`, `Idle` and so on (RFC 4271, section 8.2.2).
        public let state: String

        /// Makes an end.
        public init(local: String, remote: String, family: String, state: String) {
            (self.local, self.remote, self.family, self.state) = (local, remote, family, state)
        }
    }

    /// Who is answered by whom, and by which way.
    public var rows: [CatchmentRow] = []
    /// The sessions.
    public var sessions: [SessionEnd] = []
    /// Answers to queries.
    public var lookups: [Lookup] = []
    /// What became of the probes since the last disturbance.
    public var ledger: LedgerReport?
    /// What became of the connections that are held; nil when none are.
    public var flows: HeldFlowReport?
    /// What became of the queries of the last floods.
    public var flood: FloodOutcome?
    /// The ways by the kernels' tables, where no probes were counted.
    public var walks: [Walk] = []

    /// Nothing seen yet.
    public init() {}
}

/// A query for a record and what came back.
public struct Lookup: Hashable, Sendable {
    /// Who asked.
    public let client: String
    /// Whom.
    public let address: IPAddress
    /// What for.
    public let name: String
    /// The type of the records.
    public let type: String
    /// The data of the records, as in a master file; nil when nobody answered.
    public let answers: [String]?
    /// What the answer says besides: `NXDOMAIN`, say; nil for nothing of note.
    public let note: String?
}
