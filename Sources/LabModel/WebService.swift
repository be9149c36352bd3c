/// What the sites of a service of kind `http` serve.
public struct WebService: Hashable, Sendable, Codable {
    /// The site that the others of its service fetch what they do not have from; it is of another service. Nil where the sites serve
    /// ``objects`` themselves.
    public var origin: String?
    /// What an origin serves.
    public var objects: [Object]

    /// Octets at a path.
    public struct Object: Hashable, Sendable, Codable {
        /// The path, from its slash on.
        public var path: String
        /// How many octets it has: up to ``mostOctets``.
        public var size: UInt32
        /// For how many seconds it is fresh; nil for what nobody may store.
        public var maxAge: UInt32?

        /// Makes an object.
        public init(path: String, size: UInt32 = 1000, maxAge: UInt32? = nil) {
            self.path = path
            self.size = size
            self.maxAge = maxAge
        }
    }

    /// How large an object may be.
    public static let mostOctets: UInt32 = 16_000_000

    /// Makes an edge before an origin, or an origin. An origin without objects serves a page at `/`.
    public init(origin: String? = nil, objects: [Object] = []) {
        self.origin = origin
        self.objects = origin == nil && objects.isEmpty ? [Object(path: "/", maxAge: 60)] : objects
    }
}

extension Topology {
    /// What a health check of a web service asks for: `/`, or the first of the objects where there is none; an edge has those of its
    /// origin.
    public func healthPath(of service: Service) -> String {
        let origin = service.web?.origin.flatMap(node(named:)).flatMap(self.service(of:)) ?? service
        let paths = origin.web?.objects.map(\.path) ?? []
        return paths.contains("/") ? "/" : paths.first ?? "/"
    }
}
