public import LabModel
public import Net
public import Sys

/// What became of one TCP connection that a client holds.
public struct HeldFlow: Hashable, Sendable {
    /// How a connection ends that nobody wanted to end.
    public enum End: String, Hashable, Sendable {
        /// Its packets reached somebody who does not know it, or whose process is no more (RST).
        case reset
        /// The other side closed it (FIN).
        case closed
        /// Nobody answered it for ``HeldFlows/patience``.
        case silent
        /// It could not be made: nobody listens (RST to its SYN).
        case refused
        /// There is no way to the address.
        case unreachable
    }

    /// Who holds it.
    public let client: Node
    /// The service's address.
    public let address: IPAddress
    /// The site that it was made to, by the name that it gave; nil when nobody answered.
    public internal(set) var site: String?
    /// How it ended; nil while it lives.
    public internal(set) var end: End?
    /// When it ended.
    public internal(set) var endedAt: Nanoseconds = 0
    /// The site that answered a new connection afterwards; nil when nobody did.
    public internal(set) var nextSite: String?
    /// Whether the client saw its SYN answered.
    var wasMade = false
    /// Whether a router on the way shares out single packets.
    var isSpread = false
    /// When the last question that was answered had been sent; 0 before the first.
    var lastAnswered: Nanoseconds = 0
    /// Whether the connection that followed its end was answered, or ended as well.
    var isFollowed = false

    init(client: Node, address: IPAddress) {
        (self.client, self.address) = (client, address)
    }

    /// Whether it could be made, which is more than a SYN that was answered: so was a question. Where single packets are shared out the
    /// SYN is enough, for it is in the nature of such a way that the next packet breaks the connection.
    var couldBeMade: Bool { end == nil || lastAnswered > 0 || (isSpread && wasMade) }

    /// Why it ended, in words; nil while it lives.
    public var reason: String? {
        guard let end else { return nil }
        let now = nextSite.map { "packets reach \($0) now" } ?? "nobody answers now"
        switch end {
        case .reset where isSpread:
            return "RST: a router shares out single packets, and one reached a server that does not know the connection"
        case .reset where nextSite != nil && nextSite != site:
            return "RST: \(now), which does not know the connection"
        case .reset: return "RST by its own site, where a new process does not know the connection"
        case .closed: return "FIN: the server closed it; \(now)"
        case .silent: return "no answer in \(HeldFlows.patience.asDuration); \(now)"
        case .refused: return "refused: nobody listens"
        case .unreachable: return "no way to the address; \(now)"
        }
    }
}
