import JSON
import Net

/// How one daemon is started, asked and told: all that differs from daemon to daemon. Dialects do no I/O.
protocol Dialect {
    /// The processes, in the order in which they start.
    var processes: [DaemonProcess] { get }
    /// The commands whose answers ``sessions(_:)`` reads.
    var sessionQuestions: [[String]] { get }
    /// The commands whose answers ``routes(_:)`` reads.
    var routeQuestions: [[String]] { get }
    /// Whether the routes have to be asked for at every look, since the daemon does not write them into the kernel.
    var writesKernel: Bool { get }
    /// The sessions that the daemon has. Throws ``AdapterError``, or what the JSON reader does.
    func sessions(_ answers: [String]) throws -> [SessionState]
    /// The routes that the daemon knows. Throws as ``sessions(_:)``.
    func routes(_ answers: [String]) throws -> [KnownRoute]
    /// The commands that announce the router's own prefixes, or withdraw them.
    func originate(_ isOn: Bool) -> [[String]]
    /// The command that lets an idle session be tried at once, for daemons that wait much longer than other speakers.
    func hurry(_ peer: IPAddress) -> [String]?
    /// Whether the daemon has to be told by commands what to announce, each time that it starts.
    var originatesByCommand: Bool { get }
}

/// A process of a daemon.
struct DaemonProcess {
    /// What `status` calls it.
    let name: String
    let path: String
    let arguments: [String]
    /// The socket that the next process needs; nil when nothing waits for it.
    var socket: String?
    /// The account that has to be able to write into the daemon's folders.
    var account: String?
    /// The folders that it wants to find, below its `/run`.
    var folders: [String] = []
}

/// What a daemon says of one of its sessions.
struct SessionState: Hashable {
    let peer: IPAddress
    /// As RFC 4271 names it.
    let state: String
    /// What was received and sent since the session was established, in the daemon's own count: UPDATE messages with FRR,
    /// GoBGP and OpenBGPD, announced and withdrawn prefixes with BIRD.
    let received: Int
    let sent: Int

    var isEstablished: Bool { state == "Established" }

    /// What changes only when something happens: not between one attempt to connect and the next.
    var fingerprint: Fingerprint {
        Fingerprint(peer: peer, isEstablished: isEstablished, received: received, sent: sent)
    }

    struct Fingerprint: Hashable {
        let peer: IPAddress
        let isEstablished: Bool
        let received: Int
        let sent: Int
    }
}

extension Dialect {
    func hurry(_ peer: IPAddress) -> [String]? { nil }
}

/// A route that a daemon knows.
struct KnownRoute: Hashable {
    var prefix: IPPrefix
    var isBest: Bool
    var asPath: [UInt32] = []
    var nextHop: IPAddress?
    /// Who announced it; nil for the router's own.
    var peer: IPAddress?
    var localPreference: Int?
    var multiExitDiscriminator: Int?
}
