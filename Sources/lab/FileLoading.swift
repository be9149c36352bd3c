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
    static func topology(_ path: String) throws -> Topology { try topology(path, of: try lab(path)) }

    /// The topology of the lab that a file has. Throws ``Failure``.
    static func topology(_ path: String, of lab: Lab) throws -> Topology {
        do {
            return try Topology(lab)
        } catch {
            throw Failure(.badInput, "\(path): \(error)")
        }
    }

    /// The lab in a file. Throws ``Failure`` with every error of the file.
    static func lab(_ path: String) throws -> Lab { try checked(path, try parse(path)).lab }

    /// The lab in a file, with its scenario. Throws ``Failure`` with every error of the file.
    static func labFile(_ path: String) throws -> (lab: Lab, scenario: Scenario?) { try checked(path, try parse(path)) }

    /// The scenario in a file that has nothing else, for a lab. Throws ``Failure`` with every error of the file.
    static func scenario(_ path: String, for lab: Lab) throws -> Scenario {
        let file = LabFile.parseScenario(try read(path), path: path, for: lab)
        return try checked(path, file).scenario ?? Scenario(steps: [])
    }

    private static func checked(_ path: String, _ file: LabFile) throws -> (lab: Lab, scenario: Scenario?) {
        for diagnostic in file.diagnostics { Console.write(error: diagnostic.rendered) }
        guard let lab = file.lab else {
            let count = file.diagnostics.count { $0.severity == .error }
            throw Failure(.badInput, "\(path) has \(count == 1 ? "an error" : "\(count) errors"); nothing was changed")
        }
        return (lab, file.scenario)
    }

    /// The octets of a file. Throws ``Failure`` when it cannot be read.
    static func read(_ path: String) throws -> [UInt8] {
        do {
            return try Files.read(path)
        } catch {
            throw Failure(.badInput, "\(path) cannot be read: \(error.reason)")
        }
    }

    /// Reads and checks a file. Throws ``Failure`` when it cannot be read at all.
    static func parse(_ path: String) throws -> LabFile {
        return LabFile.parse(
            try read(path), path: path, readFile: { try Files.read($0) }, checkZone: problems, checkExpression: problem,
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
