import LabModel

extension Judge {
    /// Holds connections that have ended against a limit.
    func broken(_ client: String?, _ limit: Claim.Broken) -> [String] {
        guard let held = evidence.flows else { return ["no connections are held"] }
        let (count, broken) = (held.count(of: client), held.broken(of: client))
        let whose = client.map { " of \($0)" } ?? ""
        guard count > 0 else { return ["no connections\(whose) are held"] }
        let share = Double(broken) / Double(count)
        let holds =
            switch limit {
            case .count(let bound): bound.holds(Int64(broken))
            case .share(let bound): bound.holds(share)
            }
        if holds { return [] }
        return [
            "\(broken) of \(count) connections\(whose) are broken, \(share.asPercent), and \(limit.text) is expected"
        ]
    }
}
