import LabModel

/// Something wrong with the text of a zone, and where.
public struct ZoneProblem: Hashable, Sendable {
    /// The line of the zone's text, from 1.
    public var line: Int
    /// The column, from 1.
    public var column: Int
    /// What is wrong.
    public var message: String

    /// Makes a problem.
    public init(line: Int, column: Int, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }
}

/// Gets the text of zones: records that the lab file has itself, or a file beside it.
struct ZoneReader {
    let report: Report
    let folder: String

    init(_ report: Report, path: String) {
        self.report = report
        folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    /// The zones of the draft's services, by the services' names.
    func zones(
        of draft: Draft, _ readFile: (String) throws -> [UInt8], _ check: (Service.Zone) -> [ZoneProblem]
    ) -> [String: Service.Zone] {
        var zones: [String: Service.Zone] = [:]
        for service in draft.services {
            guard let zone = service.zone, LabReader.isDomainName(zone.origin.value) else { continue }
            if let records = zone.records {
                let made = Service.Zone(
                    origin: Self.origin(zone.origin.value), text: records.map { $0.value + "\n" }.joined())
                for problem in check(made) { reportRecord(problem, in: records, zone.origin.position) }
                zones[service.name.value] = made
            } else if let file = zone.file, let (path, source) = read(file, readFile) {
                let made = Service.Zone(
                    origin: Self.origin(zone.origin.value), text: String(decoding: source.bytes, as: UTF8.self))
                for problem in check(made) {
                    report.error(
                        problem.message, inFile: path, source, at: Position(line: problem.line, column: problem.column))
                }
                zones[service.name.value] = made
            }
        }
        return zones
    }

    /// A record is a line of the text, and begins where its value stands in the lab file.
    private func reportRecord(_ problem: ZoneProblem, in records: [Located<String>], _ origin: Position) {
        guard records.indices.contains(problem.line - 1) else {
            report.error("the zone: \(problem.message)", at: origin)
            return
        }
        report.error("the record: \(problem.message)", at: records[problem.line - 1].position)
    }

    private func read(
        _ file: Located<String>, _ readFile: (String) throws -> [UInt8]
    ) -> (path: String, source: Source)? {
        let path = file.value.hasPrefix("/") ? file.value : folder + file.value
        do {
            let source = Source(zone: try readFile(path))
            if String(validating: source.bytes, as: UTF8.self) != nil { return (path, source) }
            report.error("the zone file \(quoted(path)) is not UTF-8 text", at: file.position)
        } catch {
            report.error("the zone file \(quoted(path)) cannot be read: \(error)", at: file.position)
        }
        return nil
    }

    private static func origin(_ name: String) -> String {
        name.hasSuffix(".") && name != "." ? String(name.dropLast()) : name
    }
}
