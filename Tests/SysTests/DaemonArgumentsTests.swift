import Sys
import Testing

@Suite struct DaemonArgumentsTests {
    @Test("Order does not matter, and the control channel may be left out") func good() throws {
        let both = try DaemonArguments(["--control", "3", "--config", "/x.json"], of: "dns")
        #expect(both.configuration == "/x.json" && both.control == .descriptor(3))
        #expect(try both.supervisor() == 3 && both.requiredSupervisor() == 3)
        let path = try DaemonArguments(["--config", "a", "--control", "/run/x"], of: "bgp")
        #expect(path.control == .path("/run/x"))
        let none = try DaemonArguments(["--config", "a"], of: "bgp")
        #expect(none.control == .none)
        #expect(try none.supervisor() == nil)
    }

    @Test(
        "What is no use says how it is called",
        arguments: [
            [], ["--config"], ["--config", "a", "--control"], ["--config", "a", "--control", "2"],
            ["--config", "a", "--control", "-1"], ["--control", "3"], ["--confg", "a"], ["a"],
        ])
    func bad(_ arguments: [String]) {
        let error = #expect(throws: DaemonUsageError.self) { try DaemonArguments(arguments, of: "wire") }
        #expect(error?.description == "usage: labd wire --config FILE [--control DESCRIPTOR|PATH]")
    }

    @Test("A daemon that makes no socket takes no path, and one that needs the supervisor does not do without")
    func channels() throws {
        let path = try DaemonArguments(["--config", "a", "--control", "/run/x"], of: "dns")
        #expect(throws: DaemonUsageError.self) { try path.supervisor() }
        let none = try DaemonArguments(["--config", "a"], of: "wire")
        #expect(throws: DaemonUsageError.self) { try none.requiredSupervisor() }
    }
}
