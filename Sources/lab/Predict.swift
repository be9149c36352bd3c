import ArgumentParser
import BGPSpeaker
import LabModel
import LabPredict

/// `lab predict FILE`.
struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says which site will serve every client, from the file alone.",
        discussion: """
            Runs the speakers of the lab against each other as values: no namespace is made and no privilege needed. RTT is what the
            delays of the links add up to.

            Example:
              lab predict labs/hello.yaml
              lab predict labs/hello.yaml --without london
            """)

    @Argument(help: "The lab file.")
    var file: String
    @Option(
        help: ArgumentHelp(
            "A site or router that is cut off, or a link A--B that is dead; may be given several times.",
            valueName: "target"))
    var without: [String] = []
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let topology = try FileLoading.topology(file)
        let prediction = try Prediction(of: topology, without: without)
        let rows = prediction.catchments()
        if json {
            Console.print(PredictedCatchment.document(lab: topology.lab.name, isAtRest: prediction.isAtRest, rows))
        } else {
            print(PredictionTable.text(rows))
        }
        prediction.warnOfUnrest()
    }
}

extension Prediction {
    /// Says on standard error that what is shown is one moment of many, if it is.
    func warnOfUnrest(in file: String? = nil) {
        guard !isAtRest else { return }
        Console.error(
            (file.map { "\($0): " } ?? "") + "routing never comes to rest",
            hint: "what is shown is one moment of it (RFC 3345, RFC 4264)")
    }

    /// Predicts a lab with targets cut off, each named as for `lab fail`. Throws ``Failure``.
    init(of topology: Topology, without targets: [String] = []) throws {
        var conditions = Conditions()
        for word in targets {
            do throws(FaultError) {
                let target = try FaultTarget(word, in: topology)
                conditions.deadLinks.formUnion(topology.links.filter { target.covers($0).aToB }.map(\.index))
            } catch {
                throw Failure(.badInput, error.description)
            }
        }
        do throws(ConfigurationError) {
            try self.init(topology, conditions)
        } catch {
            throw Failure(.badInput, "a speaker would refuse its configuration: \(error)")
        }
    }
}
