import LabModel

/// Something wrong with the text of a zone, and where.
public struct ZoneProblem: Hashable, Sendable {
    /// The included file that has it, as the text names it; empty for the zone's own text.
    public var file: String
    /// The line of the zone's text, from 1.
    public var line: Int
    /// The column, from 1.
    public var column: Int
    /// What is wrong.
    public var message: String

    /// Makes a problem.
    public init(file: String = "", line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }
}

/// Gives the text of a file that a zone includes, named relative to the folder of the zone's own text; or says why it cannot.
public typealias ZoneInclusion = (_ name: String) -> Result<String, UnreadableZone>

/// Why a file of a zone cannot be read, in words.
public struct UnreadableZone: Error {
    /// The reason.
    public let reason: String

    /// Gives a reason.
    public init(reason: String) { self.reason = reason }
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
        of draft: Draft, _ readFile: (String) throws -> [UInt8],
        _ check: (Service.Zone, @escaping ZoneInclusion) -> [ZoneProblem]
    ) -> [String: Service.Zone] {
        withoutActuallyEscaping(readFile) { readFile in
            var zones: [String: Service.Zone] = [:]
            for service in draft.services {
                guard let zone = service.zone, LabReader.isDomainName(zone.origin.value) else { continue }
                zones[service.name.value] = made(of: zone, readFile, check)
            }
            return zones
        }
    }

    private func made(
        of zone: Draft.Zone, _ readFile: @escaping (String) throws -> [UInt8],
        _ check: (Service.Zone, @escaping ZoneInclusion) -> [ZoneProblem]
    ) -> Service.Zone? {
        var made = Service.Zone(origin: Self.origin(zone.origin.value), text: "", primary: zone.primary?.value)
        var own: (path: String, source: Source)?
        if let records = zone.records {
            made.text = records.map { $0.value + "\n" }.joined()
        } else if let file = zone.file, let found = read(file, readFile) {
            made.text = String(decoding: found.source.bytes, as: UTF8.self)
            own = found
        } else {
            return nil
        }
        let included = IncludedFiles(of: own?.path ?? folder, readFile)
        for problem in check(made, included.read) {
            let position = Position(line: problem.line, column: problem.column)
            if let text = included.texts[problem.file] {
                let path = included.path(of: problem.file)
                report.error(problem.message, inFile: path, Source(zone: Array(text.utf8)), at: position)
            } else if let own {
                report.error(problem.message, inFile: own.path, own.source, at: position)
            } else {
                reportRecord(problem, in: zone.records ?? [], zone.origin.position)
            }
        }
        made.includes = included.texts
        return made
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
