import CLinux
import Glibc
import JSON
import Net
import Sys
import Testing

@testable import LinkWire

extension LiveTests {
    @Suite struct TrafficTests {
        private static let data = {
            var random = SplitMix64(seed: 99)
            return (0..<(4 << 20)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }()

        private func receive(_ socket: borrowing FileDescriptor) -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 2048)
            let count = recv(socket.raw, &buffer, buffer.count, 0)
            return count >= 0 ? Array(buffer[..<count]) : nil
        }

        /// How often each of 200 numbered datagrams arrives.
        private func arrivals(_ impairment: String) throws -> [Int] {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one", impairment))
            try lab.address("one")
            try run("ip", "-n", lab.a, "neigh", "add", "10.99.0.2", "lladdr", "02:00:00:00:0b:00", "dev", "one")
            let receiver = try lab.inside(lab.b) {
                try Socket.bound(.datagram, try #require(IPAddress("10.99.0.2")), port: 4000)
            }
            try Socket.set(receiver.raw, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20)
            let sender = try lab.sender()
            var counts = [Int](repeating: 0, count: 200)
            for number in 0..<UInt8(200) { try lab.send([number], sender) }
            // Nothing is under way any more when all that was received is accounted for.
            while try lab.lane("a_to_b")["received"]?.int ?? 0 < 200 {}
            while try lab.lane("a_to_b")["waiting"]?.int != 0 {}
            while let bytes = receive(receiver) {
                if let number = bytes.first, Int(number) < counts.count { counts[Int(number)] += 1 }
            }
            return counts
        }

        @Test func everyDatagramArrivesOnce() throws {
            #expect(try arrivals(#"{"delay_ns":3000000,"jitter_ns":3000000}"#) == Array(repeating: 1, count: 200))
        }

        @Test func duplicatesAreWhole() throws {
            #expect(try arrivals(#"{"delay_ns":1000000,"duplicate":1}"#) == Array(repeating: 2, count: 200))
        }

        @Test func aLinkThatLosesEverythingDeliversNothing() throws {
            #expect(try arrivals(#"{"loss":1}"#) == Array(repeating: 0, count: 200))
        }

        @Test func halfOfTheDatagramsAreLost() throws {
            // 100 +- 6 standard deviations of 7.
            #expect((58...142).contains(try arrivals(#"{"loss":0.5}"#).reduce(0, +)))
        }

        @Test func aFullPoolDropsAndRecovers() throws {
            let lab = try LiveLab()
            let loop = try EventLoop()
            let wire = try Wire(loop, blocks: 64)
            let control = try WireControl(wire)
            try control.open([try WireLink(try JSON(parsing: lab.link(0, "one", #"{"delay_ns":20000000}"#)), "link")])
            try lab.address("one")
            try run("ip", "-n", lab.a, "neigh", "add", "10.99.0.2", "lladdr", "02:00:00:00:0b:00", "dev", "one")
            // Without a receiver there would be an error message back, and an ARP reply to that.
            let receiver = try lab.inside(lab.b) {
                try Socket.bound(.datagram, try #require(IPAddress("10.99.0.2")), port: 4000)
            }
            let sender = try lab.sender()
            for _ in 0..<300 { try lab.send([0], sender) }
            try turn(loop) { wire.counters(0).0.received >= 300 && wire.counters(0).waiting == 0 }
            let full = wire.counters(0)
            #expect(full.0.overLimit > 200)
            #expect(full.0.delivered > 20)
            #expect(full.0.delivered + full.0.overLimit == full.0.received)
            #expect(full.waiting == 0)

            try lab.send([0], sender)
            try turn(loop) { wire.counters(0).0.delivered > full.0.delivered }
            #expect(wire.counters(0).0.delivered > full.0.delivered)
            _ = consume receiver
        }

        /// Runs the loop until `condition` holds, ten seconds at most.
        private func turn(_ loop: EventLoop, until condition: @escaping () -> Bool) throws {
            let deadline = Clock.monotonic() + 10_000_000_000
            func look() {
                if condition() || Clock.monotonic() > deadline { return loop.stop() }
                loop.schedule(after: 1_000_000, look)
            }
            look()
            try loop.run()
        }

        @Test(arguments: ["{}", tenMilliseconds, #"{"delay_ns":1000000,"rate_bps":400000000}"#])
        func aStreamOfLargeFramesArrivesUnharmed(impairment: String) throws {
            let lab = try LiveLab()
            try lab.start(lab.link(0, "one", impairment))
            try lab.address("one")
            let data = Self.data
            let address = try #require(IPAddress("10.99.0.2"))
            let listener = try lab.inside(lab.b) { try Socket.listening(address, port: 4000) }
            let client = try lab.inside(lab.a) { () throws -> FileDescriptor in
                let socket = try Socket.open(AF_INET, .stream)
                _ = try Socket.connect(socket.raw, to: SocketAddress(address, port: 4000))
                return socket
            }
            #expect(isReady(listener.raw, POLLIN))
            guard let accepted = try Socket.accept(listener.raw) else {
                Issue.record("nothing to accept")
                return
            }
            let server = accepted.take()
            #expect(isReady(client.raw, POLLOUT))

            var sent = 0
            var received: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 18)
            while received.count < data.count {
                if sent < data.count {
                    let count = data.withUnsafeBytes {
                        Glibc.send(client.raw, $0.baseAddress?.advanced(by: sent), min(1 << 18, data.count - sent), 0)
                    }
                    if count > 0 { sent += count }
                }
                let count = recv(server.raw, &chunk, chunk.count, 0)
                if count > 0 {
                    received += chunk[..<count]
                } else {
                    guard isReady(server.raw, POLLIN) else { break }
                }
            }
            #expect(received == data)
            let lane = try lab.lane("a_to_b")
            let frames = try #require(lane["delivered"]?.int)
            #expect(frames < 2_800, "4 MB in \(frames) frames: the kernel was to leave segmentation to the end")
        }
    }
}
