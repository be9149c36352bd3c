import BGPSession
import BGPTable
import BGPWire
import Net
import Sys

/// The most prefixes of a family that a neighbour may announce; nil for any number.
struct PrefixLimits: Equatable {
    var ipv4: Int?
    var ipv6: Int?

    subscript(family: AddressFamily) -> Int? { family == .ipv4 ? ipv4 : ipv6 }
}

/// The Established state: what comes in.
extension Neighbour {
    /// Gives an UPDATE to the table. Throws the Cease of RFC 4486 when the neighbour announces more than it may.
    func apply(_ update: UpdateMessage) throws(NotificationMessage) {
        guard negotiated != nil else { return }
        received += 1
        speaker.hasChanged = true
        if update.treatedAsWithdraw != nil { treatedAsWithdraw += 1 }
        let now = UInt64(Clock.monotonic())
        withdraw(update.withdrawn, update.withdrawnPaths, now)
        for announcement in update.announcements {
            guard let family = announcement.prefixes.first?.family else { continue }
            count(family) {
                $0.announce(
                    announcement.prefixes, paths: announcement.paths, with: announcement.attributes, from: id, at: now)
            }
            refreshed[family]?.formUnion(
                announcement.prefixes.indices.map {
                    RouteKey(announcement.prefixes[$0], path: announcement.paths[$0])
                })
            try checkLimit(family)
        }
        if let family = update.endOfRIB { receiveEndOfRIB(family) }
    }

    private func withdraw(_ prefixes: [IPPrefix], _ paths: PathIdentifiers, _ now: UInt64) {
        guard !prefixes.isEmpty else { return }
        if configuration.prefixLimits == PrefixLimits() {
            return speaker.table.withdraw(prefixes, paths: paths, from: id, at: now)
        }
        for family in AddressFamily.allCases {
            let ofFamily = prefixes.indices.filter { prefixes[$0].family == family }
            guard !ofFamily.isEmpty else { continue }
            let identifiers = PathIdentifiers(ofFamily.map { paths[$0] })
            count(family) { $0.withdraw(ofFamily.map { prefixes[$0] }, paths: identifiers, from: id, at: now) }
        }
    }

    // MARK: Maximum prefixes (RFC 4271, section 6.7; RFC 4486)

    /// Changes the table in routes of one family. The table counts the neighbour's prefixes of both together; what the count
    /// changes by belongs to the family.
    private func count(_ family: AddressFamily, _ change: (inout Table) -> Void) {
        let before = speaker.table.receivedCount(from: id)
        change(&speaker.table)
        let difference = speaker.table.receivedCount(from: id) - before
        if family == .ipv4 { receivedIPv4 += difference } else { receivedIPv6 += difference }
    }

    /// Counts anew: without a limit, withdrawals are not told apart by family.
    func recountPrefixes() {
        (receivedIPv4, receivedIPv6) = (0, 0)
        for prefix in speaker.table.knownPrefixes
        where speaker.table.routes(to: prefix).contains(where: { $0.peer == id }) {
            if prefix.family == .ipv4 { receivedIPv4 += 1 } else { receivedIPv6 += 1 }
        }
    }

    /// The data names the family and the limit: AFI (2 octets), SAFI (1), prefix upper bound (4) (RFC 4486, section 4).
    private func checkLimit(_ family: AddressFamily) throws(NotificationMessage) {
        guard let limit = configuration.prefixLimits[family] else { return }
        guard (family == .ipv4 ? receivedIPv4 : receivedIPv6) > limit else { return }
        let identifier = FamilyIdentifier(family)
        let data =
            [identifier.afi >> 8, identifier.afi & 255].map { UInt8(truncatingIfNeeded: $0) } + [identifier.safi]
            + stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: limit >> $0) }
        throw NotificationMessage(.maximumNumberOfPrefixesReached, data: data)
    }

    // MARK: Refresh (RFC 2918, RFC 7313)

    /// Takes a request to send a family again, or the beginning or the end of what we asked for ourselves.
    func receive(_ message: RouteRefreshMessage) {
        guard let negotiated, let family = message.family.family, negotiated.families.contains(family) else { return }
        speaker.hasChanged = true
        switch message.subtype {
        case RouteRefreshMessage.request:
            refreshRequested.insert(AddressFamilies(family))
        case RouteRefreshMessage.beginning:
            // RFC 7313, section 4: End-of-RIB and the end of a refresh are not to be taken for each other.
            if negotiated.gracefulRestart != nil, !endOfRIBReceived.contains(family) {
                return log("a refresh of \(family.rawValue) begins before the End-of-RIB: ignored")
            }
            refreshed[family] = []
        case RouteRefreshMessage.end:
            guard let fresh = refreshed.removeValue(forKey: family) else { return }
            count(family) { $0.withdraw(family, from: id, except: fresh) }
        default:
            log("ROUTE-REFRESH of unknown subtype \(message.subtype): ignored")
        }
    }

    func log(_ text: String) { Diagnostics.write("\(configuration.name) \(configuration.address): \(text)") }
}

/// What an operator needs to find out who is wrong about an attribute: the routes, and the whole body of the UPDATE (RFC 7606,
/// section 6, which wants both logged).
func report(_ fault: AttributeFault, _ withdrawn: [IPPrefix], _ body: RawSpan) -> String {
    var octets = ""
    body.withUnsafeBytes { bytes in
        for octet in bytes { octets += (octet < 16 ? "0" : "") + String(octet, radix: 16) }
    }
    return "attribute \(fault.type) wrong (\(fault.reason)), "
        + "withdrawn: \(withdrawn.map(\.description).joined(separator: " ")), UPDATE: \(octets)"
}
