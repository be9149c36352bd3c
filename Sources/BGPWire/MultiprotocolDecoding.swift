import Net

extension AttributeDecoder {
    /// Decodes MP_REACH_NLRI (RFC 4760, section 3).
    ///
    /// ```
    /// +---------------------------------------------------------+
    /// | Address Family Identifier (2 octets)                    |
    /// +---------------------------------------------------------+
    /// | Subsequent Address Family Identifier (1 octet)          |
    /// +---------------------------------------------------------+
    /// | Length of Next Hop Network Address (1 octet)            |
    /// +---------------------------------------------------------+
    /// | Network Address of Next Hop (variable)                  |
    /// +---------------------------------------------------------+
    /// | Reserved (1 octet)                                      |
    /// +---------------------------------------------------------+
    /// | Network Layer Reachability Information (variable)       |
    /// +---------------------------------------------------------+
    /// ```
    /// Nil when it is so wrong that its prefixes cannot be found (RFC 7606, sections 5.3 and 7.11).
    func decodeReach(_ value: RawSpan) -> Reach? {
        var reader = ByteReader(value)
        guard value.byteCount >= 5, let afi = reader.uint16(), let safi = reader.uint8(), let length = reader.uint8(),
            let nextHopField = reader.take(Int(length)), reader.uint8() != nil
        else { return nil }
        guard let family = FamilyIdentifier(afi: afi, safi: safi).family, context.families.contains(family) else {
            return Reach(family: nil, nextHop: NextHop(.v4(.any)), list: PrefixList(), isEmpty: reader.remaining == 0)
        }
        let isEmpty = reader.remaining == 0
        guard let nextHop = NextHop(nextHopField, family, context), let list = reader.prefixes(family, context) else {
            return nil
        }
        return Reach(family: family, nextHop: nextHop, list: list, isEmpty: isEmpty)
    }

    /// Decodes MP_UNREACH_NLRI (RFC 4760, section 4).
    ///
    /// ```
    /// +---------------------------------------------------------+
    /// | Address Family Identifier (2 octets)                    |
    /// +---------------------------------------------------------+
    /// | Subsequent Address Family Identifier (1 octet)          |
    /// +---------------------------------------------------------+
    /// | Withdrawn Routes (variable)                             |
    /// +---------------------------------------------------------+
    /// ```
    func decodeUnreach(_ value: RawSpan) -> Unreach? {
        var reader = ByteReader(value)
        guard let afi = reader.uint16(), let safi = reader.uint8() else { return nil }
        guard let family = FamilyIdentifier(afi: afi, safi: safi).family, context.families.contains(family) else {
            return Unreach(family: nil, list: PrefixList(), isEmpty: reader.remaining == 0)
        }
        let isEmpty = reader.remaining == 0
        guard let list = reader.prefixes(family, context) else { return nil }
        return Unreach(family: family, list: list, isEmpty: isEmpty)
    }
}

extension NextHop {
    /// The next hop field of MP_REACH_NLRI: an IPv4 address for IPv4; a global IPv6 address for IPv6, or for IPv4 too where
    /// both speakers agreed on it (RFC 8950), and behind it maybe a link-local one (RFC 2545, section 3). Nil when the
    /// length is another.
    fileprivate init?(_ value: RawSpan, _ family: AddressFamily, _ context: UpdateContext) {
        var reader = ByteReader(value)
        switch (family, value.byteCount) {
        case (.ipv4, 4):
            guard let number = reader.uint32() else { return nil }
            self.init(.v4(IPv4Address(rawValue: number)))
        case (.ipv4, 16) where context.isExtendedNextHop,
            (.ipv4, 32) where context.isExtendedNextHop,
            (.ipv6, 16),
            (.ipv6, 32):
            guard let high = reader.uint64(), let low = reader.uint64() else { return nil }
            self.init(.v6(IPv6Address(high: high, low: low)))
            guard let high = reader.uint64(), let low = reader.uint64() else { return }
            let second = IPv6Address(high: high, low: low)
            guard second.isLinkLocal else { return }
            // Some speakers that have no global address write zeros in its place.
            if address == .v6(.any) { address = .v6(second) } else { linkLocal = second }
        default:
            return nil
        }
    }

    /// Whether packets can be sent there: no multicast, loopback or unspecified address.
    var isHost: Bool {
        switch address {
        case .v4(let v4): v4.isHost
        case .v6(let v6): !(v6.isMulticast || v6.isLoopback || v6 == .any)
        }
    }
}
