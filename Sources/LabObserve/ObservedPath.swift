import LabModel
import Net

/// The hops of a flow as the probes of growing TTL saw them, beside those of the walk.
struct ObservedPath {
    /// What answered, else what the walk says.
    private(set) var hops: [Hop] = []
    /// Whether every hop that answered is the walk's.
    private(set) var agrees = true
    /// What differs or is silent, in words.
    private(set) var findings: [String] = []

    /// `equalEnds` are the sites that may be at the end of the way as well as that of the walk.
    init(walk: Walk, report: ProbeReport, equalEnds: Set<String>, atlas: Atlas) {
        var silent: [String] = []
        for index in 0..<max(walk.hops.count, report.length ?? 0) {
            let expected = walk.hops.indices.contains(index) ? walk.hops[index] : nil
            let answer = report.limited.indices.contains(index) ? report.limited[index] : nil
            guard let answer else {
                if report.failure == nil { silent.append(expected?.node?.name ?? "hop \(index + 1)") }
                hops.append(expected ?? Hop(node: nil, address: nil))
                continue
            }
            let seen = Self.hop(answer, expected: expected, atlas: atlas)
            hops.append(seen)
            let isEqual =
                (answer.isFinal && seen.node.map { equalEnds.contains($0.name) } == true)
                || walk.spread.mayReach(seen.node, hop: index)
            if seen.node?.index != expected?.node?.index, !isEqual { differ(index + 1, seen, expected) }
            if answer.isFinal { break }
        }
        // Without any answer the catchment says that already.
        if !silent.isEmpty, silent.count < hops.count {
            findings.append("no answer from " + silent.joined(separator: ", "))
        }
    }

    /// The node behind an answer. An address of a service is many nodes': a response says which, an error does not.
    private static func hop(_ answer: ProbeAnswer, expected: Hop?, atlas: Atlas) -> Hop {
        var node = atlas.node(at: answer.responder)
        if node == nil {
            if case .response(let identity) = answer.kind {
                node = identity.name.flatMap { atlas.site(named: $0) }
            } else if answer.responder == expected?.address {
                node = expected?.node
            }
        }
        return Hop(node: node, address: answer.responder, rtt: answer.rtt)
    }

    private mutating func differ(_ ttl: Int, _ seen: Hop, _ expected: Hop?) {
        agrees = false
        let who = (seen.node?.name).map { "\($0)" } ?? "somebody unknown"
        let address = seen.address.map { " (\($0))" } ?? ""
        let place = (expected?.node?.name).map { "\($0) is" } ?? "nobody is"
        findings.append("hop \(ttl): \(place) there by the kernels' routes, \(who)\(address) answers")
    }
}
