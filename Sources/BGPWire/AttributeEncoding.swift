import Net

extension UpdateEncoder {
    /// Appends all attributes but the multiprotocol ones, in the order of their types (RFC 4271, appendix F.3).
    func encode(_ attributes: PathAttributes, nextHop: IPv4Address?, to buffer: inout [UInt8]) {
        let width: ASNWidth = isFourOctetASN ? .four : .two
        let transitive = AttributeFlags.transitive
        let optional = AttributeFlags.optional
        let both = optional | transitive
        buffer.append(attribute: AttributeType.origin, transitive, attributes.origin.rawValue)
        buffer.append(attribute: AttributeType.asPath, transitive) { attributes.asPath.encode(width: width, to: &$0) }
        if let nextHop { buffer.append(attribute: AttributeType.nextHop, transitive, nextHop.rawValue) }
        if let value = attributes.multiExitDiscriminator {
            buffer.append(attribute: AttributeType.multiExitDiscriminator, optional, value)
        }
        if let value = attributes.localPreference {
            buffer.append(attribute: AttributeType.localPreference, transitive, value)
        }
        if attributes.atomicAggregate { buffer.append(attribute: AttributeType.atomicAggregate, transitive) { _ in } }
        if let aggregator = attributes.aggregator {
            buffer.append(attribute: AttributeType.aggregator, both) { aggregator.encode(width: width, to: &$0) }
        }
        if !attributes.communities.isEmpty {
            buffer.append(attribute: AttributeType.communities, both) { buffer in
                for community in attributes.communities { buffer.append(bigEndian: community.rawValue) }
            }
        }
        if let identifier = attributes.originatorID {
            buffer.append(attribute: AttributeType.originatorID, optional, identifier.rawValue)
        }
        if !attributes.clusterList.isEmpty {
            buffer.append(attribute: AttributeType.clusterList, optional) { buffer in
                for identifier in attributes.clusterList { buffer.append(bigEndian: identifier.rawValue) }
            }
        }
        encodeTail(attributes, to: &buffer)
    }

    /// The attributes behind the multiprotocol ones, among them those that this speaker does not know.
    private func encodeTail(_ attributes: PathAttributes, to buffer: inout [UInt8]) {
        encodeUnknown(attributes.unknown, types: 0...(AttributeType.as4Path - 1), to: &buffer)
        if !isFourOctetASN { encodeFourOctet(attributes, to: &buffer) }
        encodeUnknown(
            attributes.unknown, types: (AttributeType.as4Aggregator + 1)...(AttributeType.largeCommunities - 1),
            to: &buffer)
        let both = AttributeFlags.optional | AttributeFlags.transitive
        if !attributes.largeCommunities.isEmpty {
            buffer.append(attribute: AttributeType.largeCommunities, both) { buffer in
                for community in attributes.largeCommunities {
                    buffer.append(bigEndian: community.globalAdministrator)
                    buffer.append(bigEndian: community.localData1)
                    buffer.append(bigEndian: community.localData2)
                }
            }
        }
        encodeUnknown(
            attributes.unknown, types: (AttributeType.largeCommunities + 1)...(AttributeType.onlyToCustomer - 1),
            to: &buffer)
        if let asn = attributes.onlyToCustomer {
            buffer.append(attribute: AttributeType.onlyToCustomer, both, asn.rawValue)
        }
        encodeUnknown(attributes.unknown, types: (AttributeType.onlyToCustomer + 1)...255, to: &buffer)
    }

    /// AS4_PATH and AS4_AGGREGATOR, where a number does not fit two octets (RFC 6793, section 4.2.2).
    private func encodeFourOctet(_ attributes: PathAttributes, to buffer: inout [UInt8]) {
        let both = AttributeFlags.optional | AttributeFlags.transitive
        let path = attributes.asPath.withoutConfederations
        if path.needsFourOctets {
            buffer.append(attribute: AttributeType.as4Path, both) { path.encode(width: .four, to: &$0) }
        }
        if let aggregator = attributes.aggregator, aggregator.asn.rawValue > 0xFFFF {
            buffer.append(attribute: AttributeType.as4Aggregator, both) { aggregator.encode(width: .four, to: &$0) }
        }
    }

    /// Unknown attributes pass when they are transitive, and say that someone on the way did not know them
    /// (RFC 4271, section 5). A route server says nothing of itself.
    private func encodeUnknown(_ unknown: [UnknownAttribute], types: ClosedRange<UInt8>, to buffer: inout [UInt8]) {
        for attribute in unknown
        where types.contains(attribute.type)
            && (isTransparent || attribute.flags & AttributeFlags.transitive != 0)
        {
            let flags = isTransparent ? attribute.flags : attribute.flags | AttributeFlags.partial
            buffer.append(attribute: attribute.type, flags) { $0 += attribute.value }
        }
    }
}

extension Aggregator {
    fileprivate func encode(width: ASNWidth, to buffer: inout [UInt8]) {
        switch width {
        case .two: buffer.append(bigEndian: asn.mapped)
        case .four: buffer.append(bigEndian: asn.rawValue)
        }
        buffer.append(bigEndian: identifier.rawValue)
    }
}

extension [UInt8] {
    /// Appends an attribute whose value `body` appends. The length takes a second octet only when it must.
    fileprivate mutating func append(attribute type: UInt8, _ flags: UInt8, _ body: (inout [UInt8]) -> Void) {
        let start = count
        append(flags)
        append(type)
        append(0)
        body(&self)
        let length = count - start - 3
        guard length > 255 else {
            self[start + 2] = UInt8(length)
            return
        }
        insert(0, at: start + 3)
        self[start] |= AttributeFlags.extendedLength
        patch(length, at: start + 2)
    }

    fileprivate mutating func append(attribute type: UInt8, _ flags: UInt8, _ value: UInt8) {
        append(attribute: type, flags) { $0.append(value) }
    }

    fileprivate mutating func append(attribute type: UInt8, _ flags: UInt8, _ value: UInt32) {
        append(attribute: type, flags) { $0.append(bigEndian: value) }
    }
}
