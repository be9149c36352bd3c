import Foundation
import JSON
import Sys
import TestSupport
import Testing

/// The socket of `labd bgp --config FILE --control PATH`, and SIGHUP.
@Suite("The control socket", .serialized)
struct ControlSocketTests {
    private static func configuration(_ originate: [String]) -> JSON {
        BGPSpeakerTests.configuration("ours", asn: 65001, identifier: "10.0.0.1", originate: originate, [])
    }

    private func daemon() throws -> SpeakerProcess {
        try SpeakerProcess(TestNode(), Self.configuration(["192.0.2.0/24"]))
    }

    @Test("Several operators at once are answered each for himself, and what one says the other sees")
    func clients() throws {
        let daemon = try daemon()
        let mode = try FileManager.default.attributesOfItem(atPath: daemon.socket)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let (first, second) = (try ControlClient(daemon.socket), try ControlClient(daemon.socket))
        #expect(try first.prefixes() == ["192.0.2.0/24"])
        // Two questions on their way together, the later one answered without the other's answer read.
        try first.send(#"{"do":"announce","prefix":"203.0.113.0/24","id":"a"}"#)
        #expect(try second.ask(#"{"do":"withdraw","prefix":"192.0.2.0/24","id":7}"#)["reply"] == 7)
        let announced = try first.answer()
        #expect(announced["reply"] == "a" && announced["changes"] == ["announce 203.0.113.0/24"])
        for client in [first, second] { #expect(try client.prefixes() == ["203.0.113.0/24"]) }

        for (line, reason) in [
            ("{", "an object with \"do\" expected"), ("[]", "an object with \"do\" expected"),
            (#"{"do":"dance"}"#, "unknown command 'dance'; there are announce"),
            (#"{"do":"stop"}"#, "unknown command 'stop'"),
            (#"{"do":"show","view":"moon"}"#, "\"view\": neighbors, received"),
        ] {
            #expect(try second.ask(line)["error"]?.string?.hasPrefix(reason) == true, "\(line)")
        }
        // Who goes away in the middle of a line disturbs nobody.
        let third = try ControlClient(daemon.socket)
        try third.send(#"{"do":"show","view":"table"}"# + "\n{\"do\":")
        withExtendedLifetime(third) {}
        #expect(try first.prefixes() == ["203.0.113.0/24"])
        #expect(daemon.end() == 0)
        #expect(!FileManager.default.fileExists(atPath: daemon.socket))
    }

    @Test("SIGHUP reads the file again; a bad file changes nothing, and the log says why")
    func hangUp() throws {
        let daemon = try daemon()
        try daemon.configure(Self.configuration(["198.51.100.0/24"]))
        daemon.signal(SIGHUP)
        #expect(try eventually { try daemon.prefixes() == ["198.51.100.0/24"] })
        #expect(daemon.log().contains("announce 198.51.100.0/24"))

        for (text, reason) in [
            ("{\"node\":", daemon.file),
            (Self.configuration(["198.51.100.0/33"]).description, "originate[0]"),
            (
                BGPSpeakerTests.configuration("ours", asn: 65009, identifier: "10.0.0.1", originate: [], [])
                    .description,
                "asn: cannot change while the speaker runs"
            ),
        ] {
            try daemon.configure(text: text)
            daemon.signal(SIGHUP)
            #expect(eventually { daemon.log().contains(reason) }, "\(daemon.log())")
            #expect(try daemon.prefixes() == ["198.51.100.0/24"] && daemon.isRunning)
        }
        // The same over the socket, where somebody waits for the answer.
        let answer = try ControlClient(daemon.socket).ask(#"{"do":"reload"}"#)
        #expect(answer["error"]?.string?.contains("asn: cannot change") == true, "\(answer)")
        try daemon.configure(Self.configuration(["192.0.2.0/24"]))
        let reloaded = try ControlClient(daemon.socket).ask(#"{"do":"reload"}"#)
        #expect(reloaded["changes"] == ["withdraw 198.51.100.0/24", "announce 192.0.2.0/24"])
    }

    @Test("Another user is not let in, though the socket's mode would let him")
    func otherUsers() throws {
        let daemon = try daemon()
        chmod(daemon.socket, 0o666)
        let script = """
            my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!"; print "connected\\n";
            print $s qq({"do":"withdraw","prefix":"192.0.2.0/24"}\\n); $s->flush; $s->shutdown(1); print while <$s>;
            """
        let perl = ["-MIO::Socket::UNIX", "-e", "$SIG{PIPE} = 'IGNORE'; " + script, daemon.socket]
        let stranger = try run("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "perl"] + perl)
        #expect(stranger == "connected\n", "no answer")
        #expect(try daemon.prefixes() == ["192.0.2.0/24"], "nothing was done")
        // The same words from root are followed.
        #expect(try run("perl", perl).contains("withdraw 192.0.2.0/24"))
        #expect(try daemon.prefixes() == [])
    }

    @Test("A socket that a killed speaker left is replaced; one that is listened on is not taken")
    func leftOver() throws {
        let daemon = try daemon()
        let other = try TestNode()
        let refused = #expect(throws: CommandFailed.self) {
            try run(
                "ip",
                [
                    "netns", "exec", other.name, SpeakerProcess.program(), "bgp", "--config", daemon.file, "--control",
                    daemon.socket,
                ])
        }
        #expect(refused?.description.contains("Address already in use") == true, "\(String(describing: refused))")
        #expect(try daemon.prefixes() == ["192.0.2.0/24"])
        daemon.killHard()
        #expect(FileManager.default.fileExists(atPath: daemon.socket))
        try daemon.start()
        #expect(try daemon.prefixes() == ["192.0.2.0/24"])
    }
}
