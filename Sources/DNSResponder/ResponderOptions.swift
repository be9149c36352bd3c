import DNSWire

extension Responder {
    /// The length of an OPT record without options.
    static var plainOptionBytes: Int { 11 }

    /// How many octets the OPT record of the response will take. An NSID that does not fit beside the question is left
    /// out: it is information, and no reason for a client to come again over TCP.
    func reservedBytes(_ edns: Query.EDNS?, limit: Int, used: Int) -> Int {
        guard let edns else { return 0 }
        let withNSID = Self.plainOptionBytes &+ 4 &+ identity.count
        return edns.wantsNSID && withNSID <= limit &- used ? withNSID : Self.plainOptionBytes
    }

    /// Appends the OPT record (RFC 6891, section 6.1):
    /// ```
    /// | 00 | TYPE 41 | our payload size 2 | extended RCODE 1 | version 0 | DO + zero 2 | RDLENGTH 2 | NSID |
    /// ```
    /// DO is given back as it came (RFC 3225, section 3).
    func putOptions(
        _ edns: Query.EDNS, code: ResponseCode, withNSID: Bool, into builder: inout MessageBuilder
    ) {
        builder.put(0 as UInt8)
        builder.put(RecordType.opt.rawValue)
        builder.put(UInt16(Self.maximumUDPByteCount))
        builder.put(UInt16(code.rawValue >> 4) << 8)
        builder.put((edns.isDNSSECOK ? 0x8000 : 0) as UInt16)
        if withNSID {
            builder.put(UInt16(truncatingIfNeeded: identity.count &+ 4))
            builder.put(EDNSOption.nsid)
            builder.put(UInt16(truncatingIfNeeded: identity.count))
            builder.put(identity.span.bytes)
        } else {
            builder.put(0 as UInt16)
        }
        builder.countRecord(in: .additional)
    }
}
