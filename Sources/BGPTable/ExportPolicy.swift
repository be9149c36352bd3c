import BGPWire
import Net

/// What one neighbour may be sent, and in what form: a pure function of a route's attributes and who sent it.
struct ExportPolicy {
    var local: LocalSpeaker
    var configuration: PeerConfiguration
    var peer: PeerID
    /// The BGP Identifier that the neighbour gave in its OPEN.
    var identifier: IPv4Address
    /// Whether the neighbour takes IPv4 prefixes with an IPv6 next hop (RFC 8950).
    var isExtendedNextHop = false

    /// Which sets it may be sent.
    var filter: ExportFilter { ExportFilter(self) }

    /// Whether what is sent may hang on the prefix, beyond the attributes.
    var looksAtPrefix: Bool { configuration.exportOptions.policy.lookAtPrefix }

    /// The attributes as the neighbour is sent them, for a route that `permits` lets through; nil if a rule rejects it.
    func export(_ attributes: PathAttributes, of set: AttributeSet, to prefix: IPPrefix) -> PathAttributes? {
        guard !configuration.exportOptions.policy.isEmpty else { return exportForm(attributes, of: set) }
        var route = PolicyRoute(
            attributes, to: prefix, from: set.peer, prepended: configuration.isInternal ? nil : local.asn)
        guard route.apply(configuration.exportOptions.policy) else { return nil }
        var exported = exportForm(route.attributes, of: set)
        if route.setsMultiExitDiscriminator {
            exported.multiExitDiscriminator = route.attributes.multiExitDiscriminator
        }
        if let nextHop = route.nextHop {
            exported.nextHop = NextHop(nextHop)
        } else if route.nextHopSelf {
            guard filter.hasOwnNextHop(for: set) else { return nil }
            setNextHop(&exported, set)
        }
        return exported
    }

    private func exportForm(_ attributes: PathAttributes, of set: AttributeSet) -> PathAttributes {
        var attributes = attributes
        // On the network of an exchange point a route server's clients share one link.
        if !filter.isTransparent { attributes.nextHop.linkLocal = nil }
        if filter.setsNextHop(for: set) { setNextHop(&attributes, set) }
        if configuration.isInternal {
            exportInternal(&attributes, set)
        } else {
            exportExternal(&attributes, set)
        }
        addCommunities(&attributes)
        if !filter.isTransparent { attributes.unknown = attributes.unknown.compactMap(Self.passedOn) }
        return attributes
    }

    private func setNextHop(_ attributes: inout PathAttributes, _ set: AttributeSet) {
        if filter.namesIPv6(for: set) {
            guard let address = configuration.localIPv6 else { return }
            attributes.nextHop = NextHop(.v6(address), linkLocal: configuration.localLinkLocal)
        } else {
            guard let address = configuration.localIPv4 else { return }
            attributes.nextHop = NextHop(.v4(address))
        }
    }

    /// RFC 4456, section 8: who brought the route into the AS, and which clusters it passed.
    private func exportInternal(_ attributes: inout PathAttributes, _ set: AttributeSet) {
        guard set.flags.contains(.internal) else { return }
        attributes.originatorID = set.identifier
        attributes.clusterList.insert(local.clusterID, at: 0)
    }

    /// A route server leaves AS_PATH and MULTI_EXIT_DISC alone (RFC 7947, sections 2.2.2 and 2.2.3).
    private func exportExternal(_ attributes: inout PathAttributes, _ set: AttributeSet) {
        attributes.localPreference = nil
        attributes.originatorID = nil
        attributes.clusterList = []
        if !filter.isTransparent || set.peer == .local {
            // RFC 4271, section 5.1.4: what another AS said is not passed on.
            if set.peer != .local || configuration.exportOptions.multiExitDiscriminator != nil {
                attributes.multiExitDiscriminator = configuration.exportOptions.multiExitDiscriminator
            }
            attributes.asPath.prepend(local.asn, count: 1 + Int(configuration.exportOptions.prepend))
        }
        if configuration.exportOptions.leak {
            attributes.onlyToCustomer = nil
        } else if [.customer, .peer, .routeServerClient].contains(configuration.relation) {
            attributes.onlyToCustomer = attributes.onlyToCustomer ?? local.asn
        }
    }

    private func addCommunities(_ attributes: inout PathAttributes) {
        var added = configuration.exportOptions.communities
        if configuration.exportOptions.noExport { added.append(.noExport) }
        if configuration.exportOptions.gracefulShutdown, !configuration.isInternal { added.append(.gracefulShutdown) }
        attributes.add(added)
    }

    /// RFC 4271, section 5: an attribute that we do not know is passed on if it is transitive, marked as partial.
    private static func passedOn(_ attribute: UnknownAttribute) -> UnknownAttribute? {
        let transitive: UInt8 = 0x40
        let partial: UInt8 = 0x20
        guard attribute.flags & transitive != 0 else { return nil }
        var attribute = attribute
        attribute.flags |= partial
        return attribute
    }
}

extension ASPath {
    /// Puts `asn` in front `count` times (RFC 4271, section 5.1.2 b). A segment holds no more than 255 numbers.
    mutating func prepend(_ asn: ASN, count: Int) {
        var left = count
        if let first = segments.first, first.kind == .sequence, first.numbers.count < 255 {
            let fitting = min(left, 255 - first.numbers.count)
            segments[0].numbers.insert(contentsOf: repeatElement(asn, count: fitting), at: 0)
            left -= fitting
        }
        while left > 0 {
            let fitting = min(left, 255)
            segments.insert(Segment(.sequence, [ASN](repeating: asn, count: fitting)), at: 0)
            left -= fitting
        }
    }
}
