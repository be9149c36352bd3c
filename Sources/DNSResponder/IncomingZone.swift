public import DNSWire
public import DNSZone

/// The answer to a question for a zone's SOA, or the messages of a zone transfer, put together (RFC 5936, sections 2.2 and 3).
public struct IncomingZone {
    /// Why it is not to be used.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// No message, or one that answers something else.
        case badMessage
        /// The server has no authority for the zone: it may say whatever it has heard (RFC 1034, section 4.3.5).
        case notAuthoritative
        /// The server does not give it.
        case refused(ResponseCode)
        /// The records make no zone.
        case badZone

        /// The reason in words.
        public var description: String {
            switch self {
            case .badMessage: "an answer that cannot be read, or to another question"
            case .notAuthoritative: "no authority for the zone"
            case .refused(let code): code.description
            case .badZone: "its records make no zone"
            }
        }
    }

    /// What has come.
    public enum Result {
        /// The version of the zone.
        case version(UInt32)
        /// All of the zone.
        case zone(Zone)
    }

    private let origin: DomainName
    private let id: UInt16
    private let isWhole: Bool
    private var records: [ZoneRecord] = []

    /// Waits for the answer to the query `id`: the zone if `isWhole`, else its SOA.
    public init(_ origin: DomainName, id: UInt16, isWhole: Bool) {
        self.origin = origin
        self.id = id
        self.isWhole = isWhole
    }

    /// Takes a message; nil when more have to come. Throws ``Failure``.
    public mutating func take(_ bytes: [UInt8]) throws(Failure) -> Result? {
        guard let message = try? Message(parsing: bytes), message.id == id, message.flags.contains(.response),
            message.flags.opcode == .query
        else { throw .badMessage }
        guard message.responseCode == .noError else { throw .refused(message.responseCode) }
        // Later messages of a transfer need no question (RFC 5936, section 2.2.1).
        let question = Question(name: origin, type: isWhole ? .axfr : .soa)
        guard message.questions == [question] || (message.questions.isEmpty && !records.isEmpty) else {
            throw .badMessage
        }
        // In a transfer AA says nothing (RFC 5936, section 2.2.1).
        guard isWhole else {
            guard message.isAuthoritative else { throw .notAuthoritative }
            return .version(try version(message.answers.first))
        }
        for record in message.answers {
            guard record.recordClass == .internet else { throw .badMessage }
            guard record.type == .soa, !records.isEmpty else {
                // The SOA is the first.
                guard !records.isEmpty || (record.type == .soa && record.name == origin) else { throw .badMessage }
                records.append(
                    ZoneRecord(owner: record.name, type: record.type, ttl: record.ttl, data: record.data))
                continue
            }
            // And the last, the same as the first: else the zone has changed on the way.
            guard record.data == records.first?.data else { throw .badZone }
            guard let zone = try? Zone(origin: origin, records: records) else { throw .badZone }
            return .zone(zone)
        }
        if records.isEmpty { throw .badMessage }
        return nil
    }

    private func version(_ record: ResourceRecord?) throws(Failure) -> UInt32 {
        guard let record, record.type == .soa, record.name == origin, record.data.count >= 22,
            let serial = record.data.span.bytes.uint32(at: record.data.count - 20)
        else { throw .badMessage }
        return serial
    }
}
