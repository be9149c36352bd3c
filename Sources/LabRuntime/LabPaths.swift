/// Where a lab's state lives.
public struct LabPaths: Hashable, Sendable {
    /// Where `ip netns` looks for namespaces.
    public static let namespaces = "/run/netns"
    /// Where `ip netns exec` looks for files to lay over those of `/etc`.
    public static let overlays = "/etc/netns"

    /// The lab's name.
    public let name: String
    /// Whose it is.
    public let place: LabPlace

    /// The paths of a lab.
    public init(_ name: String, in place: LabPlace = .current) {
        self.name = name
        self.place = place
    }

    /// The lab's own folder; everything below it is the lab's.
    public var directory: String { "\(place.registry)/\(name)" }
    /// Locked by the supervisor as long as it lives: the kernel knows whether a lab runs, and who runs it.
    public var lock: String { directory + "/lock" }
    /// What was made outside the folder.
    public var journal: String { directory + "/journal" }
    /// The lab as JSON, with the link backend.
    public var lab: String { directory + "/lab.json" }
    /// The supervisor's Unix socket.
    public var control: String { directory + "/control" }
    /// What happened, a JSON object a line.
    public var events: String { directory + "/events" }
    /// What `ip netns exec` lays over `/etc` in every node.
    public var overlay: String { directory + "/etc" }

    /// A daemon's configuration.
    public func configuration(_ daemon: String) -> String { "\(directory)/config/\(daemon).json" }
    /// The folder of the daemons' logs.
    public var logs: String { directory + "/log" }
    /// A daemon's log.
    public func log(_ daemon: String) -> String { "\(logs)/\(daemon).log" }
    /// What came before in a log that became too long.
    public static func olderLog(_ log: String) -> String { log + ".1" }
    /// The folder that a router's daemon of others has for its `/run`.
    public func run(_ node: String) -> String { "\(directory)/run/\(node)" }
    /// The folder where namespaces are pinned; in an ordinary user's lab, nobody outside sees what is mounted in it.
    public var namespaces: String { place == .machine ? Self.namespaces : directory + "/netns" }
    /// Where a node's namespace is pinned.
    public func namespace(_ node: String) -> String {
        place == .machine ? "\(Self.namespaces)/\(name).\(node)" : "\(namespaces)/\(node)"
    }
    /// The link through which `ip netns exec` finds ``overlay``; nil where `ip netns` does not see the namespaces either.
    public func overlayLink(_ node: String) -> String? {
        place == .machine ? "\(Self.overlays)/\(name).\(node)" : nil
    }
}
