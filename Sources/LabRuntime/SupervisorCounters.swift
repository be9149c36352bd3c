import JSON
import LabModel
import LabPlan

extension Supervisor {
    /// What responders and web servers have counted, asked for now: those that run. For each site there is what its responder says, and
    /// under `web` what its web server does.
    func counters(_ answer: @escaping (JSON) -> Void) {
        let servers = daemons.filter { [.dns, .http].contains($0.role) && $0.state == .running }
        var sites: [Int: SiteCounters] = [:]
        var missing = servers.count
        func finish() {
            answer(["lab": .string(paths.name), "sites": .array(sites.sorted { $0.key < $1.key }.map(\.value.json))])
        }
        guard missing > 0 else { return finish() }
        for server in servers {
            server.ask([.init("do", "counters")]) { [weak self] reply in
                if let self, let node = server.node, reply != .null {
                    let members = (reply.members ?? []).filter { $0.name != "reply" }
                    sites[node, default: SiteCounters(topology.nodes[node])].add(members, of: server.role)
                }
                missing -= 1
                if missing == 0 { finish() }
            }
        }
    }
}

private struct SiteCounters {
    private let site: Node
    private var responder: [JSON.Member] = []
    private var web: [JSON.Member]?

    init(_ site: Node) { self.site = site }

    mutating func add(_ members: [JSON.Member], of role: DaemonRole) {
        if role == .http { web = members } else { responder = members }
    }

    var json: JSON {
        let names: [JSON.Member] = [.init("site", .string(site.name)), .init("service", .string(site.network))]
        return .object(names + responder + (web.map { [.init("web", .object($0))] } ?? []))
    }
}
