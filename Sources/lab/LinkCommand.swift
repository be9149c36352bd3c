import ArgumentParser
import JSON
import LabFile
import LabModel
import LabPlan
import LabRuntime

/// `lab link A B`.
struct LinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link", abstract: "Shows or changes what a link does to packets.",
        discussion: """
            A and B are nodes or networks: all links between the two are meant, in both directions, each as it is said. What is not
            named stays as it is, and 0 takes it away. Without options, shows what is there. Routing does not follow: a router's
            metric is configured, and stays what the lab file says.

            Example:
              lab link london eurocore
              lab link london eurocore --delay 40ms --jitter 2ms --loss 1% --rate 10mbit
              lab link london eurocore --loss 0 --rate 0
              lab link london eurocore --reset
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "A node or network.")
    var a: String
    @Argument(help: "Another, joined to it.")
    var b: String
    @Option(help: "One-way delay: 40ms, 0.5ms, 200us.")
    var delay: String?
    @Option(help: "How much the delay varies, evenly: 2ms is up to 2 ms more or less.")
    var jitter: String?
    @Option(help: "The share of packets that is lost: 1%.")
    var loss: String?
    @Option(help: "The share of packets that arrives twice: 0.1%.")
    var duplicate: String?
    @Option(help: "The share of packets that is not delayed and so overtakes others: 5%.")
    var reorder: String?
    @Option(help: "Bits a second: 10mbit, 1gbit.")
    var rate: String?
    @Flag(help: "Change only what A sends to B.")
    var oneWay = false
    @Flag(help: "Start from what the lab file says, not from what is there.")
    var reset = false
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let change = try change()
        let running = try RunningLab(lab.name)
        var request: [JSON.Member] = [
            .init("do", "link"), .init("from", .string(a)), .init("to", .string(b)), .init("one_way", .bool(oneWay)),
            .init("from_file", .bool(reset)),
        ]
        if !change.isEmpty { request.append(.init("change", try JSON(encoding: change))) }
        if oneWay, change.isEmpty, !reset {
            throw Failure(.badInput, "--one-way changes nothing by itself", hint: "say what: --delay 40ms --one-way")
        }
        let client = try running.connect()
        let answer: JSON
        do {
            answer = try client.request(request)
        } catch let error as RequestError {
            throw Failure(.badInput, error.description)
        }
        if json { Console.print(answer) } else { show(answer["directions"]?.array ?? []) }
    }

    private func change() throws -> QualityChange {
        var change = QualityChange()
        change.delay = try read("--delay", delay, Quantity.delay)
        change.jitter = try read("--jitter", jitter, Quantity.delay)
        change.loss = try read("--loss", loss, Quantity.share)
        change.duplicate = try read("--duplicate", duplicate, Quantity.share)
        change.reorder = try read("--reorder", reorder, Quantity.share)
        change.rate = try read("--rate", rate) { text throws(Quantity.Wrong) in
            try Quantity.rate(text, orNone: true)
        }
        return change
    }

    /// A quantity; 0 needs no unit.
    private func read<Value: Numeric>(
        _ option: String, _ text: String?, _ read: (String) throws(Quantity.Wrong) -> Value
    ) throws -> Value? {
        guard let text else { return nil }
        if text == "0" { return 0 }
        do {
            return try read(text)
        } catch {
            throw Failure(.badInput, "\(option): '\(text)' \(error.message)", hint: error.hint)
        }
    }

    private func show(_ directions: [JSON]) {
        var table = TextTable("FROM", "TO", "DELAY", "JITTER", "LOSS", "DUPLICATE", "REORDER", "RATE", "")
        func time(_ json: JSON?) -> String {
            let nanoseconds = ((json?.double ?? 0) * 1e6).rounded()
            return nanoseconds == 0 ? "-" : LinkQuality.milliseconds(Int64(nanoseconds))
        }
        func share(_ json: JSON?) -> String { (json?.double ?? 0) == 0 ? "-" : LinkQuality.percent(json?.double ?? 0) }
        for direction in directions {
            let rate = direction["rate_bps"]?.int ?? 0
            let notes = [
                direction["up"]?.bool == false ? "down" : nil, direction["as_in_file"]?.bool == false ? "changed" : nil,
            ]
            let faults = (direction["faults"]?.array ?? []).map(\.string)
            table.add(
                .init(direction["from"]?.string ?? ""), .init(direction["to"]?.string ?? ""),
                .init(time(direction["delay_ms"])), .init(time(direction["jitter_ms"])),
                .init(share(direction["loss"])), .init(share(direction["duplicate"])),
                .init(share(direction["reorder"])), .init(rate == 0 ? "-" : LinkQuality.rate(UInt64(clamping: rate))),
                .init((notes + faults).compactMap(\.self).joined(separator: ", "), .yellow))
        }
        print(table.text)
    }
}
