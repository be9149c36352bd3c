import Net

/// Reads the Path Attributes field of an UPDATE and sorts its errors by what RFC 7606 asks for: the attribute is discarded,
/// the routes are treated as withdrawn (``fault``), or the session ends (thrown).
struct AttributeDecoder {
    struct Reach {
        /// Nil when the session does not carry the family; there is no next hop and no prefix then.
        var family: AddressFamily?
        var nextHop: NextHop
        var list: PrefixList
        /// Whether the attribute named no prefix at all.
        var isEmpty: Bool
    }
    struct Unreach {
        /// Nil when the session does not carry the family.
        var family: AddressFamily?
        var list: PrefixList
        /// Whether the attribute named no prefix at all, as End-of-RIB does.
        var isEmpty: Bool
    }

    let context: UpdateContext

    private(set) var origin: Origin?
    private(set) var asPath: ASPath?
    private(set) var nextHop: IPv4Address?
    private(set) var reach: Reach?
    private(set) var unreach: Unreach?
    private(set) var fault: AttributeFault?
    private(set) var discarded: [AttributeFault] = []
    /// The number of attributes met.
    private(set) var count = 0

    private var rest = PathAttributes(origin: .incomplete, asPath: ASPath(), nextHop: NextHop(.v4(.any)))
    private var as4Path: ASPath?
    private var as4Aggregator: Aggregator?
    private var seen = TypeSet()
    private var faultRange: Range<Int> = 0..<0
    private var nextHopFault: (fault: AttributeFault, range: Range<Int>)?

    init(context: UpdateContext) {
        self.context = context
    }

    private var width: ASNWidth { context.isFourOctetASN ? .four : .two }

    /// Reads the field to its end, or to where its own lengths contradict it (RFC 7606, section 4).
    mutating func decode(_ field: RawSpan) throws(NotificationMessage) {
        var reader = ByteReader(field)
        while reader.remaining > 0 {
            let start = reader.offset
            guard let flags = reader.uint8(), let type = reader.uint8(),
                let length = flags & AttributeFlags.extendedLength != 0
                    ? reader.uint16().map(Int.init) : reader.uint8().map(Int.init),
                let value = reader.take(length)
            else {
                note(AttributeFault(type: 0, reason: .malformedAttributeList), at: start..<start)
                return
            }
            count += 1
            let range = start..<reader.offset
            try decode(type: type, flags: flags, value: value, whole: field.extracting(range), range: range)
        }
    }

    private mutating func decode(
        type: UInt8, flags: UInt8, value: RawSpan, whole: RawSpan, range: Range<Int>
    ) throws(NotificationMessage) {
        guard seen.insert(type) else {
            // RFC 7606, section 3 g.
            if type == AttributeType.multiprotocolReach || type == AttributeType.multiprotocolUnreach {
                throw NotificationMessage(.malformedAttributeList)
            }
            discarded.append(AttributeFault(type: type, reason: .malformedAttributeList))
            return
        }
        guard let expected = AttributeType.flags(of: type) else {
            guard flags & AttributeFlags.optional != 0 else {
                throw NotificationMessage(.unrecognizedWellKnownAttribute, data: whole.copied)
            }
            // An unknown attribute that is not transitive is quietly left out (RFC 4271, section 5).
            if flags & AttributeFlags.transitive != 0 || context.isTransparent {
                rest.unknown.append(
                    UnknownAttribute(flags: flags & ~AttributeFlags.extendedLength, type: type, value: value.copied))
            }
            return
        }
        let mask = AttributeFlags.optional | AttributeFlags.transitive
        let flagsFit = flags & mask == expected
        switch type {
        case AttributeType.multiprotocolReach:
            guard flagsFit, let reach = decodeReach(value) else {
                throw NotificationMessage(.optionalAttributeError, data: whole.copied)
            }
            self.reach = reach
            if reach.family != nil, !reach.nextHop.isHost {
                note(AttributeFault(type: type, reason: .invalidNextHopAttribute), at: range)
            }
        case AttributeType.multiprotocolUnreach:
            guard flagsFit, let unreach = decodeUnreach(value) else {
                throw NotificationMessage(.optionalAttributeError, data: whole.copied)
            }
            self.unreach = unreach
        default:
            if isUnwelcome(type) {
                discarded.append(AttributeFault(type: type, reason: .optionalAttributeError))
            } else if let reason = flagsFit ? decodeValue(type, value) : .attributeFlagsError {
                reject(AttributeFault(type: type, reason: reason), range: range)
            }
        }
    }

    /// Whether the attribute has no business on this session and is left out unread: what only internal neighbours say
    /// (RFC 7606, sections 7.5, 7.9, 7.10), and AS4_ attributes between speakers of four-octet numbers (RFC 6793, section 6).
    private func isUnwelcome(_ type: UInt8) -> Bool {
        switch type {
        case AttributeType.localPreference, AttributeType.originatorID, AttributeType.clusterList: !context.isInternal
        case AttributeType.as4Path, AttributeType.as4Aggregator: context.isFourOctetASN
        default: false
        }
    }

    private mutating func reject(_ fault: AttributeFault, range: Range<Int>) {
        switch fault.type {
        case AttributeType.atomicAggregate, AttributeType.aggregator, AttributeType.as4Path,
            AttributeType.as4Aggregator:
            discarded.append(fault)
        case AttributeType.nextHop:
            nextHopFault = (fault, range)
        default:
            note(fault, at: range)
        }
    }

    private mutating func note(_ fault: AttributeFault, at range: Range<Int>) {
        guard self.fault == nil else { return }
        self.fault = fault
        faultRange = range
    }

    /// Stores the value of an attribute other than the multiprotocol ones; returns what is wrong with it.
    private mutating func decodeValue(_ type: UInt8, _ value: RawSpan) -> NotificationReason? {
        var reader = ByteReader(value)
        switch type {
        case AttributeType.origin:
            guard value.byteCount == 1, let code = reader.uint8() else { return .attributeLengthError }
            origin = Origin(rawValue: code)
            return origin == nil ? .invalidOriginAttribute : nil
        case AttributeType.asPath:
            asPath = ASPath(value, width: width)
            return asPath.map(isPlausible) == true ? nil : .malformedASPath
        case AttributeType.nextHop:
            nextHop = value.number.map(IPv4Address.init(rawValue:))
            return nextHop.map { $0.isHost ? nil : .invalidNextHopAttribute } ?? .attributeLengthError
        case AttributeType.multiExitDiscriminator:
            rest.multiExitDiscriminator = value.number
            return rest.multiExitDiscriminator == nil ? .attributeLengthError : nil
        case AttributeType.localPreference:
            rest.localPreference = value.number
            return rest.localPreference == nil ? .attributeLengthError : nil
        case AttributeType.atomicAggregate:
            rest.atomicAggregate = value.byteCount == 0
            return value.byteCount == 0 ? nil : .attributeLengthError
        case AttributeType.aggregator:
            rest.aggregator = Aggregator(value, width: width)
            return rest.aggregator == nil ? .optionalAttributeError : nil
        case AttributeType.originatorID:
            rest.originatorID = value.number.map(IPv4Address.init(rawValue:))
            return rest.originatorID == nil ? .attributeLengthError : nil
        case AttributeType.onlyToCustomer:
            rest.onlyToCustomer = value.number.map(ASN.init(rawValue:))
            return rest.onlyToCustomer == nil ? .attributeLengthError : nil
        case AttributeType.communities:
            guard value.byteCount > 0, value.byteCount % 4 == 0 else { return .optionalAttributeError }
            while let number = reader.uint32() { rest.communities.append(Community(rawValue: number)) }
            rest.communities.sortUnique()
        case AttributeType.clusterList:
            guard value.byteCount > 0, value.byteCount % 4 == 0 else { return .optionalAttributeError }
            while let number = reader.uint32() { rest.clusterList.append(IPv4Address(rawValue: number)) }
        case AttributeType.largeCommunities:
            guard value.byteCount > 0, value.byteCount % 12 == 0 else { return .optionalAttributeError }
            while let global = reader.uint32(), let first = reader.uint32(), let second = reader.uint32() {
                rest.largeCommunities.append(LargeCommunity(global, first, second))
            }
            rest.largeCommunities.removeDuplicates()
        case AttributeType.as4Path:
            guard value.byteCount >= 6, let path = ASPath(value, width: .four) else { return .optionalAttributeError }
            as4Path = path.withoutConfederations
        case AttributeType.as4Aggregator:
            as4Aggregator = Aggregator(value, width: .four)
            return as4Aggregator == nil ? .optionalAttributeError : nil
        default: break
        }
        return nil
    }

    /// From an external neighbour the path must begin with its AS, where that is asked for. A confederation cannot have leaked into it
    /// from anybody: this speaker is a member of none, so nobody is in the same one (RFC 5065, section 5).
    private func isPlausible(_ path: ASPath) -> Bool {
        if !context.isInternal, let expected = context.firstASN {
            let mapped = context.isFourOctetASN ? expected : ASN(UInt32(expected.mapped))
            guard path.first == mapped else { return false }
        }
        return !path.segments.contains { $0.kind == .confederationSequence || $0.kind == .confederationSet }
    }
}

extension AttributeDecoder {
    /// Checks what can only be seen at the end: mandatory attributes that are missing, and errors in a message that names
    /// no reachable prefix, whose prefixes may have been lost with the error (RFC 7606, section 5.2).
    mutating func finish(hasNLRI: Bool, attributes field: RawSpan) throws(NotificationMessage) {
        // Beside MP_REACH_NLRI alone, NEXT_HOP has nothing to say (RFC 4760, section 3).
        if let nextHopFault, hasNLRI || reach == nil { note(nextHopFault.fault, at: nextHopFault.range) }
        let isReachable = hasNLRI || reach.map { !$0.isEmpty } ?? false
        if isReachable, fault == nil, let missing = missingType(hasNLRI: hasNLRI) {
            fault = AttributeFault(type: missing, reason: .missingWellKnownAttribute)
        }
        if let fault, !isReachable {
            throw NotificationMessage(fault.reason, data: field.extracting(faultRange).copied)
        }
    }

    private func missingType(hasNLRI: Bool) -> UInt8? {
        if origin == nil { return AttributeType.origin }
        if asPath == nil { return AttributeType.asPath }
        if hasNLRI, nextHop == nil { return AttributeType.nextHop }
        if context.isInternal, rest.localPreference == nil { return AttributeType.localPreference }
        return nil
    }

    /// The attributes of the routes that go to `nextHop`, after ``finish(hasNLRI:attributes:)`` found no fault.
    func attributes(nextHop: NextHop) -> PathAttributes {
        var result = rest
        result.origin = origin ?? .incomplete
        result.asPath = asPath ?? ASPath()
        result.nextHop = nextHop
        if !result.unknown.isEmpty { result.unknown.sort { $0.type < $1.type } }
        guard !context.isFourOctetASN else { return result }
        // RFC 6793, section 4.2.3: an AGGREGATOR other than AS_TRANS proves the AS4_ attributes outdated.
        if let aggregator = rest.aggregator, as4Aggregator != nil, aggregator.asn != .trans { return result }
        if rest.aggregator != nil, let as4Aggregator { result.aggregator = as4Aggregator }
        if let as4Path { result.asPath = result.asPath.merged(with: as4Path) }
        return result
    }
}

extension Aggregator {
    /// Decodes the value; nil when the length is wrong or the AS is 0 (RFC 7606, section 7.7; RFC 7607, section 2).
    fileprivate init?(_ value: RawSpan, width: ASNWidth) {
        var reader = ByteReader(value)
        guard value.byteCount == width.octets + 4,
            let asn = width == .two ? reader.uint16().map(UInt32.init) : reader.uint32(), asn != 0,
            let identifier = reader.uint32()
        else { return nil }
        self.init(asn: ASN(asn), identifier: IPv4Address(rawValue: identifier))
    }
}

extension RawSpan {
    /// The four octets as a number; nil for any other count.
    fileprivate var number: UInt32? {
        byteCount == 4 ? UInt32(bigEndian: unsafeLoadUnaligned(as: UInt32.self)) : nil
    }
}

/// The attribute types that were met.
private struct TypeSet {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Adds a type; false when it was there.
    mutating func insert(_ type: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(type & 63)
        switch type >> 6 {
        case 0: return Self.set(bit, in: &words.0)
        case 1: return Self.set(bit, in: &words.1)
        case 2: return Self.set(bit, in: &words.2)
        default: return Self.set(bit, in: &words.3)
        }
    }

    private static func set(_ bit: UInt64, in word: inout UInt64) -> Bool {
        guard word & bit == 0 else { return false }
        word |= bit
        return true
    }
}

extension [Community] {
    fileprivate mutating func sortUnique() {
        sort()
        var kept = 0
        for index in indices where index == 0 || self[index] != self[kept - 1] {
            self[kept] = self[index]
            kept += 1
        }
        removeSubrange(kept...)
    }
}

extension [LargeCommunity] {
    /// Keeps the first of each (RFC 8092, section 3). The lists are short, and an UPDATE bounds them.
    fileprivate mutating func removeDuplicates() {
        guard count > 1 else { return }
        var met: Set<LargeCommunity> = []
        removeAll { !met.insert($0).inserted }
    }
}
