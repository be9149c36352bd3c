import JSON
import LabModel
import LabPlan
import Net
import Sys

extension Supervisor {
    /// Everything that `lab status` shows, with counters that the speakers are asked for now.
    func status(_ answer: @escaping (JSON) -> Void) {
        var sessions: [Convergence.Key: JSON] = [:]
        var routes: [Int: JSON] = [:]
        let speakers = daemons.filter { $0.role == .bgp && $0.state == .running }
        var missing = speakers.count
        func finish() { zones { [self] in answer(statusDocument(sessions, routes, zones: $0)) } }
        guard missing > 0 else { return finish() }
        for speaker in speakers {
            speaker.ask([.init("do", "counters")]) { reply in
                if let node = speaker.node { routes[node] = reply["routes"] }
                for session in reply["sessions"]?.array ?? [] {
                    guard let node = speaker.node, let peer = session["peer"]?.string else { continue }
                    sessions[.init(node: node, remoteAddress: peer)] = session
                }
                missing -= 1
                if missing == 0 { finish() }
            }
        }
    }

    private func statusDocument(
        _ sessions: [Convergence.Key: JSON], _ routes: [Int: JSON], zones: [JSON]
    ) -> JSON {
        [
            "lab": .string(paths.name), "links": .string(plan.backend.rawValue), "converged": .bool(isConverged),
            "nodes": .array(topology.nodes.map { nodeStatus($0, routes[$0.index]) }),
            "sessions": .array(topology.sessions.map { sessionStatus($0, sessions) }),
            "zones": .array(zones), "faults": .array(faults.active.map(faultStatus)),
            "wire": daemons.first { $0.role == .wire }.map(processStatus) ?? .null,
        ]
    }

    private func faultStatus(_ fault: Faults.Active) -> JSON {
        .object(
            (fault.fault.json.members ?? []) + [
                .init("time_ns", .int(Int(fault.time))), .init("wall_ns", .int(Int(fault.wallTime))),
            ])
    }

    /// `routes` is how many prefixes the node's speaker has a best route to, if it says so.
    private func nodeStatus(_ node: Node, _ routes: JSON?) -> JSON {
        [
            "name": .string(node.name), "kind": .string(node.kind.rawValue), "network": .string(node.network),
            "asn": node.kind == .exchange ? .null : .int(Int(node.asn.rawValue)), "city": .string(node.place.label),
            "netns": .string(topology.namespace(of: node.index)),
            "processes": .array(
                daemons.filter { $0.node == node.index }.flatMap { [processStatus($0)] + partStatus($0) }),
            "daemon": topology.otherDaemon(of: node.index).map { .string($0.rawValue) } ?? .null,
            "routes": routes ?? .null, "health": healthStatus(node),
        ]
    }

    private func processStatus(_ daemon: Daemon) -> JSON {
        [
            "role": .string(daemon.role.rawValue), "pid": daemon.pid.map { .int(Int($0)) } ?? .null,
            "state": .string(daemon.isFailing ? "failing" : daemon.state.rawValue), "restarts": .int(daemon.restarts),
            "last_end": daemon.lastEnd.map { .object($0.members) } ?? .null,
            "next_try_ms": daemon.nextTry.map { .int(Int(max(0, $0 - Clock.monotonic()) / 1_000_000)) } ?? .null,
        ]
    }

    /// The processes of a daemon of others: they live and die with the adapter that runs them.
    private func partStatus(_ daemon: Daemon) -> [JSON] {
        daemon.parts.map { part in
            [
                "role": part["role"] ?? .null, "pid": part["pid"] ?? .null, "state": .string(daemon.state.rawValue),
                "restarts": .int(daemon.restarts),
            ]
        }
    }

    private func sessionStatus(_ session: Session, _ reported: [Convergence.Key: JSON]) -> JSON {
        let known = reported[.init(node: session.node, remoteAddress: session.remoteAddress.description)]
        return [
            "local": .string(topology.nodes[session.node].name), "remote": .string(topology.nodes[session.remote].name),
            "family": .string(session.family.rawValue), "local_address": .string(session.localAddress.description),
            "remote_address": .string(session.remoteAddress.description),
            "state": .string(known?["state"]?.string ?? "Idle"), "received": .int(known?["received"]?.int ?? 0),
            "sent": .int(known?["sent"]?.int ?? 0),
        ]
    }

    /// Hands a question to the BGP speaker of a node, and its answer back. Throws ``RequestError``.
    func relay(_ question: JSON, to name: String, _ answer: @escaping (JSON) -> Void) throws {
        let speaker = try speaker(of: name)
        speaker.ask((question.members ?? []).filter { !["target", "id"].contains($0.name) }) { reply in
            answer(reply == .null ? ["error": .string("the BGP speaker of \(name) ended or does not answer")] : reply)
        }
    }
}
