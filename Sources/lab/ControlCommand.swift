import ArgumentParser
import JSON
import LabModel
import LabRuntime
import Sys

/// `lab control NODE VERB`.
struct Control: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "control", abstract: "Tells a node's BGP speaker to do something else, without a session reset.",
        discussion: """
            What is said lasts as long as the speaker's process. Without --peer it is for all neighbors in other networks.
              announce PREFIX       announces a prefix, with --community, --large-community and --med
              withdraw PREFIX       announces it no longer
              prepend COUNT         so many more of our own number in front of the AS path
              med VALUE             MULTI_EXIT_DISC of what is announced; none for none
              communities VALUE...  in place of those that were added before
              local-preference N    LOCAL_PREF of what is announced to us; none for what the relation gives
              drain, undrain        GRACEFUL_SHUTDOWN both ways (RFC 8326): traffic goes elsewhere before anything ends
              refresh               asks for all routes again
              shut PEER, unshut PEER  ends the sessions with a peer, with --message for its operator, and lets them come back
              reload [FILE]         takes a configuration (JSON); only what differs is touched. Without FILE, that of the lab

            Example:
              lab control london drain
              lab control london announce 203.0.113.0/24 --community 65010:70
              lab control eurocore-fra prepend 2 --peer london
              lab control eurocore-fra shut london --message "back at noon"
            """)

    /// What can be said.
    enum Verb: String, CaseIterable, ExpressibleByArgument {
        case announce, withdraw, prepend, med, communities
        case localPreference = "local-preference"
        case drain, undrain, refresh, shut, unshut, reload
    }

    @OptionGroup var lab: LabOption
    @Argument(help: "The node.")
    var node: String
    @Argument(help: "What to do.")
    var verb: Verb
    @Argument(help: "Prefix, number, communities, peer or file.")
    var values: [String] = []
    @Option(help: "A neighbor, by name or address.")
    var peer: String?
    @Option(help: "A community that goes along with a prefix. May be given again.")
    var community: [String] = []
    @Option(help: "A large community that goes along with a prefix. May be given again.")
    var largeCommunity: [String] = []
    @Option(help: "The MED that goes along with a prefix.")
    var med: Int?
    @Option(help: "What the peer's operator reads (RFC 9003).")
    var message: String?
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        let counts: ClosedRange<Int> =
            switch verb {
            case .announce, .withdraw, .prepend, .med, .localPreference, .shut, .unshut: 1...1
            case .communities: 0...Int.max
            case .drain, .undrain, .refresh: 0...0
            case .reload: 0...1
            }
        guard counts.contains(values.count) else {
            throw ValidationError(
                "\(verb.rawValue) takes \(counts.upperBound == 0 ? "no value" : "one value"), not \(values.count)")
        }
        let isAnnouncement = verb == .announce
        guard isAnnouncement || (community.isEmpty && largeCommunity.isEmpty && med == nil) else {
            throw ValidationError("--community, --large-community and --med go with announce")
        }
        guard verb == .shut || message == nil else { throw ValidationError("--message goes with shut") }
        guard peer == nil || ![.announce, .withdraw, .shut, .unshut, .reload].contains(verb) else {
            throw ValidationError("\(verb.rawValue) takes no --peer")
        }
    }

    func run() throws {
        let lab = try RunningLab(lab.name)
        let node = try lab.node(node)
        let command = JSON.object(try members())
        let answer: JSON
        do {
            answer = try lab.connect().request([
                .init("do", "control"), .init("target", .string(node.name)), .init("command", command),
            ])
        } catch let error as RequestError {
            throw Failure(.badInput, "\(node.name): \(error)")
        }
        if json {
            return Console.print(
                .object([.init("lab", .string(lab.name)), .init("node", .string(node.name))] + (answer.members ?? [])))
        }
        for change in answer["changes"]?.array ?? [] { print(change.string ?? "") }
        for session in answer["reset"]?.array ?? [] { print("reset: \(session.string ?? "")") }
        if answer["changes"]?.array?.isEmpty == true { print("nothing changed") }
    }

    /// The command as the speaker reads it.
    private func members() throws -> [JSON.Member] {
        let name = verb == .localPreference ? "local_preference" : verb.rawValue
        var members: [JSON.Member] = [.init("do", .string(name))]
        if let peer { members.append(.init("peer", .string(peer))) }
        switch verb {
        case .announce:
            members.append(.init("prefix", .string(values[0])))
            members.append(.init("communities", .array(community.map { .string($0) })))
            members.append(.init("large_communities", .array(largeCommunity.map { .string($0) })))
            if let med { members.append(.init("med", .int(med))) }
        case .withdraw: members.append(.init("prefix", .string(values[0])))
        case .prepend: members.append(.init("count", try number()))
        case .med, .localPreference:
            if values[0] != "none" { members.append(.init("value", try number())) }
        case .communities: members.append(.init("communities", .array(values.map { .string($0) })))
        case .shut, .unshut:
            members.append(.init("peer", .string(values[0])))
            if let message { members.append(.init("message", .string(message))) }
        case .reload:
            if let file = values.first { members.append(.init("configuration", try Self.configuration(file))) }
        case .drain, .undrain, .refresh: break
        }
        return members
    }

    private func number() throws -> JSON {
        guard let number = Int(values[0]) else {
            throw Failure(.badInput, "\(verb.rawValue): '\(values[0])' is not a number")
        }
        return .int(number)
    }

    private static func configuration(_ file: String) throws -> JSON {
        do {
            return try JSON(parsing: try Files.read(file))
        } catch let error as SystemError {
            throw Failure(.badInput, "\(file) cannot be read: \(error.reason)")
        } catch {
            throw Failure(.badInput, "\(file): \(error)")
        }
    }
}
