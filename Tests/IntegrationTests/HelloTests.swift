import Foundation
import Testing

/// labs/hello.yaml as its reader sees it: the same address, answered by the nearest site, over both families.
@Suite(.serialized)
struct HelloTests {
    static let homes = [
        "london-home": "london", "lagos-phone": "london", "tokyo-cafe": "tokyo", "sydney-campus": "tokyo",
        "newyork-office": "newyork", "saopaulo-bank": "newyork",
    ]

    @Test func everyClientIsAnsweredByItsSiteOverBothFamilies() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            for (client, site) in Self.homes {
                for address in ["192.0.2.53", "2001:db8:53::53"] {
                    let answer = try lab.site(for: client, address)
                    #expect(answer == site, "\(client) asks \(address)")
                }
            }
        }
    }

    @Test func catchmentAgreesWithDigAndWithTheForwardingTables() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let document = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name)
            #expect(document.lab == lab.name)
            #expect(document.rows.count == 12)
            for row in document.rows {
                #expect(row.site == Self.homes[row.client], "\(row.client) \(row.address)")
                #expect(row.agrees, "\(row.client) \(row.address)")
                #expect(row.service == "resolver")
                #expect(row.family == (row.address.contains(":") ? "ipv6" : "ipv4"))
                #expect(row.as_path.last == 64500)
                #expect(row.hops.last?.node == row.site)
            }
            let london = try #require(document.rows.first { $0.client == "london-home" && $0.family == "ipv4" })
            #expect(london.as_path == [65101, 65010, 64500])
            #expect(london.hops.map(\.node) == ["isp-uk-lhr", "eurocore-fra", "london"])
        }
    }

    /// Each hop of `traceroute -n` takes twice the declared delays of the links so far, within 10 % or 0.5 ms.
    @Test func tracerouteShowsEachHopWithTheDeclaredDelay() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            // london-home, isp-uk in the same city: 0.2 ms; isp-uk to eurocore, Heathrow to Frankfurt: 6.54 ms by the
            // great circle of 654 km; eurocore to London is declared as 5 ms.
            let expected = [0.4, 13.5, 23.5]
            let trace = try lab.inside("london-home", "traceroute", "-n", "-q", "5", "-w", "2", "192.0.2.53")
            let hops = trace.lines.dropFirst().map(Self.bestTime)
            #expect(hops.count == 3, "\(trace)")
            for (hop, time) in zip(hops, expected) {
                let time = time
                let measured = try #require(hop, "\(trace)")
                #expect(abs(measured - time) <= max(0.5, time / 10), "\(measured) ms instead of \(time): \(trace)")
            }
        }
    }

    /// The best of the times of one line of traceroute: what the path takes when nothing on this machine is in the way.
    private static func bestTime(_ line: String) -> Double? {
        let words = line.split(separator: " ")
        return words.indices.filter { words[$0] == "ms" }.compactMap { Double(words[$0 - 1]) }.min()
    }

    @Test func twoCitiesShareTheEndAndDifferOnTheWay() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let paths = try ["london-home", "tokyo-cafe"].map { client in
                try lab.inside(client, "traceroute", "-n", "-q", "1", "192.0.2.53").lines.dropFirst().map { line in
                    String(line.split(separator: " ")[1])
                }
            }
            #expect(paths.allSatisfy { $0.last == "192.0.2.53" })
            #expect(Set(paths[0].dropLast()).isDisjoint(with: paths[1].dropLast()))
        }
    }

    @Test func plainTraceroutePrintsNames() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let trace = try lab.inside("london-home", "traceroute", "-q", "1", "192.0.2.53").output
            #expect(trace.contains("isp-uk-lhr (10."))
            #expect(trace.contains("eurocore-fra (10."))
        }
    }

    @Test func theZoneIsServedOverBothTransportsAndNamesItsSiteByNSID() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            for transport in ["+notcp", "+tcp"] {
                let answer = try lab.inside("tokyo-cafe", "dig", transport, "@192.0.2.53", "www.hello.test", "A")
                #expect(answer.output.contains("status: NOERROR"))
                #expect(answer.output.contains("flags: qr aa"))
                #expect(answer.output.contains("198.51.100.10"))
            }
            let nsid = try lab.inside("tokyo-cafe", "dig", "+nsid", "@2001:db8:53::53", "www.hello.test", "AAAA").output
            #expect(nsid.contains("(\"tokyo\")"))
            let host = try lab.inside("tokyo-cafe", "dig", "+short", "@192.0.2.53", "CH", "TXT", "hostname.bind").output
            #expect(host == "\"tokyo\"\n")
        }
    }

    @Test func downLeavesTheMachineAsItWas() throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.with("hello.yaml") { lab in
            try lab.up()
            #expect(try MachineSnapshot.take() != before)
            let down = try LabUnderTest.lab("down", lab.name)
            #expect(down.status == 0, "\(down)")
            #expect(down.output.isEmpty && down.errors.isEmpty, "\(down)")
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }
}
