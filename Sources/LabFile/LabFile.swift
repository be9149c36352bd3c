public import LabModel

/// A lab file, version 1: YAML read into a ``Lab``, and everything that is wrong with it.
///
/// A file goes through four stages: libyaml's events become nodes with positions; these become a draft, by key, type,
/// unit and range; the draft is checked for what things mean together; what is left is a lab. Each stage reports all it
/// finds.
public struct LabFile: Sendable {
    /// The lab; nil when there is an error.
    public let lab: Lab?
    /// What is done to the lab, and expected of it; nil when the file says nothing, or when there is an error.
    public let scenario: Scenario?
    /// What is wrong, in the order of the file.
    public let diagnostics: [Diagnostic]

    /// Reads the bytes of a lab file, UTF-8.
    ///
    /// - Parameters:
    ///   - bytes: What the file has; more than 4 MiB are refused.
    ///   - path: Its path, for messages and for finding zone files that are named relative to it.
    ///   - readFile: Reads a zone file that the lab names.
    ///   - checkZone: Looks at the text of a zone, which this module does not understand, and asks for the files that it includes.
    ///   - checkExpression: Answers what is wrong with an AS path expression, which this module does not understand either.
    ///   - checkQuestion: Answers what is wrong with the question of a health check.
    /// - Returns: The lab, or what is wrong with it.
    public static func parse(
        _ bytes: some Sequence<UInt8>, path: String, readFile: (String) throws -> [UInt8],
        checkZone: (Service.Zone, @escaping ZoneInclusion) -> [ZoneProblem] = { _, _ in [] },
        checkExpression: (String) -> String? = { _ in nil },
        checkQuestion: (HealthCheck.Question) -> String? = { _ in nil }
    ) -> LabFile {
        let source = Source(bytes)
        let report = Report(path: path, source: source)
        guard let root = YAMLReader.read(source, report) else { return LabFile(nil, report) }
        var reader = LabReader(report)
        reader.read(root)
        var draft = reader.draft
        Checks.run(&draft, report)
        Checks.policy(draft, report, checkExpression)
        Checks.health(draft, report, checkQuestion)
        let zones = ZoneReader(report, path: path).zones(of: draft, readFile, checkZone)
        let lab = draft.lab(zones: zones)
        if draft.hasStructure { Checks.links(of: draft, in: lab, report) }
        Checks.scenario(draft.mentions, ScenarioNames(draft), report)
        Checks.faults(draft.faults, in: lab, report)
        return LabFile(lab, report, scenario: draft.scenario)
    }

    /// Reads a file that has nothing but a scenario, for a lab of another file. The parameters are those of
    /// ``parse(_:path:readFile:checkZone:checkExpression:)``.
    public static func parseScenario(_ bytes: some Sequence<UInt8>, path: String, for lab: Lab) -> LabFile {
        let source = Source(bytes)
        let report = Report(path: path, source: source)
        guard let root = YAMLReader.read(source, report), let fields = Fields(root, .expectations, report) else {
            return LabFile(nil, report)
        }
        var reader = LabReader(report)
        reader.scenario(fields)
        Checks.scenario(reader.draft.mentions, ScenarioNames(lab), report)
        Checks.faults(reader.draft.faults, in: lab, report)
        return LabFile(lab, report, scenario: reader.draft.scenario)
    }

    private init(_ lab: Lab?, _ report: Report, scenario steps: [Scenario.Step]? = nil) {
        self.lab = report.hasErrors ? nil : lab
        scenario = report.hasErrors ? nil : steps.map { Scenario(steps: $0) }
        diagnostics = report.diagnostics
    }
}
