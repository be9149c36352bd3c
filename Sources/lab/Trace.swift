import ArgumentParser
import JSON
import LabModel
import LabObserve
import Net

/// `lab trace CLIENT [ADDRESS]`.
struct Trace: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the path of a client to an address, hop by hop.",
        discussion: """
            Without an address, to every address of every service.

            Example:
              lab trace london-home
              lab trace tokyo-cafe 2001:db8:53::53
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "The client, or any other node.")
    var client: String
    @Argument(help: "The address.")
    var address: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let lab = try RunningLab(lab.name)
        let node = try lab.node(client)
        var addresses = lab.topology.lab.services.flatMap(\.addresses)
        if let address {
            guard let wanted = IPAddress(address) else {
                throw Failure(.badInput, "'\(address)' is not an address", hint: "lab trace \(client) 192.0.2.53")
            }
            addresses = [wanted]
        }
        let observer = try lab.observer()
        let traces = try addresses.map { try observer.trace(from: node.index, to: $0) }
        if json {
            return Console.print(
                [
                    "lab": .string(lab.name), "client": .string(node.name),
                    "traces": .array(traces.map { $0.document(lab: lab.name) }),
                ])
        }
        for (index, trace) in traces.enumerated() {
            if index > 0 { print() }
            print("\(node.name) to \(addresses[index])")
            print(table(trace))
            if let finding = trace.finding { print(finding) }
        }
    }

    private func table(_ trace: LabObserve.Trace) -> String {
        var table = TextTable("HOP", "NODE", "AS", "CITY", "ADDRESS", "RTT")
        for (index, hop) in trace.hops.enumerated() {
            let node = hop.node
            table.add(
                .init(String(index + 1)), .init(node?.name ?? "*"), .init(node?.asn.description ?? "-"),
                .init(node?.place.label ?? "-"), .init(hop.address?.description ?? "*"),
                .init(CatchmentTable.milliseconds(hop.rtt)))
        }
        return table.text
    }
}
