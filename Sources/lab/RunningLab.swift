import ArgumentParser
import Glibc
import JSON
import LabModel
import LabObserve
import LabRuntime
import Sys

/// The option that every verb about a running lab has.
struct LabOption: ParsableArguments {
    @Option(name: [.customLong("lab"), .customShort("l")], help: "The lab; not needed while one lab runs.")
    var name: String?
}

/// A lab that is up: what it was made of, and a way to its supervisor.
struct RunningLab {
    let stored: StoredLab
    let topology: Topology
    var name: String { stored.lab.name }

    /// The lab called `name`, or the only one that runs. Throws ``Failure``.
    init(_ name: String?) throws {
        let name = try name ?? Self.only()
        guard case .running = Registry.state(name) else {
            let others = Self.running()
            throw Failure(
                .badInput, "no lab '\(name)' is up",
                hint: others.isEmpty ? Self.hintWithoutLabs : "up now: \(others.joined(separator: ", "))")
        }
        do {
            stored = try StoredLab.read(name)
            topology = try stored.topology()
        } catch {
            throw Failure(
                .failedAtRunTime, "the lab '\(name)' cannot be read: \(error)", hint: "'lab down \(name)' removes it")
        }
    }

    static func running() -> [String] {
        Registry.names().filter { if case .running = Registry.state($0) { true } else { false } }
    }

    private static var hintWithoutLabs: String {
        let ofRoot = LabPlace.current == .machine ? [] : Registry.names(in: .machine)
        return ofRoot.isEmpty
            ? "'lab up FILE' brings one up" : "root has \(ofRoot.joined(separator: ", ")); as root: sudo lab ..."
    }

    private static func only() throws -> String {
        let names = running()
        switch names.count {
        case 1: return names[0]
        case 0: throw Failure(.badInput, "no lab is up", hint: hintWithoutLabs)
        default:
            throw Failure(
                .badInput, "\(names.count) labs are up: \(names.joined(separator: ", "))",
                hint: "say which with --lab NAME")
        }
    }

    /// The node that a word means: `NODE`, `LAB.NODE`, or a network of one router. Throws ``Failure``.
    func node(_ word: String) throws -> Node {
        let bare = word.hasPrefix(name + ".") ? String(word.dropFirst(name.count + 1)) : word
        if let node = topology.node(named: bare) { return node }
        let routers = topology.nodes.filter { $0.network == bare && $0.kind == .router }.map(\.name)
        if !routers.isEmpty {
            throw Failure(
                .badInput, "the network '\(bare)' has several routers",
                hint: "say which: \(routers.joined(separator: ", "))")
        }
        throw Failure(
            .badInput, "there is no node '\(bare)' in \(name)",
            hint: "nodes are \(topology.nodes.map(\.name).joined(separator: ", "))")
    }

    /// The path of a node's namespace.
    func namespacePath(_ node: String) -> String { LabPaths(name).namespace(node) }

    /// Moves this process to where the nodes are. An ordinary user's lab has namespaces of its own. Throws ``Failure``.
    func enter() throws {
        do {
            try UserNamespaces.enter(name)
        } catch {
            throw Failure(.failedAtRunTime, "the lab '\(name)' cannot be entered: \(error)")
        }
    }

    /// Goes to where the nodes are, and looks from there. Throws ``Failure``.
    func observer() throws -> Observer {
        try enter()
        return Observer(topology: topology, namespacePath: namespacePath)
    }

    /// A conversation with the supervisor. Throws ``Failure``.
    func connect() throws -> ControlClient {
        try reach { () throws(SystemError) in try ControlClient(name) }
    }

    /// The bare socket, for who only wants to see the lab end. Throws ``Failure``.
    func connectSocket() throws -> FileDescriptor {
        try reach { () throws(SystemError) in try Socket.connected(unixPath: LabPaths(name).control) }
    }

    private func reach<Answer: ~Copyable>(_ body: () throws(SystemError) -> Answer) throws -> Answer {
        do throws(SystemError) {
            return try body()
        } catch {
            throw Failure(
                .failedAtRunTime, "the supervisor of '\(name)' does not answer: \(error)",
                hint: error.code == EACCES ? "the lab is another user's" : nil)
        }
    }
}
