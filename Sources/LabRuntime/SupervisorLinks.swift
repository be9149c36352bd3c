import JSON
import LabModel
import LabPlan
import Netlink

extension Supervisor {
    /// A link between the two that a request names, seen from the first of them.
    private struct Meeting {
        let link: Link
        /// Whether the link's end `a` is at the first of the two.
        let fromA: Bool
    }

    /// Shows what the links between two nodes or networks do to packets, after changing it if the request says so:
    /// `{"do":"link","from":...,"to":...,"change":{...},"from_file":bool,"one_way":bool}`. Routing does not follow: a
    /// router's metric is configured, and whoever bends a link with tc does not change it. Throws ``RequestError``,
    /// `NetlinkError`, `SystemError`.
    func link(_ request: JSON, _ done: @escaping (JSON) -> Void) throws {
        var change = LinkQualities.Change()
        if let json = request["change"] { change.change = try json.decode(QualityChange.self) }
        change.fromFile = request["from_file"]?.bool ?? false
        change.oneWay = request["one_way"]?.bool ?? false
        let meetings = try meetings(request["from"]?.string ?? "", request["to"]?.string ?? "")
        guard !change.isEmpty else { return done(report(meetings)) }
        try refuseWhileChanging()
        // All is found good before anything is done.
        let after = try meetings.map { try qualities.after(change, $0.link, fromA: $0.fromA) }
        var missing = meetings.count
        var failure: JSON?
        changesUnderWay += 1
        for (meeting, pair) in zip(meetings, after) {
            apply(pair, to: meeting.link) { [weak self] reply in
                guard let self else { return }
                if reply["error"] != nil { failure = failure ?? reply }
                missing -= 1
                guard missing == 0 else { return }
                done(failure ?? self.report(meetings))
                self.changeIsDone()
            }
        }
    }

    /// The links between what two names stand for, as `links` of a lab file understands them. Throws ``RequestError``.
    private func meetings(_ from: String, _ to: String) throws(RequestError) -> [Meeting] {
        for name in [from, to] where !topology.nodes.contains(where: { LinkRule.isNamed(name, $0) }) {
            throw RequestError("there is no node or network '\(name)'")
        }
        let found = topology.links.compactMap { link -> Meeting? in
            let (a, b) = (topology.nodes[link.a.node], topology.nodes[link.b.node])
            if LinkRule.isNamed(from, a), LinkRule.isNamed(to, b) { return Meeting(link: link, fromA: true) }
            if LinkRule.isNamed(from, b), LinkRule.isNamed(to, a) { return Meeting(link: link, fromA: false) }
            return nil
        }
        guard found.isEmpty else { return found }
        let beside = topology.links.compactMap { link -> String? in
            let (a, b) = (topology.nodes[link.a.node], topology.nodes[link.b.node])
            return LinkRule.isNamed(from, a) ? b.name : LinkRule.isNamed(from, b) ? a.name : nil
        }
        throw RequestError(
            "there is no link between '\(from)' and '\(to)'; '\(from)' is joined to "
                + beside.prefix(20).joined(separator: ", "))
    }

    private func apply(_ pair: LinkQualities.Pair, to link: Link, _ done: @escaping (JSON) -> Void) {
        let before = qualities.current(link)
        let old = effectiveQuality(link)
        qualities.set(link, pair)
        func failed(_ error: any Error) {
            qualities.set(link, before)
            done(["error": .string("\(error)")])
        }
        do {
            try setQuality(link, from: old) { [weak self] failure in
                if let failure { return failed(failure) }
                if pair != before { self?.note(pair, link) }
                done(["ok": true])
            }
        } catch {
            failed(error)
        }
    }

    private func note(_ pair: LinkQualities.Pair, _ link: Link) {
        holdSessions()
        let (a, b) = (topology.nodes[link.a.node].name, topology.nodes[link.b.node].name)
        events.record(
            "link",
            [
                .init("from", .string(a)), .init("to", .string(b)), .init("quality", .string(pair.aToB.text)),
                .init("back", .string(pair.bToA.text)),
            ])
    }

    /// Tells the wire both directions of a link.
    func setWire(_ link: Link, _ pair: LinkQualities.Pair, _ done: @escaping (JSON) -> Void = { _ in }) {
        guard let wire = daemons.first(where: { $0.role == .wire }) else { return done(["error": "there is no wire"]) }
        wire.ask([
            .init("do", "set"), .init("link", .int(link.number)),
            .init("a_to_b", DaemonConfiguration.quality(pair.aToB)),
            .init("b_to_a", DaemonConfiguration.quality(pair.bToA)),
        ]) { reply in
            done(reply == .null ? ["error": "the wire ended or does not answer"] : reply)
        }
    }

    /// What each direction does now, first what the first of the two sends.
    private func report(_ meetings: [Meeting]) -> JSON {
        let directions = meetings.flatMap { meeting -> [JSON] in
            let (link, pair) = (meeting.link, effectiveQuality(meeting.link))
            let (near, far) = meeting.fromA ? (link.a, link.b) : (link.b, link.a)
            return [
                direction(near, far, pair.quality(from: near, of: link), link),
                direction(far, near, pair.quality(from: far, of: link), link),
            ]
        }
        return ["lab": .string(paths.name), "directions": .array(directions)]
    }

    private func direction(_ from: LinkEnd, _ to: LinkEnd, _ quality: LinkQuality, _ link: Link) -> JSON {
        [
            "from": .string(topology.nodes[from.node].name), "to": .string(topology.nodes[to.node].name),
            "interface": .string(from.interface), "delay_ms": .double(Double(quality.delay) / 1e6),
            "jitter_ms": .double(Double(quality.jitter) / 1e6), "loss": .double(quality.loss),
            "duplicate": .double(quality.duplicate), "reorder": .double(quality.reorder),
            "rate_bps": .int(Int(clamping: quality.rate)), "up": .bool(faults.isUp(link)),
            "as_in_file": .bool(qualities.current(link).quality(from: from, of: link) == link.quality),
            "faults": .array(faults.texts(of: link).map { .string($0) }),
        ]
    }
}
