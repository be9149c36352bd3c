import Foundation
import Testing

/// Multipath by packets: what the kernel does with the packets of one flow, counted by its own counters at the servers.
@Suite(.serialized)
struct SpreadTests {
    private static let yaml = """
        lab: spread
        networks:
          core: { cities: [FRA] }
          packets: { cities: [AMS], providers: [core], multipath: 8, multipath-hash: per-packet }
        services:
          web: { kind: http, addresses: [192.0.2.80, 2001:db8:80::80] }
        sites:
          one: { service: web, city: AMS, providers: [packets] }
          two: { service: web, city: AMS, providers: [packets] }
          three: { service: web, city: AMS, providers: [packets] }
        clients:
          home: { city: FRA, provider: core }

        """
    private static let addresses = ["192.0.2.80", "2001:db8:80::80"]
    private static let packets = 1500
    /// One UDP flow of queries to the responders beside the web servers; ten are under way at most, so that no queue is too short.
    private static let sender = #"""
        import socket, sys
        address, count = sys.argv[1], int(sys.argv[2])
        flow = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
        flow.bind(('', 4444))
        flow.settimeout(30)
        query = b'\0\1\0\0\0\1\0\0\0\0\0\0\2id\6server\0\0\x10\0\3'
        for number in range(count):
            flow.sendto(query, (address, 53))
            if number % 10 == 9:
                for _ in range(10): flow.recv(512)
        """#

    private struct Interface: Decodable {
        struct Statistics: Decodable {
            struct Direction: Decodable { let packets: Int }
            let rx: Direction
        }
        let stats64: Statistics
    }

    private func received(_ lab: LabUnderTest, _ site: String) throws -> Int {
        let shown = try lab.inside(site, "ip", "-s", "-j", "link", "show", "dev", "packets-ams")
        return try JSONDecoder().decode([Interface].self, from: Data(shown.output.utf8)).first?.stats64.rx.packets ?? 0
    }

    /// How many packets of one flow came to each site. Keepalives of BGP are a few more.
    private func shares(_ lab: LabUnderTest, _ sites: [String], from client: String, to address: String) throws -> [Int]
    {
        let before = try sites.map { try received(lab, $0) }
        let sent = try lab.inside(client, "python3", "-c", Self.sender, address, "\(Self.packets)")
        #expect(sent.status == 0, "\(sent)")
        var shares: [Int] = []
        try Command.wait("the last packets") {
            shares = try zip(sites, before).map { try received(lab, $0) - $1 }
            return shares.reduce(0, +) >= Self.packets
        }
        return shares
    }

    /// A share of N has a standard deviation of less than 20 packets.
    private func isEven(_ shares: [Int]) -> Bool {
        shares.allSatisfy { abs($0 - Self.packets / shares.count) < 120 }
    }

    @Test func theServersShareThePacketsOfOneFlow() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            var sites = ["one", "two", "three"]
            for address in Self.addresses {
                let shares = try shares(lab, sites, from: "home", to: address)
                #expect(isEven(shares), "\(address): \(shares)")
            }
            for _ in 0..<4 {
                let rows = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name).rows
                #expect(rows.count == 2 && rows.allSatisfy(\.agrees), "\(rows)")
            }
            // A server more, and a client at an interface that is new.
            let wider =
                try String(contentsOfFile: lab.file, encoding: .utf8)
                .replacingOccurrences(
                    of: "clients:", with: "  four: { service: web, city: AMS, providers: [packets] }\nclients:")
                + "  near: { city: AMS, provider: packets }\n"
            try wider.write(toFile: lab.file, atomically: true, encoding: .utf8)
            try #require(try LabUnderTest.lab("apply", lab.file).status == 0)
            sites.append("four")
            for address in Self.addresses {
                let shares = try shares(lab, sites, from: "near", to: address)
                #expect(isEven(shares), "\(address): \(shares)")
            }
            // Whole flows again.
            try wider.replacingOccurrences(of: "per-packet", with: "threshold")
                .write(toFile: lab.file, atomically: true, encoding: .utf8)
            let applied = try LabUnderTest.lab("apply", lab.file)
            #expect(applied.status == 0 && applied.output.contains("multipath by flows"), "\(applied)")
            #expect(!applied.output.contains("reset"), "\(applied)")
            for client in ["home", "near"] {
                let shares = try shares(lab, sites, from: client, to: "192.0.2.80")
                #expect(shares.count { $0 >= Self.packets } == 1, "\(client): \(shares)")
            }
        }
    }

    /// A SYN goes to one server and the ACK to another, which answers with a RST.
    @Test func heldConnectionsBreakWithoutAnyChange() throws {
        let scenario = """
            scenario:
              - connect: { service: web, flows: 100 }
              - expect: { broken: ">= 90%" }
              - expect: { broken: 0 }

            """
        struct Report: Decodable {
            struct Step: Decodable {
                let ok: Bool?
                let detail: String?
                let seen: String?
            }
            let steps: [Step]
        }
        try LabUnderTest.with(yaml: Self.yaml + scenario) { lab in
            let outcome = try LabUnderTest.lab("test", lab.file, "--json")
            let steps = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)).steps
            #expect(outcome.status == 1 && steps.map(\.ok) == [true, true, false], "\(outcome)")
            #expect(steps[0].detail?.hasSuffix("broken already") == true, "\(steps)")
            #expect(steps[2].seen?.contains("RST: a router shares out single packets") == true, "\(steps)")
        }
    }

    @Test func anOrdinaryUserIsToldBeforeAnythingIsBuilt() throws {
        try OrdinaryUser.with { user in
            let file = user.folder + "/lab.yaml"
            try Self.yaml.write(toFile: file, atomically: true, encoding: .utf8)
            let up = try user.lab("up", file)
            #expect(up.status == 3 && up.output.isEmpty, "\(up)")
            #expect(up.errors.contains("network 'packets' says 'multipath-hash: per-packet'"), "\(up)")
            #expect(up.errors.contains("for root"), "\(up)")
        }
    }
}
