import Net

// AS_PATH (RFC 4271, section 4.3) and AS4_PATH (RFC 6793, section 3): segments, each
//
// +------------------+--------------------+--------------------------------+
// | Type (1 octet)   | Numbers (1 octet)  | AS numbers, 2 or 4 octets each |
// +------------------+--------------------+--------------------------------+

/// How many octets an AS number takes on a session.
enum ASNWidth {
    case two, four

    var octets: Int { self == .two ? 2 : 4 }
}

extension ASPath {
    /// Decodes the value of the attribute; nil when it is malformed: an unknown type, a segment without numbers or beyond the
    /// end (RFC 7606, section 7.2), or AS 0 (RFC 7607, section 2).
    init?(_ value: RawSpan, width: ASNWidth) {
        self.init()
        var reader = ByteReader(value)
        while reader.remaining > 0 {
            guard let kind = reader.uint8().flatMap(Segment.Kind.init), let count = reader.uint8(), count > 0,
                let body = reader.take(Int(count) * width.octets)
            else { return nil }
            var octets = ByteReader(body)
            var numbers: [ASN] = []
            numbers.reserveCapacity(Int(count))
            while let number = octets.number(width) { numbers.append(ASN(number)) }
            guard numbers.allSatisfy({ $0.rawValue != 0 }) else { return nil }
            segments.append(Segment(kind, numbers))
        }
    }

    /// Appends the value of the attribute. Segments of more than 255 numbers are split; empty ones are left out.
    func encode(width: ASNWidth, to buffer: inout [UInt8]) {
        for segment in segments {
            var rest = segment.numbers[...]
            while !rest.isEmpty {
                let part = rest.prefix(255)
                rest = rest.dropFirst(255)
                buffer.append(segment.kind.rawValue)
                buffer.append(UInt8(part.count))
                for number in part {
                    switch width {
                    case .two: buffer.append(bigEndian: number.mapped)
                    case .four: buffer.append(bigEndian: number.rawValue)
                    }
                }
            }
        }
    }

    /// Whether a number does not fit two octets, so that AS4_PATH has to go along with AS_PATH.
    var needsFourOctets: Bool {
        segments.contains { $0.numbers.contains { $0.rawValue > 0xFFFF } }
    }

    /// The path without the segments that AS4_PATH must not carry (RFC 6793, section 6).
    var withoutConfederations: ASPath {
        ASPath(segments.filter { $0.kind == .sequence || $0.kind == .set })
    }

    /// The first number of the path, which is that of the neighbour who sent it, unless it begins with a set.
    var first: ASN? {
        guard let segment = segments.first, segment.kind == .sequence else { return nil }
        return segment.numbers.first
    }

    /// Joins AS_PATH (`self`) from a speaker of two-octet numbers with the AS4_PATH that it passed on: the leading part that
    /// AS4_PATH lacks, then AS4_PATH (RFC 6793, section 4.2.3).
    func merged(with as4Path: ASPath) -> ASPath {
        var missing = hopCount - as4Path.hopCount
        guard missing >= 0 else { return self }
        var result = ASPath()
        for segment in segments {
            switch segment.kind {
            case .confederationSequence, .confederationSet:
                result.segments.append(segment)
            case .set where missing > 0:
                missing -= 1
                result.segments.append(segment)
            case .sequence where missing > 0:
                let leading = segment.numbers.prefix(missing)
                missing -= leading.count
                result.segments.append(Segment(.sequence, Array(leading)))
                if leading.count < segment.numbers.count { return result.joined(to: as4Path) }
            default:
                return result.joined(to: as4Path)
            }
        }
        return result.joined(to: as4Path)
    }

    /// The two paths, one behind the other; two sequences that meet become one.
    private func joined(to tail: ASPath) -> ASPath {
        guard let last = segments.last, let next = tail.segments.first, last.kind == .sequence, next.kind == .sequence,
            last.numbers.count + next.numbers.count <= 255
        else { return ASPath(segments + tail.segments) }
        let seam = Segment(.sequence, last.numbers + next.numbers)
        return ASPath(segments.dropLast() + [seam] + tail.segments.dropFirst())
    }

    /// The length as route selection counts it: a set is one hop, confederations are none (RFC 4271, section 9.1.2.2 a;
    /// RFC 5065, section 5.3).
    private var hopCount: Int {
        segments.reduce(0) { count, segment in
            switch segment.kind {
            case .sequence: count + segment.numbers.count
            case .set: count + 1
            case .confederationSequence, .confederationSet: count
            }
        }
    }
}

extension ByteReader {
    @_lifetime(self: copy self)
    fileprivate mutating func number(_ width: ASNWidth) -> UInt32? {
        switch width {
        case .two: uint16().map(UInt32.init)
        case .four: uint32()
        }
    }
}

extension ASN {
    /// The number in two octets, or AS_TRANS where it does not fit (RFC 6793, section 4.2.2).
    var mapped: UInt16 { UInt16(exactly: rawValue) ?? UInt16(truncatingIfNeeded: ASN.trans.rawValue) }
}
