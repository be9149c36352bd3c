import CMnl
import Net

/// Something that the kernel is asked to do: a value that says itself as one netlink message and in words.
public protocol NetlinkRequest: Sendable {
    /// What is asked for, as an error names it: `delete link uplink`.
    var summary: String { get }

    /// Writes the message.
    func encode(into writer: inout MessageWriter)
}

extension NetlinkRequest {
    /// The message as bytes; nil when it does not fit into 64 KiB.
    public func bytes(sequence: UInt32 = 0) -> [UInt8]? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        guard var writer = MessageWriter(buffer, sequence: sequence) else { return nil }
        encode(into: &writer)
        return writer.failure != nil ? nil : Array(buffer[..<writer.count])
    }
}

/// What is done to an address, a route, a neighbour.
public enum ChangeKind: String, Sendable {
    /// Make it; EEXIST when it is there.
    case add
    /// Make it, in place of what is there.
    case replace
    /// Remove it.
    case delete

    /// The flags of rtnetlink(7). Deleting needs none.
    var flags: Int32 {
        switch self {
        case .add: NLM_F_CREATE | NLM_F_EXCL
        case .replace: NLM_F_CREATE | NLM_F_REPLACE
        case .delete: 0
        }
    }
}

extension AddressFamily {
    /// AF_INET or AF_INET6, in the width that rtnetlink uses.
    var number: UInt8 { self == .ipv4 ? 2 : 10 }

    init?(number: UInt8) {
        switch number {
        case 2: self = .ipv4
        case 10: self = .ipv6
        default: return nil
        }
    }
}

/// Requests to be sent together, each with the refusals that do not matter.
public struct NetlinkBatch: Sendable {
    struct Entry: Sendable {
        let request: any NetlinkRequest
        let tolerance: Tolerance
    }

    private(set) var entries: [Entry] = []

    /// Makes an empty batch.
    public init() {}

    /// Makes a batch of requests that must all succeed.
    public init(_ requests: [any NetlinkRequest]) {
        entries = requests.map { Entry(request: $0, tolerance: []) }
    }

    /// Appends a request. The kernel handles requests in the order of the batch.
    public mutating func add(_ request: any NetlinkRequest, ignoring tolerance: Tolerance = []) {
        entries.append(Entry(request: request, tolerance: tolerance))
    }

    /// The number of requests.
    public var count: Int { entries.count }

    /// Whether there is nothing to send.
    public var isEmpty: Bool { entries.isEmpty }

    /// Takes all requests out, keeping the room for more.
    public mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
    }
}
