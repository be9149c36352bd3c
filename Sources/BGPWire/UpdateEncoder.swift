public import Net

/// Why routes cannot be put into an UPDATE. The caller withdraws them instead.
public enum UpdateEncodingError: Error, Hashable, Sendable {
    /// The attributes leave no room for a prefix in a message of the session's greatest length.
    case attributesTooLong
    /// IPv6 prefixes with an IPv4 next hop.
    case nextHopOfOtherFamily
}

/// Writes UPDATE messages into a buffer of the caller: as many prefixes in each as fit, without an allocation of its own
/// for a route. IPv4 routes travel in the body, all others in the multiprotocol attributes, which come first among the
/// attributes (RFC 7606, section 5.1). A message either announces or withdraws.
public struct UpdateEncoder: Sendable {
    /// Whether AS numbers take four octets; if not, AS4_PATH and AS4_AGGREGATOR carry what does not fit (RFC 6793).
    public var isFourOctetASN: Bool
    /// The greatest length of a message in octets.
    public var maximumLength: Int
    /// The families whose prefixes have path identifiers (RFC 7911): the neighbour takes several routes to a prefix.
    public var pathFamilies: AddressFamilies
    /// Whether unknown attributes are sent as they came, as a route server does (RFC 7947, section 2.2).
    public var isTransparent: Bool

    /// Makes an encoder for a session.
    public init(
        isFourOctetASN: Bool, maximumLength: Int = MessageHeader.maximumLength, pathFamilies: AddressFamilies = [],
        isTransparent: Bool = false
    ) {
        self.isFourOctetASN = isFourOctetASN
        self.maximumLength = maximumLength
        self.pathFamilies = pathFamilies
        self.isTransparent = isTransparent
    }

    /// Prefixes on their way into messages, with their path identifiers where the family has such.
    private struct Pending: ~Escapable {
        let prefixes: Span<IPPrefix>
        let paths: PathIdentifiers
        /// The first that no message has taken yet.
        var next = 0

        @_lifetime(copy prefixes)
        init(_ prefixes: Span<IPPrefix>, _ paths: PathIdentifiers) {
            self.prefixes = prefixes
            self.paths = paths
        }

        var family: AddressFamily? { next < prefixes.count ? prefixes[next].family : nil }
    }

    /// Appends the messages that announce `prefixes`, which may be of both families, with their path identifiers where the
    /// session has such. Returns the number of messages. Throws without having appended anything when the first message is
    /// impossible.
    @discardableResult
    public func announce(
        _ prefixes: Span<IPPrefix>, paths: PathIdentifiers = PathIdentifiers(), attributes: PathAttributes,
        to buffer: inout [UInt8]
    ) throws(UpdateEncodingError) -> Int {
        var pending = Pending(prefixes, paths)
        var messages = 0
        while let family = pending.family {
            let start = MessageHeader.begin(.update, in: &buffer)
            buffer.append(bigEndian: UInt16(0))
            do throws(UpdateEncodingError) {
                try announceBody(&pending, of: family, attributes, start: start, to: &buffer)
            } catch {
                buffer.removeSubrange(start...)
                throw error
            }
            MessageHeader.end(start, in: &buffer)
            messages += 1
        }
        return messages
    }

    private func announceBody(
        _ pending: inout Pending, of family: AddressFamily, _ attributes: PathAttributes, start: Int,
        to buffer: inout [UInt8]
    ) throws(UpdateEncodingError) {
        let first = pending.next
        let attributesOffset = buffer.reserveLength()
        switch (family, attributes.nextHop.address) {
        case (.ipv4, .v4(let nextHop)):
            encode(attributes, nextHop: nextHop, to: &buffer)
            buffer.fillLength(at: attributesOffset)
            append(&pending, of: family, end: start + maximumLength, to: &buffer)
        case (.ipv6, .v4):
            throw .nextHopOfOtherFamily
        case (_, .v6(let nextHop)):
            // The other attributes stand behind the prefixes, so their length must be known first: they are written,
            // measured and written again, which is cheaper than moving the prefixes.
            let before = buffer.count
            encode(attributes, nextHop: nil, to: &buffer)
            let room = maximumLength - (buffer.count - before)
            buffer.removeSubrange(before...)
            let valueOffset = beginMultiprotocol(AttributeType.multiprotocolReach, family, in: &buffer)
            buffer.append(attributes.nextHop.linkLocal == nil ? 16 : 32)
            buffer.append(nextHop)
            if let linkLocal = attributes.nextHop.linkLocal { buffer.append(linkLocal) }
            buffer.append(0)
            append(&pending, of: family, end: start + room, to: &buffer)
            buffer.fillLength(at: valueOffset)
            encode(attributes, nextHop: nil, to: &buffer)
            buffer.fillLength(at: attributesOffset)
        }
        guard pending.next > first, buffer.count - start <= maximumLength else { throw .attributesTooLong }
    }

    /// Appends the messages that withdraw `prefixes`, which may be of both families, with their path identifiers where the
    /// session has such. Returns the number of messages.
    @discardableResult
    public func withdraw(
        _ prefixes: Span<IPPrefix>, paths: PathIdentifiers = PathIdentifiers(), to buffer: inout [UInt8]
    ) -> Int {
        var pending = Pending(prefixes, paths)
        var messages = 0
        while let family = pending.family {
            let start = MessageHeader.begin(.update, in: &buffer)
            let end = start + maximumLength
            let withdrawnOffset = buffer.reserveLength()
            switch family {
            case .ipv4:
                append(&pending, of: family, end: end - 2, to: &buffer)
                buffer.fillLength(at: withdrawnOffset)
                buffer.append(bigEndian: UInt16(0))
            case .ipv6:
                let attributesOffset = buffer.reserveLength()
                let valueOffset = beginMultiprotocol(AttributeType.multiprotocolUnreach, family, in: &buffer)
                append(&pending, of: family, end: end, to: &buffer)
                buffer.fillLength(at: valueOffset)
                buffer.fillLength(at: attributesOffset)
            }
            MessageHeader.end(start, in: &buffer)
            messages += 1
        }
        return messages
    }

    /// Appends the End-of-RIB marker of a family (RFC 4724, section 2).
    public func endOfRIB(_ family: AddressFamily, to buffer: inout [UInt8]) {
        let start = MessageHeader.begin(.update, in: &buffer)
        buffer.append(bigEndian: UInt16(0))
        let attributesOffset = buffer.reserveLength()
        if family == .ipv6 {
            let valueOffset = beginMultiprotocol(AttributeType.multiprotocolUnreach, family, in: &buffer)
            buffer.fillLength(at: valueOffset)
        }
        buffer.fillLength(at: attributesOffset)
        MessageHeader.end(start, in: &buffer)
    }

    /// Appends prefixes up to the first of another family, or that would reach beyond `end`.
    private func append(_ pending: inout Pending, of family: AddressFamily, end: Int, to buffer: inout [UInt8]) {
        let hasPaths = pathFamilies.contains(family)
        while pending.next < pending.prefixes.count {
            let prefix = pending.prefixes[pending.next]
            let length = prefix.wireLength + (hasPaths ? 4 : 0)
            guard prefix.family == family, buffer.count + length <= end else { return }
            if hasPaths { buffer.append(bigEndian: pending.paths[pending.next]) }
            prefix.encode(to: &buffer)
            pending.next += 1
        }
    }

    /// Appends the head of MP_REACH_NLRI or MP_UNREACH_NLRI; returns where its length is to be filled in.
    private func beginMultiprotocol(_ type: UInt8, _ family: AddressFamily, in buffer: inout [UInt8]) -> Int {
        buffer.append(AttributeFlags.optional | AttributeFlags.extendedLength)
        buffer.append(type)
        let offset = buffer.reserveLength()
        let identifier = FamilyIdentifier(family)
        buffer.append(bigEndian: identifier.afi)
        buffer.append(identifier.safi)
        return offset
    }
}

extension [UInt8] {
    /// Keeps two octets for a length and returns where they are.
    fileprivate mutating func reserveLength() -> Int {
        append(bigEndian: UInt16(0))
        return count - 2
    }

    /// Fills in the length of what was appended since.
    fileprivate mutating func fillLength(at offset: Int) {
        patch(count - offset - 2, at: offset)
    }

    fileprivate mutating func append(_ address: IPv6Address) {
        append(bigEndian: address.high)
        append(bigEndian: address.low)
    }
}
