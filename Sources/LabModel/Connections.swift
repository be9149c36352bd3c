extension Scenario {
    /// TCP connections that clients hold to a web service.
    public struct Connections: Hashable, Sendable {
        /// The service, of kind `http`.
        public var service: String
        /// How many each client has to each address, 1 to ``most``.
        public var flows: Int
        /// The clients; nil for all.
        public var clients: [String]?

        /// How many a client has to an address at most.
        public static let most: UInt32 = 1000

        /// Makes connections.
        public init(service: String, flows: Int, clients: [String]? = nil) {
            self.service = service
            self.flows = flows
            self.clients = clients
        }

        /// In a line, for people.
        var text: String {
            "\(flows) flows to \(service) of each of " + (clients?.joined(separator: ", ") ?? "all clients")
        }
    }
}

extension Claim {
    /// How many held connections have ended.
    public enum Broken: Hashable, Sendable {
        /// So many.
        case count(Bound<Int64>)
        /// Such a share of them, 0 to 1.
        case share(Bound<Double>)

        /// In words: `<= 30%`.
        public var text: String {
            switch self {
            case .count(let bound): "\(bound.relation.rawValue) \(bound.limit)"
            case .share(let bound): bound.text
            }
        }
    }

    /// Whether it is about connections that are held.
    public var isAboutFlows: Bool { if case .broken = self { true } else { false } }
}
