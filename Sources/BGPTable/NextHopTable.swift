public import Net

/// How packets for a next hop leave this router: the result of the recursive lookup of RFC 4271, section 5.1.3.
public struct NextHopResolution: Hashable, Sendable {
    /// The interior distance to the next hop (RFC 4271, section 9.1.2.2 e); 0 when it is on a connected link.
    public var metric: UInt32
    /// The neighbour on a link to which packets are handed; nil if the next hop is itself on a link of ours.
    public var gateway: IPAddress?
    /// The index of the interface through which they leave.
    public var interfaceIndex: UInt32

    /// Makes a resolution.
    public init(metric: UInt32, gateway: IPAddress? = nil, interfaceIndex: UInt32 = 0) {
        self.metric = metric
        self.gateway = gateway
        self.interfaceIndex = interfaceIndex
    }
}

extension IPAddress {
    /// Whether it means something on one link only.
    var isLinkLocal: Bool {
        if case .v6(let address) = self { address.isLinkLocal } else { false }
    }
}

/// What the table asks of the one who knows the routes to next hops.
public enum NextHopRequest: Hashable, Sendable {
    /// Say with `Table.nextHopChanged` how this address is reached, now and whenever that changes.
    case track(IPAddress)
    /// No route uses this address any more.
    case forget(IPAddress)
    /// The same of a link-local address: it is one on the link to the neighbour that named it.
    case trackOnLink(IPAddress, of: PeerID)
    /// No route of the neighbour uses this link-local address any more.
    case forgetOnLink(IPAddress, of: PeerID)
}

/// The next hops in use, each with its resolution. Next hop 0 is none: that of a route of our own.
struct NextHopTable {
    private struct Key: Hashable {
        var address: IPAddress
        /// The neighbour on whose link a link-local address is; nil for others.
        var peer: PeerID?
    }

    private struct Tracked {
        var key: Key
        var references: UInt32
        var resolution: NextHopResolution?
    }

    private var tracked: [Tracked] = []
    private var free: [UInt32] = []
    private var numbers: [Key: UInt32] = [:]
    private(set) var requests: [NextHopRequest] = []

    /// How a next hop is reached; nil if it is not.
    func resolution(_ number: UInt32) -> NextHopResolution? {
        number == 0 ? NextHopResolution(metric: 0) : tracked[Int(number) - 1].resolution
    }

    func number(of address: IPAddress, onLinkOf peer: PeerID?) -> UInt32? {
        numbers[Key(address: address, peer: peer)]
    }

    /// Counts one more user of an address that `peer` named; asks for its resolution if it is the first.
    mutating func retain(_ address: IPAddress, from peer: PeerID) -> UInt32 {
        let key = Key(address: address, peer: address.isLinkLocal ? peer : nil)
        if let number = numbers[key] {
            tracked[Int(number) - 1].references += 1
            return number
        }
        requests.append(key.peer.map { .trackOnLink(address, of: $0) } ?? .track(address))
        let entry = Tracked(key: key, references: 1, resolution: nil)
        let number: UInt32
        if let reused = free.popLast() {
            number = reused
            tracked[Int(number) - 1] = entry
        } else {
            tracked.append(entry)
            number = UInt32(tracked.count)
        }
        numbers[key] = number
        return number
    }

    mutating func release(_ number: UInt32) {
        guard number != 0 else { return }
        let index = Int(number) - 1
        tracked[index].references -= 1
        guard tracked[index].references == 0 else { return }
        let key = tracked[index].key
        requests.append(key.peer.map { .forgetOnLink(key.address, of: $0) } ?? .forget(key.address))
        numbers[key] = nil
        free.append(number)
    }

    mutating func setResolution(_ number: UInt32, _ resolution: NextHopResolution?) {
        tracked[Int(number) - 1].resolution = resolution
    }

    mutating func takeRequests() -> [NextHopRequest] {
        defer { requests = [] }
        return requests
    }
}
