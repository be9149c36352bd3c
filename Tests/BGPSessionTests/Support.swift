import BGPSession
import BGPWire
import Net

let millisecond: UInt64 = 1_000_000
let second: UInt64 = 1_000_000_000

func v4(_ text: String) -> IPv4Address {
    guard let address = IPv4Address(text) else { preconditionFailure("not an address: \(text)") }
    return address
}

extension SessionConfiguration {
    static func sample(
        local: UInt32 = 65001, remote: UInt32 = 65002, identifier: String = "10.0.0.1",
        families: AddressFamilies = [.ipv4, .ipv6], holdTime: UInt16 = 9, isPassive: Bool = false
    ) -> SessionConfiguration {
        SessionConfiguration(
            localASN: ASN(local), remoteASN: ASN(remote), identifier: v4(identifier), families: families,
            holdTime: holdTime,
            connectRetryTime: 250 * millisecond, isPassive: isPassive)
    }
}

/// The OPEN of a neighbour of ``SessionConfiguration/sample``.
func peerOpen(identifier: String = "10.0.0.2", holdTime: UInt16 = 90, asn: UInt32 = 65002) -> OpenMessage {
    SessionConfiguration.sample(local: asn, remote: 65001, identifier: identifier, holdTime: holdTime).open
}

extension Session {
    /// A session brought to a state on its outgoing connection, at time 0.
    static func outgoing(
        _ state: SessionState, _ configuration: SessionConfiguration = .sample(), peer: OpenMessage = peerOpen()
    ) -> Session {
        var session = Session(configuration: configuration, seed: 1)
        if state == .idle { return session }
        _ = session.handle(.manualStart, now: 0)
        if state == .connect { return session }
        if state == .active {
            _ = session.handle(.connectionFailed(.outgoing), now: 0)
            return session
        }
        _ = session.handle(.connected, now: 0)
        if state == .openSent { return session }
        _ = session.handle(.received(.open(peer), .outgoing), now: 0)
        if state == .openConfirm { return session }
        _ = session.handle(.received(.keepalive, .outgoing), now: 0)
        return session
    }
}

extension NotificationMessage {
    static var shutdown: NotificationMessage { NotificationMessage(.administrativeShutdown) }
}
