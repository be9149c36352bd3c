import CLinux
import Glibc
import JSON
import Net
import Sys
import Testing

@testable import LinkWire

/// Tests with devices, one at a time: they measure.
@Suite(.serialized, .enabled(if: geteuid() == 0 && Files.exists("/dev/net/tun"), "needs root and /dev/net/tun"))
enum LiveTests {}

let tenMilliseconds = #"{"delay_ns":10000000}"#

extension LiveTests {
    @Suite struct WireTests {
        @Test func aDeclaredDelayIsTheDelay() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one", tenMilliseconds))
            try lab.address("one")
            let times = try lab.ping(50)
            #expect(times.count == 50)
            #expect(try #require(times.first) >= 20.0, "never below the declared delay")
            #expect((20.0...21.0).contains(times[25]), "median \(times[25]) ms")
        }

        @Test func theDelayHoldsOnABusyMachine() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one", tenMilliseconds))
            try lab.address("one")
            let load = try Load(processes: 8)
            let times = try lab.ping(50)
            _ = consume load
            #expect((20.0...21.0).contains(times[25]), "median \(times[25]) ms")
        }

        @Test func aFailedLinkLosesItsCarrierOnBothEndsAtOnce() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one"), lab.link(1, "two"))
            try lab.address("one", subnet: 0)
            try lab.address("two", subnet: 1)
            #expect(try lab.operationalStates("one").allSatisfy { $0 != "DOWN" })
            // Two in a row: by itself the kernel would tell of the second one only a second later. Routes, unlike `ip link`,
            // do not ask anew.
            for id in 0...1 {
                #expect(try lab.command(#""do":"set","link":\#(id),"up":false"#)["ok"]?.bool == true)
            }
            for name in [lab.a, lab.b] {
                let routes = try run("ip", "-n", name, "route", "show")
                #expect(routes.split(separator: "\n").count { $0.contains("linkdown") } == 2, "\(routes)")
            }
            #expect(try lab.operationalStates("two") == ["DOWN", "DOWN"])

            for id in 0...1 { _ = try lab.command(#""do":"set","link":\#(id),"up":true"#) }
            #expect(try lab.operationalStates("two") == ["UP", "UP"])
            #expect(try lab.ping(3, subnet: 1).count == 3)
        }

        @Test func aLinkDeclaredDownStartsDown() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one", extra: #","up":false"#))
            try lab.address("one")
            #expect(try lab.operationalStates("one") == ["DOWN", "DOWN"])
        }

        @Test func whatIsUnderWayIsLostWithTheLink() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one", #"{"delay_ns":60000000000}"#))
            try lab.address("one")
            let sender = try lab.sender()
            try lab.send([1], sender)
            var lane = try lab.lane("a_to_b")
            while lane["waiting"]?.int == 0 { lane = try lab.lane("a_to_b") }
            #expect(lane["delivered"]?.int == 0)
            _ = try lab.command(#""do":"set","link":0,"up":false"#)
            lane = try lab.lane("a_to_b")
            #expect(lane["waiting"]?.int == 0)
            #expect(lane["dropped"]?.int == lane["received"]?.int)
        }

        @Test func theDelayChangesAtRunTime() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one", tenMilliseconds))
            try lab.address("one")
            #expect(try lab.ping(5)[2] >= 20)
            let reply = try lab.command(
                #""do":"set","link":0,"a_to_b":{"delay_ns":2000000},"b_to_a":{"delay_ns":3000000}"#)
            #expect(reply["ok"]?.bool == true)
            #expect((5.0...6.0).contains(try lab.ping(20)[10]))
        }

        @Test func aKilledProcessLeavesItsDevicesToTheNext() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one", tenMilliseconds))
            try lab.address("one")
            #expect(try lab.ping(2).count == 2)
            let before = try run("ip", "-n", lab.a, "address", "show", "dev", "one")
            try lab.stop(SIGKILL)
            #expect(try lab.operationalStates("one") == ["DOWN", "DOWN"])
            try lab.restart()
            #expect(try lab.operationalStates("one") == ["UP", "UP"])
            let after = try run("ip", "-n", lab.a, "address", "show", "dev", "one")
            #expect(after.contains("10.99.0.1/24"))
            #expect(after.contains("02:00:00:00:0a:00"))
            #expect(after.split(separator: ":").first == before.split(separator: ":").first, "the same interface index")
            #expect((20.0...22.0).contains(try lab.ping(10)[5]))
        }

        @Test func terminationIsOrderly() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one"))
            #expect(try lab.stop(SIGTERM) == 0)
        }

        @Test func linksComeAndGoAtRunTime() throws {
            let lab = try LiveLab()
            try lab.start()
            #expect(try lab.command("\"do\":\"add\",\"link\":\(lab.link(4, "four"))")["ok"]?.bool == true)
            try lab.address("four")
            #expect(try lab.ping(2).count == 2)
            #expect(
                try lab.command("\"do\":\"add\",\"link\":\(lab.link(4, "five"))")["error"] == "link 4 is there already")
            #expect(try lab.command(#""do":"remove","link":4"#)["ok"]?.bool == true)
            #expect(throws: CommandFailure.self) { try lab.operationalStates("four") }
            #expect(try lab.command(#""do":"remove","link":4"#)["error"] == "there is no link 4")
            // The lanes of the old link are used again.
            #expect(
                try lab.command("\"do\":\"add\",\"link\":\(lab.link(4, "four", tenMilliseconds))")["ok"]?.bool == true)
            try lab.address("four")
            #expect(try lab.ping(5)[2] >= 20)
        }

        @Test func aLinkThatCannotBeMadeLeavesNothing() throws {
            let lab = try LiveLab()
            try lab.start()
            let link = lab.link(0, "one").replacing("/run/netns/\(lab.b)", with: "/run/netns/no-such")
            let error = try lab.command("\"do\":\"add\",\"link\":\(link)")["error"]?.string
            #expect(error == "open /run/netns/no-such: No such file or directory")
            #expect(throws: CommandFailure.self) { try run("ip", "-n", lab.a, "link", "show", "dev", "one") }
        }

        @Test(arguments: [
            (#""do":"dance""#, "unknown command 'dance'"),
            (#""do":"set","link":0,"u":false"#, "set: unknown key 'u'"),
            (#""do":"set","link":7,"up":false"#, "there is no link 7"),
            (#""do":"set","link":0,"up":1"#, "set.up: true or false expected"),
            (#""do":"set","link":0,"a_to_b":{"delay":1}"#, "a_to_b: unknown key 'delay'"),
            (#""do":"add","link":{"id":1}"#, "link: key 'a' is missing"),
        ])
        func aWrongCommandIsAnswered(members: String, error: String) throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one"))
            #expect(try lab.command(members)["error"]?.string == error)
            #expect(try lab.command(#""do":"counters""#)["ok"]?.bool == true)
        }

        @Test func aDeviceThatSomebodyRemovedIsReportedOnce() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one"))
            try run("ip", "-n", lab.b, "link", "del", "one")
            #expect(try lab.answer() == ["event": "lost", "link": 0, "end": "b", "device": "one"])
            #expect(try lab.command(#""do":"counters""#)["ok"]?.bool == true)
        }

        @Test func anIdleProcessDoesNotRun() throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one", tenMilliseconds))
            _ = try lab.command(#""do":"counters""#)
            // The reply was written; the process has gone to sleep when it is in the state S.
            while !(try lab.status("State:").hasPrefix("S")) {}
            let before = try lab.status("voluntary_ctxt_switches:")
            usleep(300_000)
            #expect(try lab.status("voluntary_ctxt_switches:") == before)
        }
    }
}
