import DNSWire
import DNSZone
public import LabModel

/// A question of a health check, and what is wrong with an answer to it.
public struct DNSExpectation: Equatable {
    private let question: Question
    /// The data of a record that must be there.
    private var data: [UInt8]?
    /// An SOA with an older serial number is wrong.
    private var serial: UInt32?

    /// Reads a question of a lab file. Throws ``RequestError`` with what is wrong in it.
    public init(_ question: HealthCheck.Question) throws(RequestError) {
        let name: DomainName
        do {
            name = try DomainName(question.name)
        } catch {
            throw RequestError("'\(question.name)' is no domain name: \(error)")
        }
        guard let type = RecordType(question.type), type.isData else {
            throw RequestError("'\(question.type)' is no type of records")
        }
        self.question = Question(name: name, type: type)
        guard let answer = question.answer else { return }
        do {
            data = try ZoneFile(parsing: "@ 0 IN \(type) \(answer)", origin: name).records.first?.data
        } catch {
            throw RequestError("the answer '\(answer)': \(error.errors.first?.reason ?? "")")
        }
    }

    private init(_ question: Question) { self.question = question }

    /// The question of a service that names none: the zone's SOA, or the site's name where there is no zone.
    init(_ zone: Service.Zone?, site: String) throws(RequestError) {
        guard let zone else {
            guard let name = try? DomainName("id.server") else { throw RequestError("id.server is no domain name") }
            self.init(Question(name: name, type: .txt, recordClass: .chaos))
            data = [UInt8(truncatingIfNeeded: site.utf8.count)] + site.utf8
            return
        }
        self = try DNSExpectation(HealthCheck.Question(name: zone.origin, type: "SOA", answer: nil))
        let records = (try? ZoneFile(parsing: zone.text, origin: question.name))?.records ?? []
        // A zone without an SOA is given one with the serial number 1.
        serial = records.first { $0.type == .soa }.flatMap { Self.serial($0.data) } ?? 1
    }

    func query(_ id: UInt16) -> [UInt8] {
        Message.query(id: id, name: question.name, type: question.type, recordClass: question.recordClass).encoded()
    }

    /// What is wrong with an answer; nil if nothing is. Whether it is one to this query tells ``id(of:)``.
    func problem(with octets: [UInt8]) -> String? {
        guard let answer = try? Message(parsing: octets) else { return "an answer that cannot be read" }
        guard answer.flags.contains(.response), answer.questions == [question] else {
            return "an answer to another question"
        }
        guard answer.responseCode == .noError else { return "\(answer.responseCode)" }
        guard answer.isAuthoritative else { return "an answer without authority" }
        let records = answer.answers.filter { $0.type == question.type }
        guard let first = records.first else { return "no \(question.type) record" }
        if let data, !records.contains(where: { $0.data == data }) { return "another \(question.type) record" }
        if let serial, let found = Self.serial(first.data), Int32(bitPattern: found &- serial) < 0 {
            return "serial \(found), older than \(serial)"
        }
        return nil
    }

    /// The number of a message; nil when there is none.
    static func id(of octets: [UInt8]) -> UInt16? {
        octets.count < 2 ? nil : UInt16(octets[0]) << 8 | UInt16(octets[1])
    }

    /// SERIAL: behind the two names come five numbers of four octets (RFC 1035, section 3.3.13).
    private static func serial(_ data: [UInt8]) -> UInt32? {
        data.count < 22 ? nil : data[(data.count - 20)..<(data.count - 16)].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
