import LabModel
import Testing

@testable import LabFile

/// Steps that hold connections, and what is expected of them.
struct ConnectTests {
    private func text(_ steps: String, kind: String = "http") -> String {
        good.with("53::53] }", "53::53], kind: \(kind) }") + "scenario: [\(steps)]\n"
    }

    @Test func isRead() throws {
        let steps = "{ connect: { service: dns, flows: 5, clients: [home] } }, { expect: { broken: [3, '<= 30%'] } }"
        let file = parse(text(steps + ", { expect: { broken: { home: '= 0' } } }, { connect: { service: dns } }"))
        #expect(file.diagnostics == [])
        let actions = try #require(file.scenario).steps.map(\.action)
        #expect(actions[0] == .connect(.init(service: "dns", flows: 5, clients: ["home"])))
        #expect(
            actions[1]
                == .expect(
                    Expectation(claims: [
                        .broken(client: nil, .count(Bound(.equal, 3))),
                        .broken(client: nil, .share(Bound(.lessOrEqual, 0.3))),
                    ])))
        #expect(actions[2] == .expect(Expectation(claims: [.broken(client: "home", .count(Bound(.equal, 0)))])))
        #expect(actions[3] == .connect(.init(service: "dns", flows: 10)))
        #expect("\(actions[1])" == "expect broken = 3, <= 30%")
        #expect("\(actions[0])" == "connect 5 flows to dns of each of home")
    }

    @Test(arguments: [
        ("{ expect: { broken: 0 } }", "'broken' counts held connections, and no 'connect' comes before"),
        ("{ connect: { service: web } }", "there is no service 'web'"),
        ("{ connect: { service: dns, clients: [london] } }", "there is no client 'london'"),
        ("{ connect: { service: dns, flows: 1001 } }", "is out of range for 'flows'"),
        ("{ connect: { service: dns } }, { expect: { broken: 30% } }", "'30%' is no bound"),
    ])
    func isRefused(_ steps: String, _ message: String) {
        let problems = problems(text(steps))
        #expect(problems.contains { $0.contains(message) }, "\(problems)")
    }

    @Test func nameServersHoldNoConnections() {
        let problems = problems(text("{ connect: { service: dns } }", kind: "dns"))
        #expect(problems.contains { $0.contains("the service 'dns' is not of kind http") }, "\(problems)")
    }
}
