import CMnl
import Net

extension KernelRoute {
    /// Reads the payload of RTM_NEWROUTE or RTM_DELROUTE: an rtmsg and attributes. Nil when it is cut short, of another
    /// family, or a copy of the cache (RTM_F_CLONED) that is no route of its own.
    init?(_ payload: RawSpan, includingClones: Bool = false) {
        guard let familyNumber = payload.number(at: 0, as: UInt8.self),
            let family = AddressFamily(number: familyNumber),
            let length = payload.number(at: 1, as: UInt8.self), length <= family.bitWidth,
            let shortTable = payload.number(at: 4, as: UInt8.self),
            let origin = payload.number(at: 5, as: UInt8.self), let kind = payload.number(at: 7, as: UInt8.self),
            let flags = payload.number(at: 8, as: UInt32.self),
            includingClones || flags & UInt32(RTM_F_CLONED) == 0
        else { return nil }
        let any: IPAddress = family == .ipv4 ? .v4(.any) : .v6(.any)
        self.init(
            IPPrefix(any, length: length), kind: Kind(rawValue: kind), origin: Origin(rawValue: origin),
            table: UInt32(shortTable))

        var single = NextHop(flags: UInt8(truncatingIfNeeded: flags))
        var attributes = AttributeReader(payload, from: MemoryLayout<rtmsg>.size)
        while let attribute = attributes.next() {
            let value = attribute.value
            switch attribute.type {
            case RTA_DST.number:
                guard let address = value.address, address.family == family else { return nil }
                destination = IPPrefix(address, length: length)
            case RTA_TABLE.number: table = value.number(as: UInt32.self) ?? table
            case RTA_PRIORITY.number: metric = value.number(as: UInt32.self) ?? 0
            case RTA_PREFSRC.number: preferredSource = value.address
            case RTA_OIF.number: single.interface = value.number(as: UInt32.self)
            case RTA_MULTIPATH.number:
                guard readMultipath(value) else { return nil }
            default: single.read(attribute)
            }
        }
        if attributes.isBroken { return nil }
        if nextHops.isEmpty, single.gateway != nil || single.interface != nil { nextHops = [single] }
    }

    /// RTA_MULTIPATH: rtnexthop headers, each with its length and attributes.
    private mutating func readMultipath(_ bytes: RawSpan) -> Bool {
        var offset = 0
        while offset < bytes.byteCount {
            guard let length = bytes.number(at: offset, as: UInt16.self),
                length >= MemoryLayout<rtnexthop>.size,
                let entry = bytes.slice(at: offset, count: Int(length)),
                let flags = entry.number(at: 2, as: UInt8.self), let hops = entry.number(at: 3, as: UInt8.self),
                let interface = entry.number(at: 4, as: UInt32.self)
            else { return false }
            var hop = NextHop(flags: flags)
            hop.weight = Int(hops) + 1
            hop.interface = interface
            var attributes = AttributeReader(entry, from: MemoryLayout<rtnexthop>.size)
            while let attribute = attributes.next() { hop.read(attribute) }
            if attributes.isBroken { return false }
            nextHops.append(hop)
            offset += (Int(length) + 3) & ~3
        }
        return true
    }
}

extension KernelRoute.NextHop {
    fileprivate init(flags: UInt8) {
        self.init()
        isOnLink = Int32(flags) & RTNH_F_ONLINK != 0
        isDead = Int32(flags) & (RTNH_F_DEAD | RTNH_F_LINKDOWN) != 0
    }

    fileprivate mutating func read(_ attribute: borrowing Attribute) {
        switch attribute.type {
        case RTA_GATEWAY.number: gateway = attribute.value.address
        case RTA_VIA.number: gateway = attribute.value.slice(at: 2, count: attribute.value.byteCount - 2)?.address
        default: break
        }
    }
}
