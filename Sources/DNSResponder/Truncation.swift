import DNSWire

extension Responder {
    /// Cuts the response in `response`, of `byteCount` octets, down to its question and its OPT record, which is never left out
    /// (RFC 6891, section 6.1.1), and sets TC. Returns its length then.
    public static func truncate(_ response: inout MutableRawSpan, byteCount: Int) -> Int {
        guard let (end, option) = keptParts(of: response.bytes.extracting(first: byteCount)) else { return byteCount }
        response.withUnsafeMutableBytes { bytes in
            bytes[2] |= UInt8(truncatingIfNeeded: Header.Flags.truncated.rawValue >> 8)
            // ANCOUNT, NSCOUNT, ARCOUNT
            for index in 6..<12 { bytes[index] = 0 }
            guard !option.isEmpty, let base = bytes.baseAddress else { return }
            bytes[11] = 1
            (base + end).copyMemory(from: base + option.lowerBound, byteCount: option.count)
        }
        return end &+ option.count
    }

    /// Where the question ends, and where the OPT record is; empty when there is none. Nil when that is no message.
    private static func keptParts(of message: RawSpan) -> (question: Int, option: Range<Int>)? {
        guard let header = Header(reading: message) else { return nil }
        var offset = Header.byteCount
        for _ in 0..<header.questionCount {
            guard let end = message.offsetAfterName(at: offset), end &+ 4 <= message.byteCount else { return nil }
            offset = end &+ 4
        }
        let end = offset
        for _ in 0..<Int(header.answerCount) &+ Int(header.authorityCount) &+ Int(header.additionalCount) {
            guard let fixed = message.offsetAfterName(at: offset), let length = message.uint16(at: fixed &+ 8) else {
                return nil
            }
            let next = fixed &+ 10 &+ Int(length)
            guard next <= message.byteCount else { return nil }
            if message.uint16(at: fixed) == RecordType.opt.rawValue { return (end, offset..<next) }
            offset = next
        }
        return (end, end..<end)
    }
}
