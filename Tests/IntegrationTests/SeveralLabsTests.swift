import Foundation
import Testing

/// Labs side by side share nothing but the kernel.
@Suite(.serialized)
struct SeveralLabsTests {
    /// Runs `body` with so many copies of a lab file under names of their own.
    private func with(_ count: Int, _ others: [LabUnderTest] = [], _ body: ([LabUnderTest]) throws -> Void) throws {
        guard count > 0 else { return try body(others) }
        try LabUnderTest.with("hello.yaml") { try with(count - 1, others + [$0], body) }
    }

    @Test func eightCopiesOfHelloAtOnce() throws {
        let before = try MachineSnapshot.take()
        try with(8) { labs in
            // All at the same time, so that they make and find the folders that they share at the same time, too.
            let ups = try labs.map { try Command.Running([LabUnderTest.program, "up", $0.file, "--timeout", "300"]) }
            defer { for up in ups { up.end() } }
            for up in ups {
                let outcome = try up.finish(limit: 400)
                #expect(outcome.status == 0, "\(outcome)")
            }
            let list = try JSONDecoder().decode(
                ListDocument.self, from: Data(LabUnderTest.lab("list", "--json").output.utf8))
            #expect(list.labs.filter { lab in labs.contains { $0.name == lab.name } && lab.state == "up" }.count == 8)
            let ambiguous = try LabUnderTest.lab("status")
            #expect(ambiguous.status == 2 && ambiguous.errors.contains("say which"), "\(ambiguous)")

            #expect(try labs[3].run("fail", "london", "--how", "link-down").status == 0)
            try Command.wait("New York in the fourth lab") { try labs[3].site(for: "london-home") == "newyork" }
            #expect(try LabUnderTest.lab("down", labs[5].name).status == 0)
            for (index, lab) in labs.enumerated() where index != 3 && index != 5 {
                #expect(try lab.site(for: "london-home") == "london")
                let status = try lab.json(StatusDocument.self, "status", lab.name)
                #expect(status.converged && status.nodes.flatMap(\.processes).allSatisfy { $0.restarts == 0 })
                #expect(try !lab.run("events").output.contains("fail "), "lab \(index)")
            }
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }
}
