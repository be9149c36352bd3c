import Foundation
import Testing

/// Names as long as a label of the DNS may be, 63 characters, which the kernel's names of interfaces are not: everything that
/// people call by name goes by the whole name.
@Suite(.serialized)
struct LongNamesTests {
    /// Two names that differ in their last letter only, so that whoever cuts them mixes them up.
    private static func name(_ stem: String, _ last: String, _ length: Int = 63) -> String {
        stem + String(repeating: "x", count: length - stem.count - 1) + last
    }

    private static let network = name("network-", "n", 59)
    private static let router = network + "-fra"
    private static let sites = [name("site-", "a"), name("site-", "b")]
    private static let clients = [name("client-", "a"), name("client-", "b")]

    @Test func namesOf63CharactersWorkEverywhere() throws {
        let yaml = """
            lab: hello
            networks:
              \(Self.network): { cities: [FRA] }
              other: { cities: [FRA], peers: [\(Self.network)] }
            services:
              first: { addresses: [192.0.2.53, "2001:db8:53::53"] }
              second: { addresses: [198.51.100.53, "2001:db8:54::53"] }
            sites:
              \(Self.sites[0]): { service: first, city: FRA, providers: [\(Self.network)] }
              \(Self.sites[1]): { service: second, city: FRA, providers: [\(Self.network)] }
            clients:
              \(Self.clients[0]): { city: FRA, provider: \(Self.network) }
              \(Self.clients[1]): { city: FRA, provider: \(Self.network) }
            """
        try LabUnderTest.with(yaml: yaml) { lab in
            #expect(([Self.router] + Self.sites + Self.clients).allSatisfy { $0.utf8.count == 63 })
            try lab.up()
            for (index, address) in [(0, "192.0.2.53"), (0, "2001:db8:53::53"), (1, "198.51.100.53")] {
                for client in Self.clients { #expect(try lab.site(for: client, address) == Self.sites[index]) }
            }
            try interfaces(lab)
            try names(lab)
            try files(lab)
            try captures(lab)
            let down = try LabUnderTest.lab("down", lab.name)
            #expect(down.status == 0, "\(down)")
            for folder in ["/run/netns", "/etc/netns", "/run/lab"] {
                let left = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
                #expect(left.allSatisfy { !$0.hasPrefix(lab.name) }, "\(folder): \(left)")
            }
        }
    }

    /// Names that the kernel takes, one for each link, and the whole name in the alias.
    private func interfaces(_ lab: LabUnderTest) throws {
        let links = try lab.inside(Self.router, "ip", "-o", "link", "show").lines.filter { $0.contains("alias") }
        let names = links.map { $0.split(separator: " ")[1].prefix { $0 != ":" && $0 != "@" } }
        #expect(links.count == 5 && Set(names).count == 5, "\(links)")
        for node in Self.sites + Self.clients + ["other-fra"] {
            #expect(links.contains { $0.contains("alias \(node)") }, "\(node): \(links)")
        }
    }

    /// Plain traceroute prints whole names, by the hosts file; so do ours.
    private func names(_ lab: LabUnderTest) throws {
        for words in [["-4", "192.0.2.53"], ["-6", "2001:db8:53::53"]] {
            let trace = try lab.inside(Self.clients[0], "traceroute", words[0], "-w", "2", words[1])
            #expect(trace.lines.count == 3 && trace.output.contains(" \(Self.router) ("), "\(trace)")
            #expect(trace.output.contains(" first (\(words[1]))"), "\(trace)")
        }
        let own = try lab.run("trace", Self.clients[0], "2001:db8:53::53")
        #expect(own.output.contains(Self.router) && own.output.contains(Self.sites[0]), "\(own)")
        let catchment = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name)
        #expect(catchment.rows.count == 8 && catchment.rows.allSatisfy { $0.agrees })
        #expect(Set(catchment.rows.compactMap(\.site)) == Set(Self.sites))
    }

    private func files(_ lab: LabUnderTest) throws {
        let status = try lab.json(StatusDocument.self, "status", lab.name)
        #expect(status.sessions.allSatisfy { $0.state == "Established" })
        for node in status.nodes {
            #expect(FileManager.default.fileExists(atPath: "/run/netns/\(lab.name).\(node.name)"))
            #expect(FileManager.default.fileExists(atPath: "/etc/netns/\(lab.name).\(node.name)/hosts"))
            for process in node.processes {
                let file = "/run/lab/\(lab.name)/config/\(node.name).\(process.role).json"
                #expect(FileManager.default.fileExists(atPath: file), "\(file)")
            }
        }
        #expect(try lab.run("link", Self.sites[0], Self.network, "--delay", "7ms").output.contains("7ms"))
        #expect(try lab.run("fail", Self.sites[1], "--how", "link-down").status == 0)
        #expect(try lab.run("heal", Self.sites[1]).status == 0)
        #expect(try lab.run("routes", Self.router).output.contains(Self.clients[1]))
    }

    private func captures(_ lab: LabUnderTest) throws {
        let running = try Command.Running([
            LabUnderTest.program, "capture", "--lab", lab.name, "\(Self.clients[1])--\(Self.network)", "--follow", "-c",
            "2",
        ])
        try Command.wait("the capture") { running.errorsSoFar.contains("capturing 2 interfaces") }
        #expect(try lab.inside(Self.clients[1], "ping", "-n", "-c", "1", "2001:db8:53::53").status == 0)
        let lines = try running.finish().lines
        #expect(lines.count == 2 && lines.contains { $0.contains(" \(Self.router):client-") }, "\(lines)")
    }
}
