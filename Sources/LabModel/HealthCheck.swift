/// When a site of a service counts as healthy, and what becomes of its announcement when it does not: a site that cannot answer
/// should not attract queries (RFC 4786, section 4.4.1).
public struct HealthCheck: Hashable, Sendable, Codable {
    /// What is tried at a site.
    public enum Probe: Hashable, Sendable, Codable {
        /// Every address of the service answers this question. Without one: the SOA of the service's zone, no older than in the
        /// lab's file; without a zone, `id.server` with the site's name.
        case dns(Question?)
        /// Of a web service: every address answers a request (``Topology/healthPath(of:)``) with the status 200.
        case http
        /// This command of a shell exits with 0 inside the site's namespace.
        case command(String)
    }

    /// A question in class IN, and what is right for an answer: NOERROR, AA, and a record of the type.
    public struct Question: Hashable, Sendable, Codable {
        /// The name asked for.
        public var name: String
        /// The type asked for.
        public var type: String
        /// The data of a record that must be in the answer, as a zone file writes it; nil for any.
        public var answer: String?

        /// Makes a question.
        public init(name: String, type: String, answer: String?) {
            self.name = name
            self.type = type
            self.answer = answer
        }
    }

    /// What happens to the announcement of a site that is down.
    public enum Drain: Hashable, Sendable, Codable {
        /// The service's prefixes are withdrawn; the site's own addresses stay.
        case withdraw
        /// Everything is announced with this MULTI_EXIT_DISC.
        case multiExitDiscriminator(UInt32)
        /// Everything is announced with our own number this many times more in the AS_PATH.
        case prepend(UInt8)
    }

    /// What is tried.
    public var probe = Probe.dns(nil)
    /// From one check to the next, in milliseconds.
    public var interval: UInt32 = 1000
    /// How long an answer may take, in milliseconds; at most the interval.
    public var timeout: UInt32 = 500
    /// So many checks that fail in a row take the site down: 1 to 255.
    public var fall: UInt8 = 3
    /// So many checks that pass in a row bring it back: 1 to 255.
    public var rise: UInt8 = 2
    /// It stays down until the last failed check is so many milliseconds ago.
    public var holdDown: UInt32 = 10_000
    /// What happens to its announcement while it is down.
    public var drain = Drain.withdraw

    /// Makes the default check.
    public init() {}
}
