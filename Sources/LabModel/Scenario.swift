/// What is done to a lab, and what is expected of it meanwhile: steps that follow one another.
public struct Scenario: Hashable, Sendable {
    /// The steps, in order.
    public var steps: [Step]

    /// Makes a scenario of its steps.
    public init(steps: [Step]) {
        self.steps = steps
    }

    /// One step.
    public struct Step: Hashable, Sendable {
        /// The line of the file, from 1.
        public var line: Int
        /// What is done.
        public var action: Action

        /// Makes a step.
        public init(line: Int, action: Action) {
            self.line = line
            self.action = action
        }
    }

    /// What a step does.
    public indirect enum Action: Hashable, Sendable {
        /// Looks whether the lab is as it should be.
        case expect(Expectation)
        /// Something fails.
        case fail(Fault)
        /// The faults of a target end.
        case heal(target: String)
        /// A node tells its neighbours that it will be away, and then leaves.
        case drain(target: String)
        /// The lab is changed to another file, by its path relative to the scenario's.
        case apply(path: String)
        /// Clients send queries, while the steps that follow are done.
        case flood(Flood)
        /// A command runs inside a node.
        case run(Command)
        /// Nothing happens for so many nanoseconds.
        case wait(Int64)
        /// Clients make connections and hold them from now on, in place of those that they held before.
        case connect(Connections)
        /// Steps are done so many times.
        case `repeat`(times: Int, steps: [Step])
    }

    /// A command, and what it has to do.
    public struct Command: Hashable, Sendable {
        /// What the output has to be.
        public enum Output: Hashable, Sendable {
            /// This is somewhere in it.
            case contains(String)
            /// This is all of it, without white space at the ends.
            case equals(String)
        }

        /// The node.
        public var node: String
        /// The program and its arguments.
        public var words: [String]
        /// The exit status that it has to have.
        public var status: Int32
        /// What it has to write to its standard output; nil for anything.
        public var output: Output?

        /// What a shell runs as it was said, other words with spaces between.
        var text: String {
            words.count == 3 && words.starts(with: ["sh", "-c"]) ? words[2] : words.joined(separator: " ")
        }

        /// Makes a command that has to succeed.
        public init(node: String, words: [String], status: Int32 = 0, output: Output? = nil) {
            self.node = node
            self.words = words
            self.status = status
            self.output = output
        }
    }
}

extension Scenario.Action {
    /// Whether it may move routes, so that probes have to be counted from before it on.
    public var isDisturbance: Bool {
        switch self {
        case .fail, .heal, .drain, .apply: true
        case .expect, .flood, .run, .wait, .connect, .repeat: false
        }
    }
}

extension Scenario.Action: CustomStringConvertible {
    /// The step in a line, for people.
    public var description: String {
        switch self {
        case .expect(let expectation): "expect \(expectation)"
        case .fail(let fault): "fail \(fault.target), \(fault.kind.text)"
        case .heal(let target): "heal \(target)"
        case .drain(let target): "drain \(target)"
        case .apply(let path): "apply \(path)"
        case .flood(let flood): "flood \(flood)"
        case .run(let command): "run in \(command.node): \(command.text)"
        case .wait(let time): "wait \(time.asDuration)"
        case .connect(let connections): "connect \(connections.text)"
        case .repeat(let times, let steps): "repeat \(steps.count) steps \(times) times"
        }
    }
}

extension Int64 {
    /// Nanoseconds as people write them: `1.5s`, `30ms`, `250us`.
    public var asDuration: String {
        for (unit, size) in [("s", Int64(1_000_000_000)), ("ms", 1_000_000), ("us", 1000)] where abs(self) >= size {
            let (whole, rest) = quotientAndRemainder(dividingBy: size)
            guard rest != 0 else { return "\(whole)\(unit)" }
            let decimals = String(String(size + abs(rest)).dropFirst())
            return "\(whole)." + decimals.prefix(decimals.count - decimals.reversed().prefix { $0 == "0" }.count) + unit
        }
        return self == 0 ? "0s" : "\(self)ns"
    }
}

extension Scenario {
    /// How many steps are done at most.
    public static let mostSteps = 100_000

    /// How many steps are done, repetitions counted.
    public var count: Int { Self.count(steps) }

    private static func count(_ steps: [Step]) -> Int {
        steps.reduce(0) { sum, step in
            guard case .repeat(let times, let inner) = step.action else { return sum == .max ? sum : sum + 1 }
            let (product, overflow) = count(inner).multipliedReportingOverflow(by: times)
            return overflow || product > Int.max - sum ? Int.max : sum + product
        }
    }

    /// The steps one after the other, those that are repeated as often as they are; none when they are more than
    /// ``mostSteps``.
    public var unrolled: [Step] { count > Self.mostSteps ? [] : Self.unrolled(steps) }

    private static func unrolled(_ steps: [Step]) -> [Step] {
        steps.flatMap { step -> [Step] in
            guard case .repeat(let times, let inner) = step.action else { return [step] }
            let once = unrolled(inner)
            return (0..<times).flatMap { _ in once }
        }
    }
}
