import DNSWire
import JSON
import LabModel
import Net
import Sys
import Testing

@testable import LabObserve

@Suite("Rows of a catchment, from walks and answers that a test makes up")
struct CatchmentRowTests {
    let topology: Topology
    let atlas: Atlas

    init() throws {
        topology = try SmallLab.topology()
        atlas = Atlas(topology)
    }

    private let milliseconds: Nanoseconds = 1_000_000

    private func walk(_ names: [String] = ["isp-lhr", "core-fra", "london"], isDelivered: Bool = true) throws -> Walk {
        let home = try topology.require("home")
        var hops = try names.map { name in
            let node = try topology.require(name)
            return Hop(node: node, address: .v4(node.address))
        }
        let last = try topology.require(names.last ?? "home")
        if isDelivered { hops[hops.count - 1].address = SmallLab.service4 }
        return Walk(
            source: home, destination: SmallLab.service4, hops: hops,
            outcome: isDelivered ? .delivered(last) : .noRoute(last))
    }

    private func response(_ name: String?, nsid: String? = nil, after rtt: Nanoseconds = 30_000_000) -> ProbeAnswer {
        let identity = ServerIdentity(text: name, nsid: nsid ?? name)
        return ProbeAnswer(kind: .response(identity), responder: SmallLab.service4, rtt: rtt)
    }

    private func exceeded(_ name: String, after rtt: Nanoseconds) throws -> ProbeAnswer {
        ProbeAnswer(kind: .timeExceeded, responder: .v4(try topology.require(name).address), rtt: rtt)
    }

    private func goodReport() throws -> ProbeReport {
        ProbeReport(
            answer: response("london", after: 30 * milliseconds),
            limited: [
                try exceeded("isp-lhr", after: 2 * milliseconds), try exceeded("core-fra", after: 20 * milliseconds),
                response("london", after: 31 * milliseconds),
            ])
    }

    private func row(_ walk: Walk, _ report: ProbeReport) throws -> CatchmentRow {
        CatchmentRow(try topology.require("home"), service: "resolver", walk: walk, report: report, atlas: atlas)
    }

    @Test("an answer by the end of the walk agrees, and nothing is to be found")
    func agreement() throws {
        let row = try row(walk(), goodReport())
        #expect(row.agrees)
        #expect(row.finding == nil)
        #expect(row.site == "london")
        #expect(row.rtt == 30 * milliseconds)
        #expect(row.asPath == [ASN(65101), ASN(65010), ASN(64500)])
        #expect(row.hops.map { $0.node?.name } == ["isp-lhr", "core-fra", "london"])
        #expect(row.hops.map(\.rtt) == [2, 20, 31].map { $0 * milliseconds })
    }

    @Test("JSON has the keys of the contract, milliseconds with three decimals and null for the unknown")
    func document() throws {
        var report = try goodReport()
        report.answer = response("london", after: 30_123_499)
        report.limited[1] = nil
        let json = CatchmentRow.document(lab: "small", [try row(walk(), report)])
        #expect(
            json.description
                == #"{"lab":"small","rows":[{"client":"home","service":"resolver","address":"192.0.2.53","#
                + #""family":"ipv4","site":"london","rtt_ms":30.123,"as_path":[65101,65010,64500],"hops":["#
                + #"{"node":"isp-lhr","asn":65101,"address":"10.2.0.1","rtt_ms":2.0},"#
                + #"{"node":"core-fra","asn":65010,"address":"10.1.0.1","rtt_ms":null},"#
                + #"{"node":"london","asn":64500,"address":"192.0.2.53","rtt_ms":31.0}],"#
                + #""agrees":true,"finding":"no answer from core-fra"}]}"#)
    }

    @Test("another site than the walk's end disagrees")
    func otherSite() throws {
        var report = try goodReport()
        report.answer = response("paris")
        report.limited[2] = response("paris")
        let row = try row(walk(), report)
        #expect(!row.agrees)
        #expect(row.site == "paris")
        #expect(row.hops.last?.node?.name == "paris")
        #expect(row.finding?.contains("paris answers, but the way by the kernels' routes leads to london") == true)
        #expect(row.finding?.contains("hop 3: london is there") == true)
    }

    @Test("where single packets are shared out, any of the sites that they go to agrees, and no other")
    func spread() throws {
        var (walk, report) = (try walk(), try goodReport())
        (report.answer, report.limited[2]) = (response("paris"), response("paris"))
        #expect(try !row(walk, report).agrees)
        let paris = try topology.require("paris").index
        walk.spread = Spread(hops: [[], [], [paris]], ends: [paris])
        let shared = try row(walk, report)
        #expect(shared.agrees && shared.finding == nil && shared.site == "paris")
        walk.spread.hops = [[], [paris], []]
        #expect(try !row(walk, report).agrees, "it is there, but at another hop")
    }

    @Test("a hop that is not the walk's disagrees, though the site is right")
    func otherHop() throws {
        var report = try goodReport()
        report.limited[1] = try exceeded("isp-lhr", after: 1)
        let row = try row(walk(), report)
        #expect(!row.agrees)
        #expect(row.site == "london")
        #expect(
            row.finding == "hop 2: core-fra is there by the kernels' routes, isp-lhr (10.2.0.1) answers")
    }

    @Test("any address of the right node is the right hop")
    func otherAddress() throws {
        var report = try goodReport()
        let core = try topology.require("core-fra")
        for (_, end, _) in topology.links(of: core.index) {
            report.limited[1] = ProbeAnswer(kind: .timeExceeded, responder: .v4(end.address), rtt: 5)
            let row = try row(walk(), report)
            #expect(row.agrees)
            #expect(row.hops[1].address == .v4(end.address))
        }
    }

    @Test("an unknown address on the way disagrees")
    func unknownHop() throws {
        var report = try goodReport()
        report.limited[0] = ProbeAnswer(
            kind: .timeExceeded, responder: .v4(IPv4Address(203, 0, 113, 9)), rtt: 5)
        let row = try row(walk(), report)
        #expect(!row.agrees)
        #expect(row.hops[0] == Hop(node: nil, address: .v4(IPv4Address(203, 0, 113, 9)), rtt: 5))
        #expect(row.finding?.contains("somebody unknown (203.0.113.9) answers") == true)
    }

    @Test("an answer from nearer than the walk's end disagrees and ends the hops")
    func shorterWay() throws {
        var report = try goodReport()
        report.limited[1] = response("london")
        let row = try row(walk(), report)
        #expect(!row.agrees)
        #expect(row.hops.count == 2)
    }

    @Test("the TTL ending where the walk arrives disagrees")
    func longerWay() throws {
        var report = try goodReport()
        report.limited[2] = try exceeded("isp-lhr", after: 1)
        #expect(try !row(walk(), report).agrees)
    }

    @Test("silence where the walk arrives disagrees, and says whatever is known")
    func silence() throws {
        var report = try goodReport()
        report.answer = nil
        report.limited[2] = nil
        var row = try row(walk(), report)
        #expect(!row.agrees)
        #expect(row.site == nil)
        #expect(row.rtt == nil)
        #expect(
            row.finding
                == "nobody answers, and the way by the kernels' routes leads to london; no answer from london")
        #expect(row.json["site"] == .null)
        #expect(row.json["rtt_ms"] == .null)

        let closed = ProbeAnswer(kind: .unreachable(.port), responder: SmallLab.service4, rtt: 9)
        report.answer = closed
        report.limited[2] = closed
        row = try self.row(walk(), report)
        #expect(!row.agrees)
        #expect(row.hops.last?.node?.name == "london")
        #expect(row.finding?.hasPrefix("192.0.2.53 says: nobody listens on the port") == true)
    }

    @Test("no answer and no route agree with each other")
    func noRoute() throws {
        let walk = try walk(["isp-lhr", "core-fra"], isDelivered: false)
        let refusal = ProbeAnswer(
            kind: .unreachable(.noRoute), responder: .v4(try topology.require("core-fra").address), rtt: 9)
        let report = ProbeReport(answer: refusal, limited: [try exceeded("isp-lhr", after: 1), refusal])
        let row = try row(walk, report)
        #expect(row.agrees)
        #expect(
            row.finding
                == "core-fra says: no route, and the way by the kernels' routes ends at core-fra, which has no route")
        #expect(row.asPath == [ASN(65101), ASN(65010)])
    }

    @Test("nothing sent: the walk alone makes the hops")
    func failure() throws {
        let walk = Walk(
            source: try topology.require("home"), destination: SmallLab.service4, hops: [],
            outcome: .noRoute(try topology.require("home")))
        let row = try row(walk, ProbeReport(failure: SystemError(code: 101, call: "connect")))
        #expect(row.agrees)
        #expect(row.finding?.hasPrefix("nothing could be sent (Network is unreachable)") == true)
        #expect(row.hops.isEmpty)
        #expect(row.asPath == [ASN(65101)])
    }

    @Test("a name that is no site of the service, a second answer and odd messages are found")
    func oddities() throws {
        var report = try goodReport()
        report.answer = response("berlin")
        #expect(try row(walk(), report).finding == "'berlin' answers, which is no site of resolver")
        #expect(try !row(walk(), report).agrees)

        report = try goodReport()
        report.repeats = [ServerIdentity(text: "paris"), ServerIdentity(text: "london")]
        #expect(try row(walk(), report).finding == "answered again by paris")

        report = try goodReport()
        report.answer = ProbeAnswer(
            kind: .response(ServerIdentity(oddity: "the answer is REFUSED")), responder: SmallLab.service4, rtt: 1)
        let refused = try row(walk(), report)
        #expect(refused.site == nil)
        #expect(refused.finding?.hasSuffix("; the answer is REFUSED") == true)
    }
}
