/// Where the domain names are in the RDATA of a type: `prefix` octets, then `nameCount` names, then anything.
///
/// ```
/// NS, CNAME, PTR, DNAME   |name|                  MX            |preference 2|name|
/// SOA                     |name|name|20 octets|   SRV           |priority 2|weight 2|port 2|name|
///                                                 SVCB, HTTPS   |priority 2|name|parameters|
/// ```
public struct RecordDataLayout: Equatable, Sendable {
    /// The octets before the first name.
    public let prefix: Int
    /// How many names follow; 0 when the data has none that a server or client must know of.
    public let nameCount: Int
    /// Whether a server may compress the names: only in the types of RFC 1035 (RFC 3597, section 4).
    public let mayCompress: Bool

    /// The layout of the data of records of `type`.
    @inlinable
    public init(_ type: RecordType) {
        switch type {
        case .ns, .cname, .ptr: self.init(prefix: 0, nameCount: 1, mayCompress: true)
        case .mx: self.init(prefix: 2, nameCount: 1, mayCompress: true)
        case .soa: self.init(prefix: 0, nameCount: 2, mayCompress: true)
        case .dname: self.init(prefix: 0, nameCount: 1, mayCompress: false)
        case .svcb, .https: self.init(prefix: 2, nameCount: 1, mayCompress: false)
        case .srv: self.init(prefix: 6, nameCount: 1, mayCompress: false)
        default: self.init(prefix: 0, nameCount: 0, mayCompress: false)
        }
    }

    @inlinable
    init(prefix: Int, nameCount: Int, mayCompress: Bool) {
        self.prefix = prefix
        self.nameCount = nameCount
        self.mayCompress = mayCompress
    }
}
