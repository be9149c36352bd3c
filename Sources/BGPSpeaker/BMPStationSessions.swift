import BGPSession
import BGPWire
import BMPWire
import Net

/// Sessions as a BMP station is told of them.
extension BMPStation {
    /// A session is up. Of a new one all is told as it happens; else its tables follow.
    func established(_ neighbour: Neighbour, isNew: Bool) {
        guard isConnected, let up = BMPPeerUp(neighbour), known.insert(neighbour.id).inserted else { return }
        send(.peerUp(peer(neighbour, .adjRIBInBeforePolicy), now, up))
        guard !isNew else { return }
        let views: [(BMPConfiguration.View, BMPPeer.Table)] = [
            (.prePolicy, .adjRIBInBeforePolicy), (.postPolicy, .adjRIBInAfterPolicy), (.adjRIBOut, .adjRIBOut),
        ]
        for (view, table) in views where configuration.views.contains(view) {
            walks.append(Walk(view: table, neighbour: neighbour))
        }
    }

    /// A session has ended: with it goes all that the station was told of it.
    func ended(_ neighbour: Neighbour, _ reason: SessionEnd) {
        guard known.remove(neighbour.id) != nil else { return }
        walks.removeAll { $0.neighbour === neighbour }
        send(.peerDown(peer(neighbour, .adjRIBInBeforePolicy), now, BMPPeerDown(reason)))
    }

    /// How the neighbour is named in messages about one of its tables.
    func peer(_ neighbour: Neighbour, _ table: BMPPeer.Table) -> BMPPeer {
        BMPPeer(
            table, address: neighbour.configuration.address, asn: neighbour.configuration.asn,
            identifier: neighbour.negotiated?.identifier ?? .any,
            isTwoOctetASN: neighbour.negotiated?.isFourOctetASN == false)
    }

    var locRIB: BMPPeer {
        let own = speaker.configuration
        return BMPPeer(.locRIB, address: .v4(.any), asn: own.asn, identifier: own.identifier)
    }

    /// An OPEN of ours for the Loc-RIB, which has no session (RFC 9069, section 5.2).
    var locRIBUp: BMPPeerUp {
        let own = speaker.configuration
        let open = OpenMessage(
            asn: own.asn, holdTime: 0, identifier: own.identifier,
            capabilities: own.families.elements.map { .multiprotocol(FamilyIdentifier($0)) } + [.fourOctetASN(own.asn)])
        var message: [UInt8] = []
        open.encode(to: &message)
        return BMPPeerUp(
            localAddress: .v4(.any), localPort: 0, remotePort: 0, sentOpen: message, receivedOpen: message)
    }
}

extension BMPPeerUp {
    /// Nil when there is no connection any more.
    fileprivate init?(_ neighbour: Neighbour) {
        guard let connection = neighbour.connection(neighbour.establishedOn), let ports = connection.ports,
            let received = neighbour.receivedOpen
        else { return nil }
        var sent: [UInt8] = []
        neighbour.ownOpen.encode(to: &sent)
        self.init(
            localAddress: neighbour.configuration.localAddress, localPort: ports.local, remotePort: ports.remote,
            sentOpen: sent, receivedOpen: BGPMessages.whole(.open, received))
    }
}

extension BMPPeerDown {
    fileprivate init(_ reason: SessionEnd) {
        func encoded(_ message: NotificationMessage) -> [UInt8] {
            var octets: [UInt8] = []
            message.encode(to: &octets)
            return octets
        }
        switch reason {
        case .sent(let message): self = .localNotification(encoded(message))
        case .received(let message): self = .remoteNotification(encoded(message))
        case .connectionClosed: self = .remoteClosed
        // AutomaticStop.
        case .stopped: self = .localEvent(8)
        }
    }
}
