import BGPWire

/// What makes the rest of an MRT file unreadable, or one record of it.
public enum MRTError: Error, Hashable, Sendable {
    /// A record says that it is longer than ``MRTReader/longestRecord``: this is no MRT file, or it is damaged.
    case recordTooLong(UInt32)
    /// The body of a record of a known type contradicts its own lengths. The next record can be read.
    case malformed(type: UInt16, subtype: UInt16)
}

/// Cuts the octets of an MRT file, which may come in any pieces, into records.
public struct MRTReader: Sendable {
    /// The greatest length of a record's body that is accepted. A prefix with routes of 65,535 neighbours, each with attributes of
    /// 250 octets, would fit.
    public static let longestRecord: UInt32 = 16 << 20

    private var buffer: [UInt8] = []
    private var start = 0

    /// Makes a reader at the beginning of a file.
    public init() {}

    /// Adds octets.
    public mutating func append(_ bytes: RawSpan) {
        if start > 0 {
            buffer.removeSubrange(..<start)
            start = 0
        }
        bytes.withUnsafeBytes { buffer.append(contentsOf: $0) }
    }

    /// The number of octets that wait for the rest of their record.
    public var pending: Int { buffer.count - start }

    /// The next whole record; nil when more octets are needed.
    public mutating func next() throws(MRTError) -> MRTRecord? {
        guard let length = try Self.length(of: buffer.span.bytes.extracting(start...)) else { return nil }
        let range = start..<start + length
        start += length
        return try MRTRecord(decoding: buffer.span.bytes.extracting(range))
    }

    /// The length of the record at the beginning, its header included; nil when it is not whole.
    private static func length(of bytes: RawSpan) throws(MRTError) -> Int? {
        var reader = ByteReader(bytes)
        guard reader.take(8) != nil, let length = reader.uint32() else { return nil }
        guard length <= longestRecord else { throw .recordTooLong(length) }
        return reader.remaining < Int(length) ? nil : 12 + Int(length)
    }
}

extension MRTRecord {
    fileprivate init(decoding record: RawSpan) throws(MRTError) {
        var reader = ByteReader(record)
        guard let seconds = reader.uint32(), let type = reader.uint16(), let subtype = reader.uint16(),
            reader.uint32() != nil
        else { throw .malformed(type: 0, subtype: 0) }
        guard let decoded = MRTRecord(seconds: seconds, type: type, subtype: subtype, reader.rest()) else {
            throw .malformed(type: type, subtype: subtype)
        }
        self = decoded
    }

    /// Nil when the body contradicts its own lengths.
    private init?(seconds: UInt32, type: UInt16, subtype: UInt16, _ whole: RawSpan) {
        var reader = ByteReader(whole)
        var time = MRTTime(seconds: seconds)
        if type == MRTType.bgp4mpExtendedTime {
            guard let microseconds = reader.uint32() else { return nil }
            time.microseconds = microseconds
        }
        let body = reader.rest()
        switch (type, subtype) {
        case (MRTType.tableDumpV2, MRTType.peerIndexTable):
            guard let table = MRTPeerIndexTable(decoding: body) else { return nil }
            self.init(.peers(table), at: time)
        case (MRTType.tableDumpV2, 2), (MRTType.tableDumpV2, 4), (MRTType.tableDumpV2, 8), (MRTType.tableDumpV2, 10):
            guard let routes = MRTRoutes(decoding: body, subtype: subtype) else { return nil }
            self.init(.routes(routes), at: time)
        case (MRTType.bgp4mp, 0), (MRTType.bgp4mp, 5), (MRTType.bgp4mpExtendedTime, 0), (MRTType.bgp4mpExtendedTime, 5):
            guard let change = MRTStateChange(decoding: body, subtype: subtype) else { return nil }
            self.init(.stateChange(change), at: time)
        case (MRTType.bgp4mp, 1...11), (MRTType.bgp4mpExtendedTime, 1...11):
            guard let message = MRTMessage(decoding: body, subtype: subtype) else { return nil }
            self.init(.message(message), at: time)
        default:
            self.init(.other(type: type, subtype: subtype, whole.copied), at: MRTTime(seconds: seconds))
        }
    }
}
