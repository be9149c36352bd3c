import JSON
import LabRuntime
import Net

/// Asks the BGP speaker of one node what it knows.
struct SpeakerQuestions {
    private let client: ControlClient
    private let target: String

    init(_ client: ControlClient, target: String) {
        self.client = client
        self.target = target
    }

    /// Asks for one view. Throws ``Failure`` with the speaker's reason.
    func ask(_ question: [JSON.Member]) throws -> JSON { try request("show", question) }

    /// Has the table written into a file of absolute path as MRT; answers how much it was. Throws ``Failure``.
    func dump(to path: String) throws -> JSON { try request("dump", [.init("path", .string(path))]) }

    private func request(_ verb: String, _ members: [JSON.Member]) throws -> JSON {
        do {
            return try client.request([.init("do", .string(verb)), .init("target", .string(target))] + members)
        } catch let error as RequestError {
            throw Failure(.badInput, error.description)
        }
    }

    /// All paths to a prefix, of which there has to be one. Throws ``Failure``.
    func paths(to prefix: String) throws -> JSON {
        let answer = try anyPaths(to: prefix)
        guard answer["paths"]?.array?.isEmpty == false else { throw Failure(.badInput, "no path to \(prefix)") }
        return answer
    }

    /// All paths to a prefix, or none. Throws ``Failure``.
    func anyPaths(to prefix: String) throws -> JSON {
        guard IPPrefix(prefix) != nil || IPAddress(prefix) != nil else {
            throw Failure(.badInput, "'\(prefix)' is neither a prefix nor an address")
        }
        return try ask([.init("view", "prefix"), .init("prefix", .string(prefix))])
    }

    /// The neighbours that a name or an address means. Throws ``Failure``.
    func neighbours(matching peer: String) throws -> [JSON] {
        let all = try ask([.init("view", "neighbors")])["neighbors"]?.array ?? []
        let found = all.filter { $0["name"]?.string == peer || $0["address"]?.string == peer }
        guard !found.isEmpty else {
            var names: [String] = []
            for name in all.compactMap({ $0["name"]?.string }) where !names.contains(name) { names.append(name) }
            let hint = names.isEmpty ? "it has none" : "neighbors are \(names.joined(separator: ", "))"
            throw Failure(.badInput, "\(target) has no neighbor '\(peer)'", hint: hint)
        }
        return found
    }

    /// All routes of a view, by prefix. They are asked for page by page. Throws ``Failure``.
    func routes(_ view: String, of neighbour: JSON? = nil) throws -> [JSON] {
        var routes: [(prefix: IPPrefix, route: JSON)] = []
        var next: Int? = 0
        let peer = neighbour?["address"].map { [JSON.Member("peer", $0)] } ?? []
        while let place = next {
            let page = try ask([.init("view", .string(view)), .init("from", .int(place))] + peer)
            for route in page["routes"]?.array ?? [] {
                guard let prefix = route["prefix"]?.string.flatMap({ IPPrefix($0) }) else { continue }
                routes.append((prefix, route))
            }
            next = page["next"]?.int
        }
        return routes.sorted { $0.prefix < $1.prefix }.map(\.route)
    }
}
