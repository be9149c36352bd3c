import Net

/// The numbers from which the addresses of a lab follow: those of networks, routers, sites, exchange points and links; and the AS
/// numbers that were drawn.
///
/// They are drawn in the order of the file. A lab that is changed while it is up keeps the numbers that it has, so that what the
/// change does not name keeps its addresses, and its sessions stay up; what is new gets numbers that are free.
public struct Numbering: Hashable, Sendable, Codable {
    /// The numbers of a network.
    struct NetworkNumbers: Hashable, Sendable, Codable {
        var block: Addressing.Block
        /// The place of each router in the block, by the router's name.
        var routers: [String: Int]
    }

    /// The numbers of a link.
    struct LinkNumbers: Hashable, Sendable, Codable {
        /// The number of the link in the lab, which its hardware addresses have in them.
        var id: Int
        /// The place of its two addresses in the block of the router that gives them; of a port, that of its one on the LAN.
        var place: Int
    }

    /// How many host bits a network's block usually has.
    var usualBits: UInt32
    var networks: [String: NetworkNumbers] = [:]
    var sites: [String: Int] = [:]
    var exchanges: [String: Int] = [:]
    /// By what has them.
    var drawnNumbers: [String: ASN] = [:]
    /// By the names of both ends, that of the router or exchange which gives the addresses first.
    var links: [String: LinkNumbers] = [:]

    static func key(_ giver: String, _ other: String) -> String { giver + "--" + other }
}

/// Numbers that are given out from 0 up, leaving out those that are taken.
struct FreeNumbers {
    private var taken: Set<Int>
    private var next = 0

    init(taken: some Sequence<Int>) { self.taken = Set(taken) }

    mutating func draw() -> Int {
        while taken.contains(next) { next += 1 }
        defer { next += 1 }
        return next
    }
}
