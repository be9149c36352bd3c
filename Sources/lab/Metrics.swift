import ArgumentParser
import JSON
import LabRuntime

/// `lab metrics`.
struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints what a lab counts in the text format of Prometheus.",
        discussion: """
            Queries, requests, responses and bytes of every site, BGP sessions, routes, processes and health, as they are now.

            Example:
              lab metrics
              lab metrics > /var/lib/node_exporter/lab.prom
              lab metrics --json | jq '.metrics[] | select(.name == "lab_dns_queries_total")'
            """)

    @OptionGroup var lab: LabOption
    @Flag(help: "Print JSON: the same metrics with their labels.")
    var json = false

    func run() throws {
        let lab = try RunningLab(lab.name)
        let client = try lab.connect()
        let status = try client.request([.init("do", "status")])
        let counters = try client.request([.init("do", "counters")])
        let families = MetricFamily.all(status, counters)
        if json {
            let metrics = families.flatMap { family in family.samples.map { family.json($0) } }
            return Console.print(["lab": .string(lab.name), "metrics": .array(metrics)])
        }
        print(families.map(\.text).joined(), terminator: "")
    }
}

/// Samples of one name (https://prometheus.io/docs/instrumenting/exposition_formats):
///
///     # HELP lab_session_up Whether a BGP session is established.
///     # TYPE lab_session_up gauge
///     lab_session_up{lab="hello",local="london",remote="eurocore-fra",family="ipv4"} 1
struct MetricFamily {
    enum Kind: String {
        case counter, gauge
    }

    struct Sample {
        let labels: [(name: String, value: String)]
        let value: Int
    }

    let name: String
    let kind: Kind
    let help: String
    let samples: [Sample]

    var text: String {
        guard !samples.isEmpty else { return "" }
        var lines = ["# HELP \(name) \(help)", "# TYPE \(name) \(kind.rawValue)"]
        lines += samples.map { sample in
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
            return "\(name){\(labels)} \(sample.value)"
        }
        return lines.joined(separator: "\n") + "\n"
    }

    func json(_ sample: Sample) -> JSON {
        [
            "name": .string(name), "type": .string(kind.rawValue),
            "labels": .object(sample.labels.map { .init($0.name, .string($0.value)) }), "value": .int(sample.value),
        ]
    }

    /// The value of a label: backslash, quotation mark and line feed are escaped.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
