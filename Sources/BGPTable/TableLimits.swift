import Net

/// How much a table holds. Its parts are numbered and counted with 32 bits, which keeps a route small; nothing that a neighbour
/// sends may bring a number to its end.
package struct TableLimits: Sendable {
    /// Octets of packed attributes, gaps between them included.
    package var octets = Int(UInt32.max)
    /// Sets of attributes, prefixes, routes, and routes that one neighbour holds of us where it is sent several to a prefix;
    /// each for itself.
    package var elements = Int(UInt32.max) - 1
    /// References to one set of attributes. With so many it stays for good, used or not.
    var references = UInt32.max

    /// What the numbers allow.
    package init() {}
}

/// Limits. A route for which there is no room counts as withdrawn, and its sender is noted: the speaker ends the session with
/// it (RFC 4486, section 4: Out of Resources), so that nobody takes half of a table for the whole of it.
extension Table {
    /// How much the table holds. Lower limits than the present content leave that in place.
    package var limits: TableLimits {
        get { store.limits }
        set {
            store.limits = newValue
            prefixes.mostElements = newValue.elements
        }
    }

    /// The neighbours since the last time of whose routes one found no room, by number; `.local` for a route of our own.
    public mutating func takeOverflows() -> [PeerID] {
        guard !overflows.isEmpty else { return [] }
        defer { overflows = [] }
        return overflows.sorted()
    }

    /// There is no room for a route to the prefix: what its sender announced before in its place is gone as well.
    mutating func overflow(_ prefix: IPPrefix, from id: PeerID, path: UInt32) {
        overflows.insert(id)
        removeRoute(prefixes.find(prefix), from: id, path: path)
    }
}
