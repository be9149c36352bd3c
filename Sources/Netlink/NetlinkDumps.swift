import CMnl
import Glibc
public import Net

/// What a dump asks for.
struct DumpRequest<Header: BitwiseCopyable & Sendable>: NetlinkRequest {
    let type: Int
    let header: Header
    let what: String

    var summary: String { "list \(what)" }

    func encode(into writer: inout MessageWriter) {
        writer.begin(type, flags: NLM_F_DUMP, header)
    }
}

extension NetlinkSession {
    /// All interfaces, by index. Throws ``NetlinkError``.
    public func interfaces() throws(NetlinkError) -> [Interface] {
        try dump(DumpRequest(type: RTM_GETLINK, header: ifinfomsg(), what: "links"), of: RTM_NEWLINK) { Interface($0) }
    }

    /// One interface. Throws ``NetlinkError``, with ENODEV when it is not there.
    public func interface(_ link: LinkReference) throws(NetlinkError) -> Interface {
        var found: Interface?
        let request = LinkQuery(link: link)
        _ = try query(request) { found = $0.type == UInt16(RTM_NEWLINK) ? Interface($0.payload) : found }
        guard let found else { throw NetlinkError(code: ENODEV, request: request.summary) }
        return found
    }

    /// The index of every interface, by name: one dump. Throws ``NetlinkError``.
    public func interfaceIndexes() throws(NetlinkError) -> [String: UInt32] {
        var indexes: [String: UInt32] = [:]
        for interface in try interfaces() { indexes[interface.name] = interface.index }
        return indexes
    }

    /// All addresses of a family, or of both. Throws ``NetlinkError``.
    public func addresses(_ family: AddressFamily? = nil) throws(NetlinkError) -> [InterfaceAddress] {
        var header = ifaddrmsg()
        header.ifa_family = family?.number ?? 0
        return try dump(DumpRequest(type: RTM_GETADDR, header: header, what: "addresses"), of: RTM_NEWADDR) {
            InterfaceAddress($0)
        }
    }

    /// The routes of a family, of one table and one origin if given; the kernel does the filtering. Throws
    /// ``NetlinkError``.
    public func routes(
        _ family: AddressFamily, table: UInt32? = KernelRoute.mainTable, origin: KernelRoute.Origin? = nil
    ) throws(NetlinkError) -> [KernelRoute] {
        let request = RouteDump(family: family, table: table, origin: origin)
        do {
            return try dump(request, of: RTM_NEWROUTE) { KernelRoute($0) }
        } catch {
            // A table that never had a route does not exist.
            if error.code == ENOENT, table != nil { return [] }
            throw error
        }
    }

    /// The neighbour entries of a family. Throws ``NetlinkError``.
    public func neighbours(_ family: AddressFamily) throws(NetlinkError) -> [NeighbourEntry] {
        var header = ndmsg()
        header.ndm_family = family.number
        return try dump(DumpRequest(type: RTM_GETNEIGH, header: header, what: "neighbours"), of: RTM_NEWNEIGH) {
            NeighbourEntry($0)
        }
    }

    /// The queueing disciplines of all interfaces. Throws ``NetlinkError``.
    public func qdiscs() throws(NetlinkError) -> [Qdisc] {
        try dump(DumpRequest(type: RTM_GETQDISC, header: tcmsg(), what: "qdiscs"), of: RTM_NEWQDISC) { Qdisc($0) }
    }

    /// Which way a packet would go. Throws ``NetlinkError``, with ENETUNREACH where no route leads, and EINVAL,
    /// EHOSTUNREACH or EACCES where the route is a blackhole, unreachable or prohibit one.
    public func lookup(_ question: RouteLookup) throws(NetlinkError) -> KernelRoute {
        var found: KernelRoute?
        _ = try query(question) {
            found = $0.type == UInt16(RTM_NEWROUTE) ? KernelRoute($0.payload, includingClones: true) : found
        }
        guard let found else { throw NetlinkError(code: ENETUNREACH, request: question.summary) }
        return found
    }

    /// All objects of a dump. The kernel says when its tables changed while it told them; then it is asked again.
    func dump<Value>(
        _ request: some NetlinkRequest, of type: Int, _ decode: (RawSpan) -> Value?
    ) throws(NetlinkError) -> [Value] {
        var values: [Value] = []
        for _ in 0..<8 {
            values.removeAll()
            let isConsistent = try query(request) { message in
                if message.type == UInt16(type), let value = decode(message.payload) { values.append(value) }
            }
            if isConsistent { break }
        }
        return values
    }
}

/// Asks for one interface.
struct LinkQuery: NetlinkRequest {
    let link: LinkReference

    var summary: String { "look up link \(link)" }

    func encode(into writer: inout MessageWriter) {
        writer.begin(RTM_GETLINK, ifinfomsg(link))
        if case .name(let name) = link { writer.put(IFLA_IFNAME, name) }
    }
}

/// Asks for the routes of a family, of one table and one origin if given.
struct RouteDump: NetlinkRequest {
    let family: AddressFamily
    let table: UInt32?
    let origin: KernelRoute.Origin?

    var summary: String { "list \(family.rawValue) routes" }

    func encode(into writer: inout MessageWriter) {
        var header = rtmsg()
        header.rtm_family = family.number
        header.rtm_table = table.flatMap(UInt8.init(exactly:)) ?? 0
        header.rtm_protocol = origin?.rawValue ?? 0
        writer.begin(RTM_GETROUTE, flags: NLM_F_DUMP, header)
        if header.rtm_table == 0, let table { writer.put(RTA_TABLE.number, table) }
    }
}
