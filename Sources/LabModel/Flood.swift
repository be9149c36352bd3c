/// Queries that clients send at a rate for a time: an attack, or the traffic of those who are attacked with others.
public struct Flood: Hashable, Sendable {
    /// The most queries a second.
    public static let mostRate: UInt32 = 100_000
    /// The longest time, in nanoseconds.
    public static let longest: Int64 = 300_000_000_000
    /// The shortest time, in nanoseconds.
    public static let shortest: Int64 = 100_000_000

    /// Who sends: clients, networks and countries, as ``Topology/clients(named:)`` takes them.
    public var clients: [String]
    /// The service that is asked, at all its addresses in turn; nil for the only one.
    public var service: String?
    /// Queries a second of all clients together, 1 to ``mostRate``.
    public var rate: UInt32
    /// For how many nanoseconds, ``shortest`` to ``longest``.
    public var duration: Int64

    /// Makes a flood.
    public init(clients: [String], service: String?, rate: UInt32, duration: Int64) {
        self.clients = clients
        self.service = service
        self.rate = rate
        self.duration = duration
    }

    /// The nanoseconds of a flood: ``shortest`` to ``longest``.
    public static func duration(_ text: String) throws(Quantity.Wrong) -> Int64 {
        let value = try Quantity.duration(text, upTo: longest)
        guard value >= shortest else {
            throw Quantity.Wrong(
                message: "is out of range", hint: "it goes: \(shortest.asDuration) to \(longest.asDuration)")
        }
        return value
    }

    /// The queries a second of a flood: 1 to ``mostRate``.
    public static func rate(_ text: String) throws(Quantity.Wrong) -> UInt32 {
        try Quantity.queryRate(text, upTo: mostRate)
    }
}

extension Flood: CustomStringConvertible {
    /// The flood in a line, for people.
    public var description: String {
        let target = service.map { " to \($0)" } ?? ""
        return "\(rate.asQueryRate) from \(clients.joined(separator: ", "))\(target) for \(duration.asDuration)"
    }
}

/// Why words do not say who sends a flood, or whom to, in words.
public struct FloodError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason.
    public let description: String
}

extension Topology {
    /// The clients that words mean, as positions in ``nodes``, each once and in their order: a client; a network, for all clients that
    /// it is the provider of; a country by its ISO 3166 code, or `EU` for the Union, for all that stand there. Throws ``FloodError``
    /// for a word that means no client.
    public func clients(named words: [String]) throws(FloodError) -> [Int] {
        var found: Set<Int> = []
        for word in words {
            let meant = nodes.filter { node in
                node.kind == .client
                    && (node.name == word || node.network == word
                        || Country.isCode(word) && Country.contains(word, node.place))
            }
            guard !meant.isEmpty else { throw noClient(word) }
            found.formUnion(meant.map(\.index))
        }
        return found.sorted()
    }

    private func noClient(_ word: String) -> FloodError {
        if let node = node(named: word) {
            return FloodError(description: "\(word) is a \(node.kind.rawValue), no client")
        }
        if nodes.contains(where: { $0.network == word }) {
            return FloodError(description: "the network '\(word)' has no clients")
        }
        if Country.isCode(word) { return FloodError(description: "no client stands in \(word)") }
        let names = nodes.filter { $0.kind == .client }.prefix(30).map(\.name)
        return FloodError(
            description:
                "there is no client, network or country '\(word)'; clients are \(names.joined(separator: ", "))")
    }

    /// The service of that name, or the only one, which has to answer DNS. Throws ``FloodError``.
    public func floodedService(_ name: String?) throws(FloodError) -> Service {
        let service = try service(named: name)
        if service.kind == .dns { return service }
        throw FloodError(description: "a flood is of DNS queries, and \(service.name) is \(service.kind.rawValue)")
    }

    private func service(named name: String?) throws(FloodError) -> Service {
        let known = lab.services.map(\.name).joined(separator: ", ")
        if let name {
            guard let service = lab.services.first(where: { $0.name == name }) else {
                throw FloodError(description: "there is no service '\(name)'; services are \(known)")
            }
            return service
        }
        guard let only = lab.services.first, lab.services.count == 1 else {
            throw FloodError(
                description: lab.services.isEmpty
                    ? "the lab has no service" : "the lab has several services: say which of \(known)")
        }
        return only
    }
}
