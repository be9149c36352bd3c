public import LabModel
public import Net
public import Sys

/// Which site serves a client at one address, by a probe and by a walk of the kernels' tables.
public struct CatchmentRow: Hashable, Sendable {
    /// The client.
    public let client: Node
    /// The service's name.
    public let service: String
    /// The service's address.
    public let address: IPAddress
    /// The site that answered, or one server of which did, by the name that was given; nil when none did.
    public let site: String?
    /// The round trip of the query in nanoseconds, of a web service that of the handshake; nil when it was not answered.
    public let rtt: Nanoseconds?
    /// The ASes along the walk: the client's provider first, the service's last when the walk arrives there.
    public let asPath: [ASN]
    /// The way: what answered where something did, else what the walk says, without a round trip then.
    public let hops: [Hop]
    /// Whether the site that answered is the end of the walk (or there is neither), and every hop that answered is the
    /// walk's.
    public let agrees: Bool
    /// What disagrees, is odd, or is missing, in words; nil when all is as it should be.
    public let finding: String?

    /// The address family.
    public var family: AddressFamily { address.family }
}

extension CatchmentRow {
    /// What a walk alone foretells.
    init(_ client: Node, service: String, foreseen walk: Walk) {
        self.init(
            client: client, service: service, address: walk.destination, site: walk.end?.siteName, rtt: nil,
            asPath: walk.asPath, hops: walk.hops, agrees: true, finding: nil)
    }

    /// Compares what the probes of `client` saw with the walk of the same flow. `equalEnds` are the sites that the flow may come to as
    /// well as to the end of the walk.
    init(
        _ client: Node, service: String, walk: Walk, report: ProbeReport, equalEnds: Set<String> = [], atlas: Atlas
    ) {
        let path = ObservedPath(walk: walk, report: report, equalEnds: equalEnds, atlas: atlas)
        var name: String?
        var rtt: Nanoseconds?
        if let answer = report.answer, case .response(let identity) = answer.kind {
            (name, rtt) = (identity.name, answer.rtt)
        }
        let isSameEnd = Self.isEnd(name, of: walk, atlas) || name.map(equalEnds.contains) == true
        let findings =
            Self.findings(name, isSameEnd, service: service, walk: walk, report: report, atlas: atlas) + path.findings
        self.init(
            client: client, service: service, address: walk.destination,
            site: name.map { atlas.site(named: $0)?.siteName ?? $0 }, rtt: rtt, asPath: walk.asPath,
            hops: path.hops, agrees: isSameEnd && path.agrees,
            finding: findings.isEmpty ? nil : findings.joined(separator: "; "))
    }

    /// Whether packets come to who answered, or to nobody and nobody did.
    private static func isEnd(_ name: String?, of walk: Walk, _ atlas: Atlas) -> Bool {
        if name == walk.end?.name { return true }
        guard let node = name.flatMap(atlas.site(named:)) else { return false }
        return walk.spread.ends.contains(node.index)
    }

    /// What is to be said about the answer, the gravest first.
    private static func findings(
        _ name: String?, _ isSameEnd: Bool, service: String, walk: Walk, report: ProbeReport, atlas: Atlas
    ) -> [String] {
        var findings: [String] = []
        if let name {
            if atlas.site(named: name)?.network != service {
                findings.append("'\(name)' answers, which is no site of \(service)")
            } else if !isSameEnd {
                findings.append("\(name) answers, but the way by the kernels' routes \(walk.outcome)")
            }
        } else {
            findings.append(silence(report, atlas) + ", and the way by the kernels' routes \(walk.outcome)")
        }
        if let answer = report.answer, case .response(let identity) = answer.kind, let oddity = identity.oddity {
            findings.append(oddity)
        }
        let others = Set(report.repeats.map { $0.name ?? "nobody" }).subtracting([name ?? "nobody"])
        if !others.isEmpty { findings.append("answered again by " + others.sorted().joined(separator: ", ")) }
        if !report.strays.isEmpty {
            findings.append("answered from " + report.strays.sorted().map(\.description).joined(separator: ", "))
        }
        return findings
    }

    /// Why no site is known.
    private static func silence(_ report: ProbeReport, _ atlas: Atlas) -> String {
        if let failure = report.failure { return "nothing could be sent (\(failure.reason))" }
        guard let answer = report.answer else { return "nobody answers" }
        let name = atlas.node(at: answer.responder)?.name ?? answer.responder.description
        switch answer.kind {
        case .response: return "the answer names no site"
        case .timeExceeded: return "the TTL ended at \(name)"
        case .unreachable(let reason): return "\(name) says: \(reason.rawValue)"
        }
    }
}
