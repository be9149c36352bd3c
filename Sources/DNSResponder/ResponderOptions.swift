import DNSWire
import DNSZone

/// Why a query was not answered as it was asked (RFC 8914, section 4).
enum ExtendedError: UInt16 {
    /// Not everybody may ask this, or not here.
    case prohibited = 18
    /// The name is in no zone of this server.
    case notAuthoritative = 20
    /// The server does not do what was asked.
    case notSupported = 21
    /// The server has no data that it may answer with: the zone has expired.
    case invalidData = 24
}

/// What the OPT record of a response will say, worked out before the answer so that the answer leaves room for it.
struct ResponseOptions {
    /// What is known of the cookie in the query.
    enum Cookie {
        /// There is none.
        case absent
        /// The client has none of ours yet.
        case new
        case invalid
        case valid
    }

    /// The length of an OPT record without options.
    private static var plainByteCount: Int { 11 }

    let edns: Query.EDNS
    /// How many octets the OPT record may take.
    let byteCount: Int
    let withNSID: Bool
    let withKeepalive: Bool
    let cookie: Cookie
    /// The client's own cookie.
    let clientCookie: UInt64
    let arrival: Responder.Arrival

    init(_ edns: Query.EDNS, of query: RawSpan, _ arrival: Responder.Arrival, _ responder: Responder, room: Int) {
        self.edns = edns
        self.arrival = arrival
        // Over UDP it has no meaning.
        withKeepalive = edns.options.wantsKeepalive && arrival.transport == .tcp
        var bytes = Self.plainByteCount
        if withKeepalive { bytes &+= 6 }
        if edns.options.wantsZoneVersion { bytes &+= 10 }
        if let subnet = edns.options.clientSubnet { bytes &+= 4 &+ subnet.count }
        var own: UInt64 = 0
        if let place = edns.options.cookie {
            bytes &+= 12 &+ ServerCookies.byteCount
            own = UInt64(query.uint32(at: place.offset) ?? 0) << 32 | UInt64(query.uint32(at: place.offset &+ 4) ?? 0)
            switch place.count {
            case 8: cookie = .new
            case 8 + ServerCookies.byteCount:
                let isValid = responder.cookies.isValid(
                    query, at: place.offset &+ 8, own: own, client: arrival.client, time: arrival.time)
                cookie = isValid ? .valid : .invalid
            default: cookie = .invalid
            }
        } else {
            cookie = .absent
        }
        clientCookie = own
        // Information, and no reason for a client to come again over TCP: left out where it does not fit beside the question.
        withNSID = edns.options.wantsNSID && bytes &+ 4 &+ responder.identity.count <= room
        byteCount = withNSID ? bytes &+ 4 &+ responder.identity.count : bytes
    }
}

extension Responder {
    /// Appends the OPT record (RFC 6891, section 6.1):
    /// ```
    /// | 00 | TYPE 41 | our payload size 2 | extended RCODE 1 | version 0 | DO + zero 2 | RDLENGTH 2 | options |
    /// ```
    /// DO is given back as it came (RFC 3225, section 3).
    func putOptions(
        _ options: ResponseOptions, _ outcome: Outcome, of query: RawSpan, into builder: inout MessageBuilder
    ) {
        builder.put(0 as UInt8)
        builder.put(RecordType.opt.rawValue)
        builder.put(UInt16(Self.maximumUDPByteCount))
        builder.put(UInt16(outcome.code.rawValue >> 4) << 8)
        builder.put((options.edns.isDNSSECOK ? 0x8000 : 0) as UInt16)
        builder.put(0 as UInt16)
        let start = builder.count
        if options.withNSID {
            putOption(EDNSOption.nsid, identity.count, into: &builder)
            builder.put(identity.span.bytes)
        }
        if options.cookie != .absent { putCookie(options, into: &builder) }
        if let subnet = options.edns.options.clientSubnet { putSubnet(subnet, of: query, into: &builder) }
        if options.edns.options.wantsZoneVersion, let zone = outcome.zone {
            putOption(EDNSOption.zoneVersion, 6, into: &builder)
            builder.put(UInt8(truncatingIfNeeded: zones[zone].originLabelCount))
            builder.put(0 as UInt8)
            builder.put(zones[zone].serial)
        }
        if options.withKeepalive {
            putOption(EDNSOption.tcpKeepalive, 2, into: &builder)
            builder.put(keepalive)
        }
        if let reason = outcome.reason, builder.limit &- builder.count >= 6 {
            putOption(EDNSOption.extendedError, 2, into: &builder)
            builder.put(reason.rawValue)
        }
        builder.overwrite(UInt16(truncatingIfNeeded: builder.count &- start), at: start &- 2)
        builder.countRecord(in: .additional)
    }

    private func putOption(_ code: UInt16, _ count: Int, into builder: inout MessageBuilder) {
        builder.put(code)
        builder.put(UInt16(truncatingIfNeeded: count))
    }

    /// The client's cookie, and a new one of ours: it may be made anew for every answer (RFC 9018, section 4.3).
    private func putCookie(_ options: ResponseOptions, into builder: inout MessageBuilder) {
        let (own, time) = (options.clientCookie, options.arrival.time)
        putOption(EDNSOption.cookie, 8 &+ ServerCookies.byteCount, into: &builder)
        builder.put(UInt32(truncatingIfNeeded: own >> 32))
        builder.put(UInt32(truncatingIfNeeded: own))
        builder.put(0x0100_0000 as UInt32)
        builder.put(time)
        let hash = cookies.hash(own: own, head: 0x0100_0000, stamp: time, client: options.arrival.client)
        builder.put(UInt32(truncatingIfNeeded: hash >> 32))
        builder.put(UInt32(truncatingIfNeeded: hash))
    }

    /// The network as it was asked for, with scope 0: the answer is everybody's (RFC 7871, section 7.2.1).
    private func putSubnet(_ place: QueryOptions.Place, of query: RawSpan, into builder: inout MessageBuilder) {
        guard let subnet = query.slice(at: place.offset, count: place.count) else { return }
        putOption(EDNSOption.clientSubnet, place.count, into: &builder)
        builder.put(subnet)
    }
}
