/// The type codes and flags of path attributes (RFC 4271, section 4.3).
///
/// ```
///  0                   1
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |O|T|P|E|0 0 0 0|Attr. Type Code|    Optional, Transitive, Partial, Extended length
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public enum AttributeType {
    /// ORIGIN.
    public static var origin: UInt8 { 1 }
    /// AS_PATH.
    public static var asPath: UInt8 { 2 }
    /// NEXT_HOP.
    public static var nextHop: UInt8 { 3 }
    /// MULTI_EXIT_DISC.
    public static var multiExitDiscriminator: UInt8 { 4 }
    /// LOCAL_PREF.
    public static var localPreference: UInt8 { 5 }
    /// ATOMIC_AGGREGATE.
    public static var atomicAggregate: UInt8 { 6 }
    /// AGGREGATOR.
    public static var aggregator: UInt8 { 7 }
    /// COMMUNITIES (RFC 1997).
    public static var communities: UInt8 { 8 }
    /// ORIGINATOR_ID (RFC 4456).
    public static var originatorID: UInt8 { 9 }
    /// CLUSTER_LIST (RFC 4456).
    public static var clusterList: UInt8 { 10 }
    /// MP_REACH_NLRI (RFC 4760).
    public static var multiprotocolReach: UInt8 { 14 }
    /// MP_UNREACH_NLRI (RFC 4760).
    public static var multiprotocolUnreach: UInt8 { 15 }
    /// AS4_PATH (RFC 6793).
    public static var as4Path: UInt8 { 17 }
    /// AS4_AGGREGATOR (RFC 6793).
    public static var as4Aggregator: UInt8 { 18 }
    /// LARGE_COMMUNITY (RFC 8092).
    public static var largeCommunities: UInt8 { 32 }
    /// OTC, Only to Customer (RFC 9234).
    public static var onlyToCustomer: UInt8 { 35 }

    /// The flags that the attribute's RFC gives: optional and transitive. Nil for a type that the speaker does not know.
    static func flags(of type: UInt8) -> UInt8? {
        switch type {
        case origin, asPath, nextHop, localPreference, atomicAggregate: AttributeFlags.transitive
        case multiExitDiscriminator, originatorID, clusterList, multiprotocolReach, multiprotocolUnreach:
            AttributeFlags.optional
        case aggregator, communities, as4Path, as4Aggregator, largeCommunities, onlyToCustomer:
            AttributeFlags.optional | AttributeFlags.transitive
        default: nil
        }
    }
}

/// The bits of the attribute flags octet.
enum AttributeFlags {
    static var optional: UInt8 { 0x80 }
    static var transitive: UInt8 { 0x40 }
    static var partial: UInt8 { 0x20 }
    static var extendedLength: UInt8 { 0x10 }
}
