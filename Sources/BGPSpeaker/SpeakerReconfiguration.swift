import BGPSession
import BGPTable
import BGPWire
import JSON
import Net
import Sys

/// What a change of the configuration has done.
struct Reconfiguration: Equatable {
    /// Each thing that has changed, in words.
    var changes: [String] = []
    /// The sessions that it ended, because what they had agreed on has changed.
    var reset: [String] = []

    /// The members of an answer.
    var members: [JSON.Member] {
        [
            .init("changes", .array(changes.map { .string($0) })), .init("reset", .array(reset.map { .string($0) })),
        ]
    }
}

/// A new configuration takes the place of the old one while sessions live: only what differs is touched. Every command that
/// changes something is such a change, so there is one way for all of them.
///
/// - Routing policy, prefixes, decision, damping, MinRouteAdvertisementInterval, maximum prefixes and names change in place. The table
///   imports what it has again and sends what comes out different; nobody is asked for anything.
/// - BFD starts, stops or begins anew, without a word to BGP.
/// - What the OPEN message says, how a session is protected, and the table's idea of a neighbour cannot change under a session:
///   it ends with Cease, Other Configuration Change (RFC 4486), and begins again.
/// - AS number, BGP Identifier, the use of the kernel and who looks on are the speaker's own: it refuses to change them.
extension Speaker {
    /// Changes to a configuration; refuses without having changed anything.
    func reconfigure(_ new: SpeakerConfiguration) throws(CommandError) -> Reconfiguration {
        let old = configuration
        for (key, isSame) in [
            ("asn", old.asn == new.asn), ("router_id", old.identifier == new.identifier),
            ("multipath_hash", old.hashesResiliently == new.hashesResiliently),
            ("kernel", old.writesKernel == new.writesKernel), ("bmp", old.bmp == new.bmp),
            ("mrt", old.messageLog == new.messageLog), ("graceful_restart", old.restart == new.restart),
        ] where !isSame {
            throw CommandError(
                reason: "\(key): cannot change while the speaker runs; start it anew. Nothing was changed")
        }
        var result = Reconfiguration()
        hasChanged = true
        let before = originated
        configuration = new
        changeNeighbours(from: old, &result)
        changeListeners(from: old, &result)
        applyOptions()
        originate(originated, before: before)
        result.changes += originationChanges(from: old)
        if old.decision != new.decision {
            table.setDecision(new.decision)
            result.changes.append("decision")
        }
        if old.damping != new.damping {
            setDamping(new.damping)
            result.changes.append("damping")
        }
        return result
    }

    // MARK: Neighbours

    private func changeNeighbours(from old: SpeakerConfiguration, _ result: inout Reconfiguration) {
        var kept: [IPAddress: Neighbour] = [:]
        var shut: Set<IPAddress> = []
        for neighbour in neighbours {
            let label = neighbour.configuration.label
            let address = neighbour.configuration.address
            guard let new = configuration.neighbours.first(where: { $0.address == address }) else {
                remove(neighbour, .peerDeconfigured)
                result.changes.append("\(label): removed")
                continue
            }
            if neighbour.configuration.needsReset(for: new) {
                if neighbour.negotiated != nil { result.reset.append(label) }
                if neighbour.isShut { shut.insert(address) }
                remove(neighbour, .otherConfigurationChange)
                result.changes.append(
                    "\(label): \(neighbour.configuration.differences(from: new).joined(separator: ", "))")
            } else {
                kept[address] = neighbour
                change(neighbour, new, &result)
            }
        }
        neighbours = configuration.neighbours.map { new in
            if let neighbour = kept[new.address] { return neighbour }
            let neighbour = Neighbour(new, id: table.addPeer(peerConfiguration(new)), speaker: self)
            neighbour.isShut = shut.contains(new.address)
            if !old.neighbours.contains(where: { $0.address == new.address }) {
                result.changes.append("\(new.label): added")
            }
            return neighbour
        }
        for neighbour in neighbours where kept[neighbour.configuration.address] == nil {
            watchPath(of: neighbour)
            if isStarted { neighbour.start() }
        }
    }

    private func remove(_ neighbour: Neighbour, _ reason: NotificationReason) {
        bfd?.remove(neighbour)
        neighbour.handle(.manualStop(NotificationMessage(reason)))
        table.removePeer(neighbour.id)
    }

    private func change(
        _ neighbour: Neighbour, _ new: NeighbourConfiguration, _ result: inout Reconfiguration
    ) {
        let old = neighbour.configuration
        guard old != new else { return }
        neighbour.configuration = new
        if old.bfd != new.bfd {
            bfd?.remove(neighbour)
            watchPath(of: neighbour)
        }
        if old.prefixLimits != new.prefixLimits { neighbour.recountPrefixes() }
        result.changes.append("\(new.label): \(old.differences(from: new).joined(separator: ", "))")
    }

    /// Begins BFD with a neighbour that wants it. Without a socket for it the neighbour goes unwatched, and the log says so.
    private func watchPath(of neighbour: Neighbour) {
        guard neighbour.configuration.bfd != nil else { return }
        do {
            let monitor = bfd ?? BFDMonitor(loop)
            monitor.onChange = monitor.onChange ?? onPath
            bfd = monitor
            try monitor.add(neighbour, isStarted: isStarted)
        } catch {
            Diagnostics.write("BFD with \(neighbour.configuration.label): \(error)")
        }
    }

    // MARK: Listening

    /// A socket that listens carries the keys and the least TTL of all neighbours that connect to it, so another one takes its
    /// place when these change. Connections that were accepted live on.
    private func changeListeners(from old: SpeakerConfiguration, _ result: inout Reconfiguration) {
        func neighbours(_ configuration: SpeakerConfiguration, _ address: IPAddress) -> [ListeningKey] {
            configuration.neighbours.filter { $0.localAddress == address }
                .map { ListeningKey(address: $0.address, protection: $0.protection) }
        }
        let addresses = Set((old.neighbours + configuration.neighbours).map(\.localAddress))
        for address in addresses.sorted() where neighbours(old, address) != neighbours(configuration, address) {
            stopListening(address)
            guard configuration.neighbours.contains(where: { $0.localAddress == address }) else { continue }
            do {
                try listen(address)
            } catch {
                result.changes.append("\(address): cannot listen: \(error)")
            }
        }
    }

    private struct ListeningKey: Equatable {
        var address: IPAddress
        var protection: ConnectionProtection
    }

    // MARK: Prefixes

    private func originationChanges(from old: SpeakerConfiguration) -> [String] {
        let kept = Set(configuration.originated.map(\.prefix))
        return old.originated.filter { !kept.contains($0.prefix) }.map { "withdraw \($0.prefix)" }
            + configuration.originated.filter { !old.originated.contains($0) }.map { "announce \($0.prefix)" }
    }
}

extension Table {
    /// Originates a route of the configuration.
    mutating func originate(_ route: OriginatedRoute) {
        originate(
            route.prefix, communities: route.communities, largeCommunities: route.largeCommunities,
            multiExitDiscriminator: route.multiExitDiscriminator)
    }
}

extension NeighbourConfiguration {
    /// What people call the neighbour: `eurocore-fra 10.1.128.0`.
    var label: String { "\(name) \(address)" }

    /// Whether the session has to end for a change to take effect.
    func needsReset(for new: NeighbourConfiguration) -> Bool {
        var changed = new
        changed.name = name
        changed.imports = imports
        changed.exports = exports
        changed.isShuttingDown = isShuttingDown
        changed.prefixLimits = prefixLimits
        changed.bfd = bfd
        changed.timers.advertisementExternal = timers.advertisementExternal
        changed.timers.advertisementInternal = timers.advertisementInternal
        changed.timers.delaysWithdrawals = timers.delaysWithdrawals
        return changed != self || role != new.role
    }

    /// The keys whose values differ.
    func differences(from new: NeighbourConfiguration) -> [String] {
        [
            ("name", name == new.name), ("local_address", localAddress == new.localAddress), ("asn", asn == new.asn),
            ("interface", interface == new.interface), ("relation", relation == new.relation),
            ("families", families == new.families), ("passive", isPassive == new.isPassive),
            ("cluster_client", isClusterClient == new.isClusterClient),
            ("next_hop_self", nextHopSelf == new.nextHopSelf), ("import", imports == new.imports),
            ("export", exports == new.exports), ("graceful_shutdown", isShuttingDown == new.isShuttingDown),
            ("timers", timers == new.timers), ("role_strict", isRoleStrict == new.isRoleStrict),
            ("max_prefixes", prefixLimits == new.prefixLimits),
            ("md5_password", protection.password == new.protection.password),
            ("ttl_security", protection.securityHops == new.protection.securityHops), ("bfd", bfd == new.bfd),
            ("add_path", paths == new.paths), ("extended_next_hop", isExtendedNextHop == new.isExtendedNextHop),
        ].filter { !$0.1 }.map(\.0)
    }
}
