import BGPSession
import BGPTable
import BGPWire
import Net
import Sys

/// The Established state: what goes out, and what is counted.
extension Neighbour {
    /// Prefixes that are taken out of the table before the socket is looked at again.
    private static let prefixesAtOnce = 4096
    /// Bytes that may wait for the socket before more is taken out of the table.
    private static let mostUnsent = 65536

    func established(_ negotiated: NegotiatedSession, on origin: ConnectionOrigin) {
        self.negotiated = negotiated
        establishedOn = origin
        establishedAt = Clock.monotonic()
        establishedCount += 1
        received = 0
        sent = 0
        digested = 0
        endOfRIBReceived = []
        isEndOfRIBSent = false
        (receivedIPv4, receivedIPv6) = (0, 0)
        (refreshRequested, refreshing, refreshed) = ([], [], [:])
        nextAdvertisement = 0
        speaker.table.peerUp(
            id, identifier: negotiated.identifier, families: negotiated.families, pathFamilies: negotiated.sentPaths,
            isExtendedNextHop: negotiated.isExtendedNextHop)
        cameBack(negotiated)
        speaker.observers?.station?.established(self, isNew: true)
        speaker.sessionChanged(self, reason: "")
    }

    func ended(_ reason: SessionEnd, _ wasEstablished: Bool) {
        if wasEstablished { speaker.observers?.station?.ended(self, reason) }
        let kept = wasEstablished ? familiesToKeep(reason) : []
        let restartTime = negotiated?.gracefulRestart?.restartTime ?? 0
        negotiated = nil
        if wasEstablished {
            leave(keeping: kept, seconds: restartTime)
            advertisementTimer?.cancel()
            advertisementTimer = nil
        }
        // A connection that never got that far and merely closed is what waiting for a neighbour looks like, and a
        // neighbour that refuses does so each time.
        if wasEstablished || (reason != .connectionClosed && reason != lastAttempt) {
            speaker.sessionChanged(self, reason: "\(reason)", wasEstablished: wasEstablished)
        }
        lastAttempt = reason
        // Nor does it tell why there is no session, which the end of the last one does.
        guard wasEstablished || lastEnd == nil || !reason.isRefusal else { return }
        lastEnd = reason
        lastEndAt = Clock.monotonic()
    }

    /// Whether all that is to be sent has been given to the kernel, End-of-RIB included.
    var isQuiet: Bool {
        guard negotiated != nil else { return true }
        return isEndOfRIBSent && refreshRequested.isEmpty && refreshing.isEmpty && !speaker.table.hasUpdates(for: id)
            && connection(establishedOn)?.unsent.isEmpty != false
    }

    /// Whether the neighbour has sent its whole table.
    var isTableComplete: Bool { negotiated.map { $0.families == endOfRIBReceived } ?? false }

    /// Takes what the table has for the neighbour and sends it. Answers whether there is more that the socket would take.
    func sendUpdates() -> Bool {
        guard let negotiated, let connection = connection(establishedOn) else { return false }
        let start = connection.unsent.count
        beginRefresh(negotiated, connection)
        var isMore = false
        if speaker.table.hasUpdates(for: id), connection.unsent.count < Self.mostUnsent {
            let mustWait = isAdvertisementDelayed()
            if !mustWait || !configuration.timers.delaysWithdrawals {
                let updates = speaker.table.takeUpdates(
                    for: id, atMost: mustWait ? .max : Self.prefixesAtOnce, withdrawalsOnly: mustWait)
                send(updates, negotiated, connection)
            }
            isMore = !mustWait && speaker.table.hasUpdates(for: id)
        }
        // What is not decided yet may be part of the table that the neighbour is waiting for.
        if !isEndOfRIBSent, speaker.restart?.isDeferring != true, !speaker.table.needsDecision,
            !speaker.table.hasUpdates(for: id)
        {
            isEndOfRIBSent = true
            for family in negotiated.families.elements {
                encoder(negotiated).endOfRIB(family, to: &connection.unsent)
                count(1)
            }
        }
        endRefresh(negotiated, connection)
        speaker.observers?.sent(self, connection.unsent.dropFirst(start))
        if !connection.unsent.isEmpty { connection.flush() }
        return isMore && connection.unsent.count < Self.mostUnsent
    }

    /// Queues again what the neighbour asked for again. Not before the End-of-RIB (RFC 7313, section 4).
    private func beginRefresh(_ negotiated: NegotiatedSession, _ connection: PeerConnection) {
        guard isEndOfRIBSent, !refreshRequested.isEmpty else { return }
        for family in refreshRequested.elements {
            mark(RouteRefreshMessage.beginning, family, negotiated, connection)
            speaker.table.resend(to: id, family)
        }
        refreshing.formUnion(refreshRequested)
        refreshRequested = []
    }

    /// Says that all of it has been sent.
    private func endRefresh(_ negotiated: NegotiatedSession, _ connection: PeerConnection) {
        guard !refreshing.isEmpty, !speaker.table.hasUpdates(for: id) else { return }
        for family in refreshing.elements { mark(RouteRefreshMessage.end, family, negotiated, connection) }
        refreshing = []
    }

    private func mark(
        _ subtype: UInt8, _ family: AddressFamily, _ negotiated: NegotiatedSession, _ connection: PeerConnection
    ) {
        guard negotiated.isEnhancedRouteRefresh else { return }
        messagesSent[.routeRefresh] += 1
        RouteRefreshMessage(FamilyIdentifier(family), subtype: subtype).encode(to: &connection.unsent)
    }

    private func send(_ updates: OutgoingUpdates, _ negotiated: NegotiatedSession, _ connection: PeerConnection) {
        if !updates.withdrawn.isEmpty {
            count(
                encoder(negotiated).withdraw(
                    updates.withdrawn.span, paths: updates.withdrawnPaths, to: &connection.unsent))
        }
        for group in updates.announced { announce(group, negotiated, connection) }
        let interval = configuration.advertisementInterval
        let isAdvertisement = !updates.announced.isEmpty || configuration.timers.delaysWithdrawals && !updates.isEmpty
        if interval > 0, isEndOfRIBSent, isAdvertisement {
            nextAdvertisement = Clock.monotonic() + Int64.random(in: interval - interval / 4...interval)
        }
    }

    private func announce(
        _ group: OutgoingUpdates.Group, _ negotiated: NegotiatedSession, _ connection: PeerConnection
    ) {
        let prefixes = group.prefixes.span
        do throws(UpdateEncodingError) {
            count(
                try encoder(negotiated).announce(
                    prefixes, paths: group.paths, attributes: group.attributes, to: &connection.unsent))
        } catch {
            // What cannot be said must not stay said in its older form.
            log("\(error), \(prefixes.count) prefixes withdrawn")
            count(encoder(negotiated).withdraw(prefixes, paths: group.paths, to: &connection.unsent))
        }
    }

    /// Whether routes of a family are sent with path identifiers.
    func hasSentPaths(_ family: AddressFamily) -> Bool { negotiated?.sentPaths.contains(family) == true }

    private func encoder(_ negotiated: NegotiatedSession) -> UpdateEncoder {
        UpdateEncoder(
            isFourOctetASN: negotiated.isFourOctetASN, maximumLength: negotiated.maximumLength,
            pathFamilies: negotiated.sentPaths, isTransparent: configuration.exchange == .routeServer)
    }

    private func count(_ messages: Int) {
        sent += messages
        messagesSent[.update] += messages
        speaker.hasChanged = true
        handle(.updateSent)
    }

    /// Whether announcements have to wait for the MinRouteAdvertisementIntervalTimer (RFC 4271, section 9.2.1.1). The whole
    /// table at the beginning does not.
    private func isAdvertisementDelayed() -> Bool {
        guard nextAdvertisement > Clock.monotonic() else { return false }
        if advertisementTimer == nil {
            advertisementTimer = speaker.loop.schedule(at: nextAdvertisement) { [weak self] in
                // The loop does what is left before it sleeps again.
                self?.advertisementTimer = nil
            }
        }
        return true
    }

    // MARK: Counters

    /// All that was received has been worked off.
    func digest() { digested = received }

    /// UPDATE messages received and worked off, and sent, in this session.
    var counters: (received: Int, sent: Int) { negotiated == nil ? (0, 0) : (digested, sent) }
}

extension SessionEnd {
    /// The neighbour takes no connection at present, and has not said more (RFC 4486, section 4).
    fileprivate var isRefusal: Bool {
        switch self {
        case .connectionClosed: true
        case .received(let message): message.reason == .connectionRejected
        case .sent, .stopped: false
        }
    }
}
