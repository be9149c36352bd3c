import DNSWire

extension Responder {
    /// What the server says that it is.
    private static var version: StaticString { "anycast-lab" }

    /// Answers what a client asks about the server itself, in class CHAOS (RFC 4892): the names `id.server` and
    /// `hostname.bind` give the name of the site, `version.server` and `version.bind` that of the program. Every other name is
    /// refused.
    func answerAboutServer(_ type: RecordType, _ name: RawSpan, into builder: inout MessageBuilder) -> Outcome {
        let isIdentity =
            Self.isEqual(name, "\u{2}id\u{6}server\u{0}") || Self.isEqual(name, "\u{8}hostname\u{4}bind\u{0}")
        guard
            isIdentity || Self.isEqual(name, "\u{7}version\u{6}server\u{0}")
                || Self.isEqual(name, "\u{7}version\u{4}bind\u{0}")
        else { return Outcome(code: .refused, reason: .notAuthoritative) }
        if type == .txt || type == .any {
            let count = isIdentity ? identity.count : Self.version.utf8CodeUnitCount
            builder.putPointer(to: Header.byteCount)
            builder.put(RecordType.txt.rawValue)
            builder.put(RecordClass.chaos.rawValue)
            // A site's name must not be kept: the next answer may come from another site.
            builder.put(0 as UInt32)
            builder.put(UInt16(truncatingIfNeeded: count &+ 1))
            builder.put(UInt8(truncatingIfNeeded: count))
            if isIdentity {
                builder.put(identity.span.bytes)
            } else {
                for index in 0..<count { builder.put(Self.version.utf8Start[index]) }
            }
            builder.countRecord(in: .answer)
        }
        return Outcome(code: .noError, flags: .authoritative)
    }

    /// Compares a name with one in lower case, its lengths written as octets.
    private static func isEqual(_ name: RawSpan, _ wire: StaticString) -> Bool {
        guard name.byteCount == wire.utf8CodeUnitCount else { return false }
        for index in 0..<name.byteCount {
            guard let octet = name.uint8(at: index), lowercase(octet) == wire.utf8Start[index] else { return false }
        }
        return true
    }
}
