import Foundation
import Net
import Netlink
import Testing

@Suite("Queueing disciplines, in namespaces of their own", .serialized)
struct LiveQdiscTests {
    @Test("tbf reads back as it was set, here and by tc", arguments: [8_000_000, 40_000_000_000] as [UInt64])
    func tokenBucket(_ rate: UInt64) throws {
        let (left, right) = (try TestNamespace(), try TestNamespace())
        let link = try left.veth("a", to: right, "a").here
        let bucket = TokenBucket(rate: rate, burst: 16384, limit: 90_000)
        let qdisc = Qdisc(.tokenBucket(bucket), on: link, handle: 5)
        try left.session.send(QdiscReplacement(qdisc))
        var read = try #require(try left.session.qdiscs().first { $0.interface == link })
        guard case .tokenBucket(var values) = read.discipline else {
            Issue.record("\(read)")
            return
        }
        #expect(abs(Int(values.burst) - 16384) <= Int(rate / 8 * 64 / 1_000_000_000))
        values.burst = 16384
        read.discipline = .tokenBucket(values)
        #expect(read == qdisc)

        let shown = try #require(try left.tc("qdisc", "show", "dev", "a").first)
        #expect(shown["kind"] as? String == "tbf")
        #expect(shown["handle"] as? String == "5:")
        let options = try #require(shown["options"] as? [String: Any])
        #expect(options["rate"] as? UInt64 == rate / 8)
        let latency = try #require(options["lat"] as? Int)
        #expect(latency == Int((90_000.0 - 16_384) * 8e6 / Double(rate)) || rate > 8_000_000)

        var slower = bucket
        slower.rate = 1_000_000
        try left.session.send(QdiscReplacement(Qdisc(.tokenBucket(slower), on: link, handle: 5)))
        #expect(try left.session.qdiscs().first { $0.interface == link }?.discipline == .tokenBucket(slower))

        try left.session.send(QdiscDeletion(on: link))
        #expect(try left.session.qdiscs().filter { $0.interface == link }.map(\.discipline) == [.other("noqueue")])
        try left.session.send(QdiscDeletion(on: link), ignoring: .alreadyGone)
        let gone = #expect(throws: NetlinkError.self) { try left.session.send(QdiscDeletion(on: link)) }
        #expect(gone?.code == ENOENT)
    }

    @Test("a discipline goes below another")
    func child() throws {
        let (left, right) = (try TestNamespace(), try TestNamespace())
        let link = try left.veth("a", to: right, "a").here
        let outer = Qdisc(
            .tokenBucket(TokenBucket(rate: 80_000_000, burst: 20_000, limit: 90_000)), on: link, handle: 1)
        let inner = Qdisc(
            .tokenBucket(TokenBucket(rate: 8_000_000, burst: 20_000, limit: 90_000)), on: link, parent: .below(1),
            handle: 2)
        try left.session.send(NetlinkBatch([QdiscReplacement(outer), QdiscReplacement(inner)]))
        #expect(try left.session.qdiscs().filter { $0.interface == link } == [outer, inner])
    }

    @Test("netem is set where the kernel has it, and refused with its name where not")
    func netem() throws {
        let (left, right) = (try TestNamespace(), try TestNamespace())
        let link = try left.veth("a", to: right, "a").here
        let netem = Netem(
            delay: 10_000_123, jitter: 1_000_007, distribution: .normal, loss: 0.001, duplicate: 0.01, reorder: 0.25,
            limit: 5000, rate: 80_000_000)
        let qdisc = Qdisc(.netem(netem), on: link, handle: 1)
        do {
            try left.session.send(QdiscReplacement(qdisc))
        } catch {
            #expect(error.code == ENOENT)
            #expect(error.description.hasPrefix("set netem on link a in \(left.name): "))
            #expect(error.explanation == "Specified qdisc kind is unknown")
            return
        }
        let read = try #require(try left.session.qdiscs().first { $0.interface == link })
        guard case .netem(let values) = read.discipline else {
            Issue.record("\(read)")
            return
        }
        #expect(values.delay == netem.delay)
        #expect(values.jitter == netem.jitter)
        #expect(abs(values.loss - netem.loss) < 1e-9)
        #expect(abs(values.duplicate - netem.duplicate) < 1e-9)
        #expect(abs(values.reorder - netem.reorder) < 1e-9)
        #expect(values.limit == netem.limit)
        #expect(values.rate == netem.rate)

        let plain = Qdisc(.netem(Netem(delay: 20_000_000)), on: link, handle: 1)
        try left.session.send(QdiscReplacement(plain))
        #expect(try left.session.qdiscs().filter { $0.interface == link } == [plain], "nothing of before stays")
    }
}
