import BGPTable
import BGPWire
import JSON
import Net
import Sys

/// What an operator says to a speaker that runs. None of it ends a session but `shut`, and `reload` where it must:
///
///     {"do":"announce","prefix":"203.0.113.0/24","communities":["65010:1"],"large_communities":[...],"med":7}
///     {"do":"withdraw","prefix":"203.0.113.0/24"}
///     {"do":"prepend","count":2,"peer":"eurocore-fra"}                what is announced to the peer, as `export` has it
///     {"do":"med","value":7,"peer":...}                               a value that is left out means none
///     {"do":"communities","communities":["65010:1"],"peer":...}       in place of those that were added before
///     {"do":"local_preference","value":70,"peer":...}                 of what the peer announces
///     {"do":"drain","peer":...}    {"do":"undrain","peer":...}        GRACEFUL_SHUTDOWN both ways (RFC 8326)
///     {"do":"refresh","peer":...}                                     asks for the peer's routes again (RFC 2918)
///     {"do":"shut","peer":"10.1.128.0","message":"maintenance"}       {"do":"unshut","peer":"10.1.128.0"}
///     {"do":"reload"}                                                 reads the configuration's file again; or takes
///     {"do":"reload","configuration":{...}}                           the place of it
///
/// A peer is the name or the address of a neighbour. Without one the command is for all neighbours that it makes sense for: those
/// in other ASes, and for `refresh` those whose session is up. `shut` names its peer. The answer says what was changed and which
/// sessions were reset: {"changes":["eurocore-fra 10.1.128.0: export"],"reset":[]}; for `refresh`, `shut` and `unshut` also which
/// neighbours were meant. Changes live as long as the process.
struct ControlCommands {
    let speaker: Speaker
    /// Reads the configuration's file again. Nil where there is none.
    var readConfiguration: (() throws -> SpeakerConfiguration)?

    static let verbs: Set<String> = [
        "announce", "withdraw", "prepend", "med", "communities", "local_preference", "drain", "undrain", "refresh",
        "shut", "unshut", "reload",
    ]

    /// Follows a command; answers the members of the reply.
    func follow(_ verb: String, _ command: JSON) throws(CommandError) -> [JSON.Member] {
        do throws(ConfigurationError) {
            switch verb {
            case "shut", "unshut", "refresh": return try administer(verb, command)
            case "reload": return try reload(command)
            default:
                var new = speaker.configuration
                try change(&new, verb, command)
                return try reconfigure(new)
            }
        } catch {
            throw CommandError(reason: error.description)
        }
    }

    private func reconfigure(_ new: SpeakerConfiguration) throws(ConfigurationError) -> [JSON.Member] {
        do throws(CommandError) {
            return try speaker.reconfigure(new).members
        } catch {
            throw ConfigurationError(description: error.reason)
        }
    }

    // MARK: Changes of the configuration

    private func change(
        _ configuration: inout SpeakerConfiguration, _ verb: String, _ command: JSON
    ) throws(ConfigurationError) {
        func fields(_ keys: [String]) throws(ConfigurationError) -> ConfigurationFields {
            try ConfigurationFields(command, "", keys: ["do", "id"] + keys)
        }
        switch verb {
        case "announce":
            let route = try OriginatedRoute(fields(["prefix", "communities", "large_communities", "med"]))
            configuration.originated.removeAll { $0.prefix == route.prefix }
            configuration.originated.append(route)
        case "withdraw":
            let prefix: IPPrefix = try fields(["prefix"]).text("prefix", "a prefix, like 192.0.2.0/24,")
            guard configuration.originated.contains(where: { $0.prefix == prefix }) else {
                throw ConfigurationError(description: "prefix: \(prefix) is not announced here")
            }
            configuration.originated.removeAll { $0.prefix == prefix }
        case "prepend":
            let fields = try fields(["peer", "count"])
            guard let count = try fields.uint8("count") else {
                throw fields.error("count", "missing: a number of 0 to 255 expected")
            }
            try forPeers(&configuration, fields) { $0.exports.options.prepend = count }
        case "med":
            let fields = try fields(["peer", "value"])
            let value = try fields.uint32("value")
            try forPeers(&configuration, fields) { $0.exports.options.multiExitDiscriminator = value }
        case "communities":
            let fields = try fields(["peer", "communities"])
            let communities = try fields.communities("communities")
            try forPeers(&configuration, fields) { $0.exports.options.communities = communities }
        case "local_preference":
            let fields = try fields(["peer", "value"])
            let value = try fields.uint32("value")
            try forPeers(&configuration, fields) { $0.imports.options.localPreference = value }
        default:
            try forPeers(&configuration, try fields(["peer"])) { $0.isShuttingDown = verb == "drain" }
        }
    }

    /// Changes the neighbours in other ASes that `peer` names, or all of them.
    private func forPeers(
        _ configuration: inout SpeakerConfiguration, _ fields: ConfigurationFields,
        _ change: (inout NeighbourConfiguration) -> Void
    ) throws(ConfigurationError) {
        let named = try peers(fields)
        for index in configuration.neighbours.indices {
            let neighbour = configuration.neighbours[index]
            if let named, !named.contains(where: { $0.configuration.address == neighbour.address }) { continue }
            guard neighbour.relation != .internal else {
                if named == nil { continue }
                throw fields.error("peer", "\(neighbour.name) is of the same AS; this is for other ASes")
            }
            change(&configuration.neighbours[index])
        }
    }

    /// The neighbours that `peer` names; nil when it is left out.
    private func peers(_ fields: ConfigurationFields) throws(ConfigurationError) -> [Neighbour]? {
        guard fields["peer"] != nil else { return nil }
        let name = try fields.string("peer")
        let found = speaker.neighbours.filter {
            $0.configuration.name == name || $0.configuration.address.description == name
        }
        guard found.isEmpty else { return found }
        let known = speaker.neighbours.map(\.configuration.name).reduce(into: [String]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        throw fields.error("peer", "no neighbor '\(name)'; there are \(known.joined(separator: ", "))")
    }

    // MARK: The rest

    /// `peer` and `state` of the reply are those of the first neighbour.
    private func administer(_ verb: String, _ command: JSON) throws(ConfigurationError) -> [JSON.Member] {
        let keys = verb == "shut" ? ["peer", "message"] : ["peer"]
        let fields = try ConfigurationFields(command, "", keys: ["do", "id"] + keys)
        let named = try peers(fields)
        if verb != "refresh", named == nil {
            throw fields.error("peer", "missing: a neighbor's name or address expected")
        }
        let message = fields["message"] == nil ? "" : try fields.string("message")
        let meant = named ?? speaker.neighbours.filter { $0.negotiated != nil }
        do throws(CommandError) {
            for neighbour in meant {
                switch verb {
                case "shut": try neighbour.shut(message)
                case "unshut": neighbour.unshut()
                default: try neighbour.requestRefresh()
                }
            }
        } catch {
            throw ConfigurationError(description: error.reason)
        }
        var members: [JSON.Member] = []
        if let first = meant.first {
            members.append(.init("peer", .string(first.configuration.address.description)))
            members.append(.init("state", .string(first.stateName)))
        }
        members.append(.init("peers", .array(meant.map { .string($0.configuration.address.description) })))
        let changes = meant.map { "\($0.configuration.label): \(verb)" }
        return members + Reconfiguration(changes: changes).members
    }

    private func reload(_ command: JSON) throws(ConfigurationError) -> [JSON.Member] {
        let fields = try ConfigurationFields(command, "", keys: ["do", "id", "configuration"])
        let new: SpeakerConfiguration
        if let json = fields["configuration"] {
            new = try SpeakerConfiguration(json)
        } else if let readConfiguration {
            do {
                new = try readConfiguration()
            } catch {
                throw ConfigurationError(description: "\(error); nothing was changed")
            }
        } else {
            throw fields.error("configuration", "missing: an object expected")
        }
        return try reconfigure(new)
    }
}
