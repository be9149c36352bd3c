import BGPSimulation
import Foundation
import Testing

/// The core replays a recorded log to the octet: nothing of a process, no hash seed and no order of a dictionary, gets into
/// what it says. `RECORD=1` writes the logs anew; a change of one is a change of behaviour, to be read in the diff.
@Suite("Recorded logs")
struct ReplayTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/BGP")

    private static func file(_ test: RecordedCase, _ ending: String) -> URL {
        folder.appendingPathComponent("\(test.name).\(ending)")
    }

    private static func recorded(_ test: RecordedCase) throws -> String {
        try String(contentsOf: file(test, "log"), encoding: .utf8)
    }

    @Test("The network does again what was recorded", arguments: RecordedCase.all)
    func record(test: RecordedCase) throws {
        let network = test.run(test)
        let log = try #require(network.logs.values.first).text
        if ProcessInfo.processInfo.environment["RECORD"] == "1" {
            try log.write(to: Self.file(test, "log"), atomically: true, encoding: .utf8)
        }
        #expect(try firstDifference(log, Self.recorded(test)) == nil)
    }

    @Test("The router alone, given what came in, says what came out", arguments: RecordedCase.all)
    func replay(test: RecordedCase) throws {
        let recorded = try Self.recorded(test)
        #expect(recorded.split(separator: "\n").count > 20)
        let replayed = try #require(EventLog.replay(recorded))
        #expect(firstDifference(replayed, recorded) == nil)
    }

    @Test("Two other processes say the same", arguments: RecordedCase.all)
    func processes(test: RecordedCase) throws {
        let recorded = try Self.recorded(test)
        for _ in 0..<2 {
            let process = Process()
            process.executableURL = Bundle.main.executableURL?.deletingLastPathComponent()
                .appendingPathComponent("bgp-replay")
            process.standardInput = try FileHandle(forReadingFrom: Self.file(test, "log"))
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(firstDifference(text, recorded) == nil)
        }
    }

    @Test("Each has a drawing beside it, and nothing lies there that nobody replays")
    func drawings() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
        #expect(files == RecordedCase.all.flatMap { ["\($0.name).log", "\($0.name).txt"] }.sorted())
    }

    @Test("A log that is none is refused", arguments: ["", "0.000000 > work\n", "router r asn x\n"])
    func wrong(text: String) {
        #expect(EventLog.replay(text) == nil)
    }
}

/// The first line in which two texts differ, with its number; nil if they are the same.
private func firstDifference(_ left: String, _ right: String) -> String? {
    guard left != right else { return nil }
    let (left, right) = (left.split(separator: "\n"), right.split(separator: "\n"))
    for index in 0..<max(left.count, right.count) {
        let one = left.indices.contains(index) ? left[index] : "nothing"
        let two = right.indices.contains(index) ? right[index] : "nothing"
        if one != two { return "line \(index + 1): \(one) | recorded: \(two)" }
    }
    return "line ends"
}
