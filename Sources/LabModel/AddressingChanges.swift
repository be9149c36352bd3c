/// Addresses of a lab that is changed while it is up.
extension Addressing {
    /// Lays out addresses for networks and sites, of which those in `numbering` keep what they have. Throws ``TopologyError`` when a
    /// network has outgrown its block, or a new one finds no room.
    init(
        networks: [(name: String, demand: Demand)], sites: [String], keeping numbering: Numbering
    ) throws(TopologyError) {
        var blocks: [Block?] = []
        for (name, demand) in networks {
            guard let known = numbering.networks[name] else {
                blocks.append(nil)
                continue
            }
            blocks.append(try Self.check(known.block, of: name, demand))
        }
        var rows = FreeNumbers(taken: blocks.compactMap { $0?.row })
        for index in networks.indices where blocks[index] == nil {
            let block = Self.room(
                for: networks[index].demand, row: rows.draw(), among: blocks.compactMap { $0 }, numbering.usualBits)
            guard let block else {
                throw TopologyError(
                    description: "no addresses are free for network '\(networks[index].name)'\(Self.hint)")
            }
            blocks[index] = block
        }
        var numbers = FreeNumbers(taken: sites.compactMap { numbering.sites[$0] })
        let siteNumbers = sites.map { numbering.sites[$0] ?? numbers.draw() }
        guard siteNumbers.allSatisfy({ $0 < 0x7FFF }), blocks.allSatisfy({ ($0?.row ?? 0) < 0x7000 }) else {
            throw TopologyError(description: "at most 28671 networks and 32766 sites fit")
        }
        self.init(blocks: blocks.compactMap { $0 }, siteNumbers: siteNumbers, networkBits: numbering.usualBits)
    }

    private static let hint = "; take the lab down and up, and all get new ones"

    private static func check(_ block: Block, of name: String, _ demand: Demand) throws(TopologyError) -> Block {
        let need = demand.bits
        guard need.router <= block.routerBits, demand.routers <= block.routers else {
            throw TopologyError(
                description: "network '\(name)' has outgrown the addresses that it got when the lab came up\(hint)")
        }
        return block
    }

    /// A block that overlaps with none of `others`: in its row for a network of the usual size, else from the upper end down.
    private static func room(for demand: Demand, row: Int, among others: [Block], _ usual: UInt32) -> Block? {
        let need = demand.bits
        let bits = max(usual, need.network)
        guard bits < 23 else { return nil }
        let size = 1 << UInt64(bits)
        let first = UInt64(base) + 1 << UInt64(usual)
        func isFree(_ start: UInt64) -> Bool {
            start >= first && start + UInt64(size) <= UInt64(siteBase)
                && !others.contains { $0.range.overlaps(start..<start + UInt64(size)) }
        }
        var start = UInt64(base) + UInt64(row + 1) << UInt64(usual)
        if bits > usual || !isFree(start) {
            start = UInt64(siteBase) - UInt64(size)
            while start >= first, !isFree(start) { start -= UInt64(size) }
        }
        guard isFree(start) else { return nil }
        return Block(row: row, base: UInt32(truncatingIfNeeded: start), bits: bits, routerBits: need.router)
    }
}
