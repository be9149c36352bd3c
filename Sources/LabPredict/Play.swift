public import JSON
import LabModel

/// Something that the operator of an anycast service can announce at one site, and how the clients divide then.
public struct Play: Hashable, Sendable {
    /// The site.
    public let site: String
    /// The provider that is told something else; nil for all of them.
    public let provider: String?
    /// What is announced: `prepend 2`, `MED 100`, `NO_EXPORT` and the like.
    public let action: String
    /// How the clients divide among the sites of the service, both families together.
    public let shares: [CatchmentShare]
    /// How many rows of client and address another site serves than without it.
    public let moved: Int
    /// Whether routing comes to rest then; else the shares are those of one moment.
    public let isAtRest: Bool

    /// Whether it does nothing to anybody.
    public var isDead: Bool { moved == 0 && isAtRest }

    /// The play as JSON.
    public var json: JSON {
        [
            "site": .string(site), "provider": provider.map(JSON.string) ?? .null, "action": .string(action),
            "shares": .array(
                shares.map { ["site": $0.site.map(JSON.string) ?? .null, "share": .double($0.share)] }),
            "moved": .int(moved), "dead": .bool(isDead), "at_rest": .bool(isAtRest),
        ]
    }
}

extension Prediction {
    /// What each site of a service can do on its own, each predicted by itself: prepending once to four times, a MED, NO_EXPORT
    /// (RFC 1997), GRACEFUL_SHUTDOWN (RFC 8326) and silence, towards each provider, and withdrawing altogether. Throws
    /// `ConfigurationError`.
    public func plays(of service: String) throws -> [Play] {
        let before = rows(of: service, in: catchments())
        var plays: [Play] = []
        for (position, site) in topology.lab.sites.enumerated() where site.service == service {
            for (number, relation) in site.relations.enumerated() {
                for (action, change) in Self.actions {
                    var lab = topology.lab
                    if let change {
                        change(&lab.sites[position].relations[number])
                    } else {
                        lab.sites[position].relations.remove(at: number)
                    }
                    plays.append(try play(site.name, relation.network, action, lab, before))
                }
            }
            guard site.relations.count > 1 else { continue }
            var lab = topology.lab
            lab.sites[position].relations = []
            plays.append(try play(site.name, nil, "withdraw", lab, before))
        }
        return plays
    }

    /// What can be said to one provider; nil for nothing at all.
    private static var actions: [(String, ((inout Relation) -> Void)?)] {
        (1...4).map { times in
            ("prepend \(times)", { $0.prepend = UInt8(clamping: Int($0.prepend) + times) })
        } + [
            ("MED 100", { $0.multiExitDiscriminator = 100 }),
            ("NO_EXPORT", { $0.noExport = true }),
            ("GRACEFUL_SHUTDOWN", { $0.communities.append("GRACEFUL_SHUTDOWN") }),
            ("withdraw", nil),
        ]
    }

    private func play(
        _ site: String, _ provider: String?, _ action: String, _ lab: Lab, _ before: [PredictedCatchment]
    ) throws -> Play {
        let prediction = try Prediction(Topology(lab, keeping: topology.numbering), conditions)
        let service = lab.sites.first { $0.name == site }?.service ?? ""
        let after = rows(of: service, in: prediction.catchments())
        return Play(
            site: site, provider: provider, action: action, shares: CatchmentShare.of(after.map { $0.site?.name }),
            moved: CatchmentDifference.between(before, after).count(where: \.isMoved), isAtRest: prediction.isAtRest)
    }

    private func rows(of service: String, in all: [PredictedCatchment]) -> [PredictedCatchment] {
        all.filter { $0.service == service }
    }
}
