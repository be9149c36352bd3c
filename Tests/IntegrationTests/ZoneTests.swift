import Foundation
import Testing

/// Zones of a lab that is up: versions of them, transfers, and changes that no responder is started again for.
@Suite(.serialized)
struct ZoneTests {
    private static func zone(serial: Int, _ address: String, timers: String = "3600 600 604800") -> String {
        """
        $TTL 300
        @ SOA ns1 hostmaster ( \(serial) \(timers) 60 )
        @ NS ns1
        ns1 A 192.0.2.53
        $INCLUDE hosts/www.zone
        version TXT "\(address)"

        """
    }

    /// Two sites with a zone from a file, of which New York is the primary.
    private func withUp(
        timers: String = "3600 600 604800", _ body: (LabUnderTest, String) throws -> Void
    ) throws {
        let text = try String(contentsOfFile: LabUnderTest.root + "/labs/two-sites.yaml", encoding: .utf8)
        let service = "dns: { addresses: [192.0.2.53, 2001:db8:53::53]"
        let zoned = text.replacingOccurrences(
            of: service, with: service + ", zone: { origin: a.test, file: zones/a.zone, primary: newyork }")
        #expect(zoned != text)
        try LabUnderTest.with(yaml: zoned) { lab in
            let folder = (lab.file as NSString).deletingLastPathComponent + "/zones"
            try FileManager.default.createDirectory(
                atPath: folder + "/hosts", withIntermediateDirectories: true)
            try "www A 198.51.100.10\n".write(toFile: folder + "/hosts/www.zone", atomically: true, encoding: .utf8)
            let zone = Self.zone(serial: 1, "one", timers: timers)
            try zone.write(toFile: folder + "/a.zone", atomically: true, encoding: .utf8)
            try lab.up()
            try body(lab, folder)
        }
    }

    private struct Zones: Decodable {
        struct Zone: Decodable, Equatable {
            let site: String
            let zone: String
            let serial: Int
            let state: String
        }
        let zones: [Zone]
    }

    private func states(_ lab: LabUnderTest) throws -> [String] {
        try lab.json(Zones.self, "status", lab.name).zones.map { "\($0.site) \($0.zone) \($0.serial) \($0.state)" }
    }

    private func pids(_ lab: LabUnderTest) throws -> [Int?] {
        try lab.json(StatusDocument.self, "status", lab.name).nodes.flatMap(\.processes).filter { $0.role == "dns" }
            .map(\.pid)
    }

    private func version(_ lab: LabUnderTest, _ client: String) throws -> String {
        try lab.inside(client, "dig", "+short", "+tries=1", "+time=2", "@192.0.2.53", "version.a.test", "TXT").output
            .filter { !"\"\n".contains($0) }
    }

    @Test func aNewerZoneAtThePrimaryReachesTheOtherSites() throws {
        try withUp { lab, folder in
            #expect(try states(lab) == ["newyork a.test. 1 current", "frankfurt a.test. 1 current"])
            let before = try pids(lab)
            try Self.zone(serial: 2, "two").write(toFile: folder + "/b.zone", atomically: true, encoding: .utf8)
            let loaded = try lab.run("zone", "newyork", folder + "/b.zone")
            #expect(loaded.status == 0 && loaded.output.contains("newyork"), "\(loaded)")
            try Command.wait("the zone at both sites") {
                try states(lab) == ["newyork a.test. 2 current", "frankfurt a.test. 2 current"]
            }
            for client in ["boston", "berlin"] { #expect(try version(lab, client) == "two") }
            #expect(try pids(lab) == before)
            // ZONEVERSION says so to everybody: option 19, two labels, type 0, serial 2.
            let answer = try lab.inside("berlin", "dig", "+ednsopt=19", "@192.0.2.53", "www.a.test")
            #expect(answer.output.contains("02 00 00 00 00 02"), "\(answer)")
        }
    }

    @Test func aSiteThatIsCutOffStaysBehindUntilItIsBack() throws {
        try withUp { lab, folder in
            #expect(try lab.run("fail", "frankfurt", "--how", "link-down").status == 0)
            try Self.zone(serial: 2, "two").write(toFile: folder + "/b.zone", atomically: true, encoding: .utf8)
            #expect(try lab.run("zone", "newyork", folder + "/b.zone").status == 0)
            #expect(try states(lab) == ["newyork a.test. 2 current", "frankfurt a.test. 1 behind"])
            #expect(try lab.run("zone").output.contains("behind"))
            #expect(try lab.run("heal", "frankfurt").status == 0)
            try Command.wait("the zone at Frankfurt") { try states(lab).last == "frankfurt a.test. 2 current" }
        }
    }

    /// The primary's own version stays when the lab file changes elsewhere, and gives way to another zone there, whatever its serial.
    @Test func whatThePrimaryWasGivenLastsUntilTheFileHasAnotherZone() throws {
        try withUp { lab, folder in
            try Self.zone(serial: 9, "nine").write(toFile: folder + "/b.zone", atomically: true, encoding: .utf8)
            #expect(try lab.run("zone", "newyork", folder + "/b.zone").status == 0)
            let nine = ["newyork a.test. 9 current", "frankfurt a.test. 9 current"]
            try Command.wait("the zone at both sites") { try states(lab) == nine }
            // No other site would fetch what is not newer.
            let older = try lab.run("zone", "newyork", folder + "/a.zone")
            #expect(older.status == 2 && older.errors.contains("serial 9, and 1 is not newer"), "\(older)")
            let text = try String(contentsOfFile: lab.file, encoding: .utf8)
            let limited = text.replacingOccurrences(
                of: "primary: newyork }", with: "primary: newyork }, rate-limit: { responses: 1000 }")
            #expect(limited != text)
            try limited.write(toFile: lab.file, atomically: true, encoding: .utf8)
            let applied = try Command.run([LabUnderTest.program, "apply", lab.file])
            #expect(applied.status == 0 && applied.output.contains("newyork dns"), "\(applied)")
            #expect(try states(lab) == nine)
            try Self.zone(serial: 2, "two").write(toFile: folder + "/a.zone", atomically: true, encoding: .utf8)
            #expect(try Command.run([LabUnderTest.program, "apply", lab.file]).status == 0)
            #expect(try states(lab) == ["newyork a.test. 2 current", "frankfurt a.test. 2 current"])
            for client in ["boston", "berlin"] { #expect(try version(lab, client) == "two") }
        }
    }

    @Test func aSiteThatIsCutOffForLongSaysThatItsZoneHasExpired() throws {
        try withUp(timers: "1 1 1") { lab, _ in
            #expect(try lab.run("fail", "frankfurt", "--how", "link-down").status == 0)
            try Command.wait("the end of Frankfurt's zone") { try states(lab).last == "frankfurt a.test. 1 expired" }
            let own = try lab.inside("frankfurt", "dig", "+tries=1", "@192.0.2.53", "version.a.test", "TXT").output
            #expect(own.contains("status: SERVFAIL") && own.contains("EDE: 24 (Invalid Data)"), "\(own)")
            try Command.wait("the reason") { try lab.run("zone").output.contains("expired: 10.128.") }
            #expect(try lab.run("heal", "frankfurt").status == 0)
            try Command.wait("Frankfurt's zone") { try states(lab).last == "frankfurt a.test. 1 current" }
        }
    }

    @Test func anEditedFileIsReadWithoutAPause() throws {
        try withUp { lab, folder in
            let before = try pids(lab)
            try Self.zone(serial: 7, "seven").write(toFile: folder + "/a.zone", atomically: true, encoding: .utf8)
            let applied = try Command.run([LabUnderTest.program, "apply", lab.file])
            #expect(applied.status == 0 && applied.output.contains("other zones or addresses"), "\(applied)")
            #expect(try states(lab) == ["newyork a.test. 7 current", "frankfurt a.test. 7 current"])
            #expect(try version(lab, "berlin") == "seven")
            #expect(try pids(lab) == before)
        }
    }

    /// The route to the other sites comes with the primary, is there again when its link is another one, and goes with the primary.
    @Test func theWayToTheOtherSitesFollowsTheFile() throws {
        try withUp { lab, _ in
            func ways() throws -> [String] {
                try [["-4", "10.128.0.0/9"], ["-6", "2001:db8:8000::/33"]].map { words in
                    let route = ["ip", "-n", "\(lab.name).frankfurt", words[0], "route", "show", words[1]]
                    return try Command.run(route).output
                }
            }
            func apply(_ from: String, _ to: String) throws {
                let text = try String(contentsOfFile: lab.file, encoding: .utf8)
                let changed = text.replacingOccurrences(of: from, with: to)
                #expect(text != changed)
                try changed.write(toFile: lab.file, atomically: true, encoding: .utf8)
                let applied = try Command.run([LabUnderTest.program, "apply", lab.file])
                #expect(applied.status == 0, "\(applied)")
            }
            #expect(try ways().allSatisfy { $0.contains("dev east-fra") })
            try apply("city: FRA, providers: [east]", "city: FRA, providers: [west]")
            #expect(try ways().allSatisfy { $0.contains("dev west-jfk") })
            try apply(", primary: newyork", "")
            #expect(try ways() == ["", ""])
        }
    }

    @Test func theWholeZoneIsGivenAtTheSitesOwnAddressOnly() throws {
        try withUp { lab, _ in
            let hosts = try String(contentsOfFile: "/etc/netns/\(lab.name).boston/hosts", encoding: .utf8)
            let address = try #require(
                hosts.split(separator: "\n").first { $0.hasPrefix("10.128.") && $0.contains("frankfurt") }?
                    .split(whereSeparator: \.isWhitespace).first.map(String.init))
            let zone = try lab.inside("boston", "dig", "@" + address, "a.test", "AXFR")
            #expect(zone.output.contains("www.a.test.") && zone.output.contains("XFR size: 6 records"), "\(zone)")
            #expect(try lab.inside("boston", "dig", "@192.0.2.53", "a.test", "AXFR").output.contains("Transfer failed"))
        }
    }

    @Test func whatIsWrongInAFileStandsWithItsPlace() throws {
        try withUp { lab, folder in
            try "@ SOA a b 2 1 1 1 1\n$INCLUDE hosts/bad.zone\n".write(
                toFile: folder + "/b.zone", atomically: true, encoding: .utf8)
            try "www A 300.0.0.1\n".write(toFile: folder + "/hosts/bad.zone", atomically: true, encoding: .utf8)
            let outcome = try lab.run("zone", "newyork", folder + "/b.zone")
            #expect(outcome.status == 2)
            #expect(outcome.errors.contains("hosts/bad.zone:1:7: error: '300.0.0.1' is no IPv4 address"), "\(outcome)")
            #expect(try states(lab).allSatisfy { $0.hasSuffix(" 1 current") })
            #expect(try lab.run("zone", "boston", folder + "/b.zone").status == 2)
        }
    }
}
