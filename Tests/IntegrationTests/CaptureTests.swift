import Foundation
import Glibc
import Testing

/// `lab capture`, read by Wireshark's own tools.
@Suite(.serialized)
struct CaptureTests {
    private static func tshark(_ file: String, _ filter: String, _ fields: String...) throws -> [String] {
        let words = ["tshark", "-r", file, "-Y", filter, "-T", "fields"] + fields.flatMap { ["-e", $0] }
        let outcome = try Command.run(words)
        guard outcome.status == 0 else { throw TestFailure("tshark: \(outcome)") }
        return outcome.lines
    }

    /// Runs a capture beside `body`, which is called once it listens, and ends it as Ctrl-C does.
    private static func capturing(_ words: [String], _ body: () throws -> Void) throws -> Outcome {
        let running = try Command.Running([LabUnderTest.program, "capture"] + words)
        defer { if running.process.isRunning { kill(running.process.processIdentifier, SIGKILL) } }
        try Command.wait("the capture") { running.errorsSoFar.contains("capturing") || !running.process.isRunning }
        try body()
        kill(running.process.processIdentifier, SIGINT)
        return try running.finish()
    }

    @Test func bothEndsOfALinkAreRecorded() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let file = lab.file + ".pcapng"
            defer { try? FileManager.default.removeItem(atPath: file) }
            let outcome = try Self.capturing(["--lab", lab.name, "boston--west", "-w", file]) { () throws in
                #expect(try lab.site(for: "boston") == "newyork")
                #expect(try lab.inside("boston", "ping", "-n", "-c", "3", "-i", "0.1", "192.0.2.53").status == 0)
                #expect(try lab.inside("boston", "ping", "-n", "-c", "1", "2001:db8:53::53").status == 0)
            }
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.errors.contains("packets captured, none lost"), "\(outcome)")
            #expect(outcome.output.isEmpty)

            let pings = try Self.tshark(
                file, "icmp.type == 8", "frame.interface_name", "frame.time_epoch", "frame.packet_flags_direction")
            #expect(pings.count == 6, "each of three at both ends: \(pings)")
            #expect(
                Set(pings.compactMap { $0.split(separator: "\t").first }) == ["boston:west-jfk", "west-jfk:boston"])
            // Sent by the one, received by the other, as long apart as the link delays: boston is 3 ms from west.
            let times = pings.compactMap { Double($0.split(separator: "\t")[1]) }
            #expect(times == times.sorted())
            #expect(zip(times, times.dropFirst()).contains { $1 - $0 >= 0.003 })
            let names = try Self.tshark(file, "dns.qry.name", "dns.qry.name")
            #expect(names.count == 4 && Set(names) == ["id.server"], "\(names)")
            #expect(try Self.tshark(file, "icmpv6.type == 128", "frame.number").count == 2)
            let about = try Command.run(["capinfos", file])
            #expect(about.status == 0)
            #expect(about.output.contains("File timestamp precision:  nanoseconds"), "\(about.output)")
            #expect(about.output.contains("Number of interfaces in file: 2"), "\(about.output)")
            #expect(
                about.output.contains("Name = boston:west-jfk") && about.output.contains("Strict time order:   True"))
            #expect(about.output.contains("Number of stat entries = 1"))
        }
    }

    @Test func aLineAPacket() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let lines = try Self.capturing(["--lab", lab.name, "west", "--follow"]) { () throws in
                #expect(try lab.inside("boston", "ping", "-n", "-c", "1", "192.0.2.53").status == 0)
                #expect(try lab.site(for: "boston") == "newyork")
                // The session over this link starts anew, and is seen to.
                #expect(try lab.run("fail", "newyork", "--how", "process-kill").status == 0)
                #expect(try lab.run("heal", "newyork").status == 0)
                try Command.wait("routes again") { try lab.site(for: "boston") == "newyork" }
            }.lines
            func has(_ place: String, _ text: String) -> Bool {
                lines.contains { $0.contains(" \(place) ") && $0.contains(text) }
            }
            #expect(has("west-jfk:boston", "> 192.0.2.53 ICMP echo request"), "\(lines)")
            #expect(has("west-jfk:newyork", "> 192.0.2.53:53 DNS query CH TXT id.server"), "\(lines)")
            #expect(has("west-jfk:boston", "DNS response CH TXT id.server.: NOERROR, 1 answer"), "\(lines)")
            for word in ["TCP SYN", "BGP OPEN", "UPDATE", "KEEPALIVE"] {
                #expect(has("west-jfk:newyork", word), "\(word): \(lines)")
            }
            // So many and no more, as JSON; and to a pipe.
            let counted = try Command.run(
                [LabUnderTest.program, "capture", "--lab", lab.name, "west", "-c", "4", "--json", "--follow"])
            #expect(counted.status == 0 && counted.lines.count == 5, "\(counted)")
            let last = try JSONDecoder().decode(Total.self, from: Data((counted.lines.last ?? "").utf8))
            #expect(last.packets == 4 && last.dropped == 0)
            let piped = try Command.run([
                "bash", "-c",
                "\(LabUnderTest.program) capture --lab \(lab.name) west -w - -c 4 2>/dev/null | tshark -r - 2>/dev/null",
            ])
            #expect(piped.lines.count == 4, "\(piped)")
        }
    }

    private struct Total: Decodable {
        let packets: Int
        let dropped: Int
    }

    /// A capture does not hold up the end of its lab, and ends with it.
    @Test func theEndOfTheLabIsTheEndOfItsCapture() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let file = lab.file + ".pcapng"
            let running = try Command.Running([
                LabUnderTest.program, "capture", "--lab", lab.name, "boston", "-w", file,
            ])
            try Command.wait("the capture") { running.errorsSoFar.contains("capturing") }
            #expect(try LabUnderTest.lab("down", lab.name).status == 0)
            #expect(try running.finish().status == 0)
            #expect(try Command.run(["capinfos", file]).status == 0)
        }
    }

    @Test func whatCannotBeCapturedIsSaid() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            func refused(_ words: String...) throws -> Outcome { try lab.run("capture", words[0], words[1], words[2]) }
            let link = try refused("boston--berlin", "-w", "/dev/null")
            #expect(link.status == 2 && link.errors.contains("no link between 'boston' and 'berlin'"), "\(link)")
            let node = try refused("nobody", "-w", "/dev/null")
            #expect(node.status == 2 && node.errors.contains("there is no node 'nobody'"), "\(node)")
            let folder = try refused("boston", "-w", "/nowhere/x")
            #expect(folder.status == 2 && folder.errors.contains("/nowhere/x cannot be written"), "\(folder)")
            let full = try Self.capturing(["--lab", lab.name, "boston", "-w", "/dev/full"]) {}
            #expect(full.status == 4 && full.errors.contains("No space left"), "\(full)")
        }
    }
}
