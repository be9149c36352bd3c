import Foundation
import LabFile
import LabModel

/// Files of the project, found from this one.
enum Project {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: root.appendingPathComponent(path)))
    }

    static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }
}

struct NoSuchFile: Error, CustomStringConvertible { let description = "no such file" }

/// Reads a lab file that names no other files.
func parse(_ text: String) -> LabFile { parse(bytes: Array(text.utf8)) }

func parse(bytes: [UInt8]) -> LabFile {
    LabFile.parse(bytes, path: "x.yaml") { _ throws -> [UInt8] in throw NoSuchFile() }
}

/// `line:column message`, and ` | hint` if there is one.
func problems(_ text: String) -> [String] {
    parse(text).diagnostics.map { "\($0.line):\($0.column) \($0.message)" + ($0.hint.map { " | " + $0 } ?? "") }
}

/// A good lab to break: every test changes one thing.
let good = """
    lab: good
    networks:
      core: { asn: 65001, cities: [FRA, JFK] }
      edge: { asn: 65002, cities: [LHR], providers: [core] }
    services:
      dns: { asn: 64500, addresses: [192.0.2.53, 2001:db8:53::53] }
    sites:
      london: { city: LHR, providers: [core] }
    clients:
      home: { city: LHR, provider: edge }
    links:
      - { between: [london, core], delay: 5ms }

    """

extension String {
    /// This with `part` replaced; a test that replaces nothing would test nothing.
    func with(_ part: String, _ replacement: String) -> String {
        precondition(contains(part), "'\(part)' is not there")
        return replacingOccurrences(of: part, with: replacement)
    }
}
