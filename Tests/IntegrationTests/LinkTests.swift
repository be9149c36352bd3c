import Foundation
import Glibc
import Testing

/// Both link backends pass the same test, `Tests/Links/link-test`: the wire here, netem in a kernel that has it.
@Suite(.serialized)
struct LinkTests {
    private static let linkTest = LabUnderTest.root + "/Tests/Links/link-test"
    private static let impairments = LabUnderTest.root + "/Tests/Links/impairments"
    private static let faults = LabUnderTest.root + "/Tests/Links/faults"

    @Test func theWireDelaysAsDeclared() throws {
        let outcome = try Command.run([Self.linkTest, LabUnderTest.program, "wire"])
        #expect(outcome.status == 0, "\(outcome)")
        print(outcome.output)
    }

    /// User-Mode Linux is a kernel as a process; Debian's has sch_netem, which the machine below may not.
    @Test func netemDelaysAsDeclaredInUserModeLinux() throws {
        let run = LabUnderTest.root + "/Tests/UserModeLinux/run"
        let outcome = try Command.run([run, "-t", "240", Self.linkTest, LabUnderTest.program, "netem"], limit: 280)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.contains("netem 192.0.2.53 median 20"), "\(outcome)")
        print(outcome.output)
    }

    /// `lab link` means the same on both backends.
    @Test func theWireDoesWhatLabLinkSays() throws {
        let outcome = try Command.run([Self.impairments, LabUnderTest.program, "wire"], limit: 300)
        #expect(outcome.status == 0, "\(outcome)")
    }

    @Test func netemDoesWhatLabLinkSaysInUserModeLinux() throws {
        let run = LabUnderTest.root + "/Tests/UserModeLinux/run"
        let outcome = try Command.run([run, "-t", "280", Self.impairments, LabUnderTest.program, "netem"], limit: 300)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.contains("ok: netem: rate of 10mbit"), "\(outcome)")
    }

    /// Links fail in the same way on both.
    @Test func linksFailOnTheWire() throws {
        let outcome = try Command.run([Self.faults, LabUnderTest.program, "wire"], limit: 300)
        #expect(outcome.status == 0, "\(outcome)")
    }

    @Test func linksFailOnNetemInUserModeLinux() throws {
        let run = LabUnderTest.root + "/Tests/UserModeLinux/run"
        let outcome = try Command.run([run, "-t", "280", Self.faults, LabUnderTest.program, "netem"], limit: 300)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.contains("ok: netem: no residue"), "\(outcome)")
    }

    /// A delay line that dies and comes back does what was changed, too, and knows what is down.
    @Test func changesOutliveTheWire() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let status = try lab.json(WireStatus.self, "status", lab.name)
            guard let wire = status.wire, let pid = wire.pid else { return }
            #expect(try lab.run("link", "boston", "west", "--delay", "80ms").status == 0)
            kill(Int32(pid), SIGKILL)
            try Command.wait("another wire") {
                let now = try lab.json(WireStatus.self, "status", lab.name).wire
                return now?.state == "running" && now?.pid != pid
            }
            try Command.wait("the changed delay") {
                let ping = try lab.inside("boston", "ping", "-n", "-c", "1", "-W", "1", "192.0.2.53")
                guard let time = ping.output.firstRange(of: "time=") else { return false }
                return (Double(ping.output[time.upperBound...].prefix { $0 != " " }) ?? 0) >= 160
            }
            let events = try lab.run("events").lines
            #expect(events.contains { $0.contains("link") && $0.contains("quality=delay 80ms") }, "\(events)")
            // What a link does is no word of routing.
            #expect(try lab.run("link", "boston", "nowhere").errors.contains("there is no node or network 'nowhere'"))
            #expect(try lab.run("link", "boston", "berlin").errors.contains("'boston' is joined to west-jfk"))
            #expect(try lab.run("link", "boston", "west", "--loss", "101%").status == 2)
        }
    }

    private struct WireStatus: Decodable {
        let wire: StatusDocument.Node.ProcessStatus?
    }

    /// The whole of hello on netem: the same answers as on the wire.
    @Test func helloOnNetemInUserModeLinux() throws {
        let run = LabUnderTest.root + "/Tests/UserModeLinux/run"
        let script = """
            lab=\(LabUnderTest.program)
            $lab up --links netem \(LabUnderTest.root)/labs/hello.yaml || exit 1
            for client in london-home tokyo-cafe; do
              for address in 192.0.2.53 2001:db8:53::53; do
                ip netns exec hello.$client dig +short @$address CH TXT id.server
              done
            done
            $lab down && ip netns list | wc -l
            """
        let outcome = try Command.run([run, "-t", "240", "bash", "-c", script], limit: 280)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.hasSuffix("\"london\"\n\"london\"\n\"tokyo\"\n\"tokyo\"\n0\n"), "\(outcome)")
    }
}
