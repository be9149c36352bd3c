import BGPTable
import DNSWire
import DNSZone
import JSON
import LabFile
import LabModel
import LabRuntime
import Sys

/// Reading a lab file for a verb that needs all of it to be right.
enum FileLoading {
    /// The topology of the lab in a file. Throws ``Failure`` with every error of the file.
    static func topology(_ path: String) throws -> Topology {
        let lab = try lab(path)
        do {
            return try Topology(lab)
        } catch {
            throw Failure(.badInput, "\(path): \(error)")
        }
    }

    /// The lab in a file. Throws ``Failure`` with every error of the file.
    static func lab(_ path: String) throws -> Lab {
        let file = try parse(path)
        for diagnostic in file.diagnostics { Console.write(error: diagnostic.rendered) }
        guard let lab = file.lab else {
            let count = file.diagnostics.count { $0.severity == .error }
            throw Failure(.badInput, "\(path) has \(count == 1 ? "an error" : "\(count) errors"); nothing was changed")
        }
        return lab
    }

    /// Reads and checks a file. Throws ``Failure`` when it cannot be read at all.
    static func parse(_ path: String) throws -> LabFile {
        let bytes: [UInt8]
        do {
            bytes = try Files.read(path)
        } catch {
            throw Failure(.badInput, "\(path) cannot be read: \(error.reason)")
        }
        return LabFile.parse(
            bytes, path: path, readFile: { try Files.read($0) }, checkZone: problems, checkExpression: problem,
            checkQuestion: problem)
    }

    /// What the speakers would say of an AS path expression.
    private static func problem(_ expression: String) -> String? {
        do {
            _ = try ASPathExpression(expression)
            return nil
        } catch {
            return error.description
        }
    }

    /// What a health check would say of its question.
    private static func problem(_ question: HealthCheck.Question) -> String? {
        do {
            _ = try DNSExpectation(question)
            return nil
        } catch {
            return error.description
        }
    }

    /// What the responder would say of a zone, said before it is started.
    static func problems(_ zone: Service.Zone, _ include: @escaping ZoneInclusion) -> [ZoneProblem] {
        do {
            _ = try Zone(origin: try DomainName(zone.origin), text: zone.text) { name in
                include(name).mapError { ZoneFile.Unreadable($0.reason) }
            }
            return []
        } catch let error as ZoneErrors {
            return error.errors.map {
                ZoneProblem(file: $0.file, line: $0.line, column: $0.column, message: $0.reason)
            }
        } catch {
            return [ZoneProblem(line: 1, column: 1, message: "'\(zone.origin)' is not a domain name: \(error)")]
        }
    }
}
