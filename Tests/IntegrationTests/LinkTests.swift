import Foundation
import Testing

/// Both link backends pass the same test, `Tests/Links/link-test`: the wire here, netem in a kernel that has it.
@Suite(.serialized)
struct LinkTests {
    private static let linkTest = LabUnderTest.root + "/Tests/Links/link-test"

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
