/// The TYPE of a resource record, or the QTYPE of a question (RFC 1035, sections 3.2.2 and 3.2.3).
///
/// The constants are computed so that a daemon carries no table of them in writable memory.
public struct RecordType: RawRepresentable, Hashable, Sendable {
    /// The number that IANA has assigned.
    public var rawValue: UInt16

    /// Makes a type of its number.
    @inlinable
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// A host address (RFC 1035).
    @inlinable public static var a: RecordType { RecordType(rawValue: 1) }
    /// An authoritative name server (RFC 1035).
    @inlinable public static var ns: RecordType { RecordType(rawValue: 2) }
    /// The canonical name of an alias (RFC 1035).
    @inlinable public static var cname: RecordType { RecordType(rawValue: 5) }
    /// The start of a zone of authority (RFC 1035).
    @inlinable public static var soa: RecordType { RecordType(rawValue: 6) }
    /// A domain name pointer (RFC 1035).
    @inlinable public static var ptr: RecordType { RecordType(rawValue: 12) }
    /// A mail exchange (RFC 1035).
    @inlinable public static var mx: RecordType { RecordType(rawValue: 15) }
    /// What a host is made of (RFC 1035); also what a server answers to ANY (RFC 8482).
    @inlinable public static var hinfo: RecordType { RecordType(rawValue: 13) }
    /// Text strings (RFC 1035).
    @inlinable public static var txt: RecordType { RecordType(rawValue: 16) }
    /// An IPv6 host address (RFC 3596).
    @inlinable public static var aaaa: RecordType { RecordType(rawValue: 28) }
    /// Where something is on Earth (RFC 1876).
    @inlinable public static var loc: RecordType { RecordType(rawValue: 29) }
    /// The location of a service (RFC 2782).
    @inlinable public static var srv: RecordType { RecordType(rawValue: 33) }
    /// A rule that rewrites names (RFC 3403).
    @inlinable public static var naptr: RecordType { RecordType(rawValue: 35) }
    /// Another name for a whole subtree (RFC 6672).
    @inlinable public static var dname: RecordType { RecordType(rawValue: 39) }
    /// The EDNS(0) pseudo-record (RFC 6891).
    @inlinable public static var opt: RecordType { RecordType(rawValue: 41) }
    /// A delegation signer, which belongs to the parent's side of a zone cut (RFC 4034).
    @inlinable public static var ds: RecordType { RecordType(rawValue: 43) }
    /// The fingerprint of an SSH host key (RFC 4255).
    @inlinable public static var sshfp: RecordType { RecordType(rawValue: 44) }
    /// A certificate of a TLS server (RFC 6698).
    @inlinable public static var tlsa: RecordType { RecordType(rawValue: 52) }
    /// How a service is reached (RFC 9460).
    @inlinable public static var svcb: RecordType { RecordType(rawValue: 64) }
    /// How a web server is reached (RFC 9460).
    @inlinable public static var https: RecordType { RecordType(rawValue: 65) }
    /// An incremental zone transfer (RFC 1995); a QTYPE only.
    @inlinable public static var ixfr: RecordType { RecordType(rawValue: 251) }
    /// A transfer of a whole zone (RFC 5936); a QTYPE only.
    @inlinable public static var axfr: RecordType { RecordType(rawValue: 252) }
    /// All types, written `*` or `ANY`; a QTYPE only.
    @inlinable public static var any: RecordType { RecordType(rawValue: 255) }
    /// Which authorities may issue certificates (RFC 8659).
    @inlinable public static var caa: RecordType { RecordType(rawValue: 257) }

    /// Whether records of this type can be data of a zone: not OPT, and none of the meta-types and QTYPEs of
    /// RFC 6895, section 3.1 (128 to 255), nor the reserved type 0.
    public var isData: Bool { rawValue != 0 && self != .opt && !(128...255).contains(rawValue) }
}

extension RecordType: LosslessStringConvertible {
    /// Reads a mnemonic in either case, or `TYPE` and a number (RFC 3597, section 5).
    public init?(_ text: String) {
        switch text.uppercased() {
        case "A": self = .a
        case "NS": self = .ns
        case "CNAME": self = .cname
        case "SOA": self = .soa
        case "PTR": self = .ptr
        case "MX": self = .mx
        case "TXT": self = .txt
        case "AAAA": self = .aaaa
        case "SRV": self = .srv
        case "OPT": self = .opt
        case "DS": self = .ds
        case "IXFR": self = .ixfr
        case "AXFR": self = .axfr
        case "ANY": self = .any
        case "CAA": self = .caa
        case "HINFO": self = .hinfo
        case "LOC": self = .loc
        case "NAPTR": self = .naptr
        case "DNAME": self = .dname
        case "SSHFP": self = .sshfp
        case "TLSA": self = .tlsa
        case "SVCB": self = .svcb
        case "HTTPS": self = .https
        case let other:
            guard let number = numberAfter("TYPE", in: other) else { return nil }
            rawValue = number
        }
    }

    /// The mnemonic, or `TYPE` and the number.
    public var description: String {
        switch self {
        case .a: "A"
        case .ns: "NS"
        case .cname: "CNAME"
        case .soa: "SOA"
        case .ptr: "PTR"
        case .mx: "MX"
        case .txt: "TXT"
        case .aaaa: "AAAA"
        case .srv: "SRV"
        case .opt: "OPT"
        case .ds: "DS"
        case .ixfr: "IXFR"
        case .axfr: "AXFR"
        case .any: "ANY"
        case .caa: "CAA"
        case .hinfo: "HINFO"
        case .loc: "LOC"
        case .naptr: "NAPTR"
        case .dname: "DNAME"
        case .sshfp: "SSHFP"
        case .tlsa: "TLSA"
        case .svcb: "SVCB"
        case .https: "HTTPS"
        default: "TYPE\(rawValue)"
        }
    }
}

/// The CLASS of a resource record, or the QCLASS of a question (RFC 1035, sections 3.2.4 and 3.2.5).
public struct RecordClass: RawRepresentable, Hashable, Sendable {
    /// The number that IANA has assigned.
    public var rawValue: UInt16

    /// Makes a class of its number.
    @inlinable
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The Internet.
    @inlinable public static var internet: RecordClass { RecordClass(rawValue: 1) }
    /// CHAOS, which serves to ask a server about itself (RFC 4892).
    @inlinable public static var chaos: RecordClass { RecordClass(rawValue: 3) }
    /// No class (RFC 2136).
    @inlinable public static var none: RecordClass { RecordClass(rawValue: 254) }
    /// Any class; a QCLASS only.
    @inlinable public static var any: RecordClass { RecordClass(rawValue: 255) }
}

extension RecordClass: LosslessStringConvertible {
    /// Reads a mnemonic in either case, or `CLASS` and a number (RFC 3597, section 5).
    public init?(_ text: String) {
        switch text.uppercased() {
        case "IN": self = .internet
        case "CH": self = .chaos
        case "NONE": self = .none
        case "ANY": self = .any
        case let other:
            guard let number = numberAfter("CLASS", in: other) else { return nil }
            rawValue = number
        }
    }

    /// The mnemonic, or `CLASS` and the number.
    public var description: String {
        switch self {
        case .internet: "IN"
        case .chaos: "CH"
        case .none: "NONE"
        case .any: "ANY"
        default: "CLASS\(rawValue)"
        }
    }
}

/// The number of `TYPE123` or `CLASS123`: decimal digits only, since `UInt16("+1")` would be taken for a number.
private func numberAfter(_ prefix: String, in text: String) -> UInt16? {
    guard text.hasPrefix(prefix) else { return nil }
    let digits = text.dropFirst(prefix.count)
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return UInt16(digits)
}
