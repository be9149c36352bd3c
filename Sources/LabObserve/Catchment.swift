public import LabModel
public import Net
public import Sys

/// Which site serves a client at one address, by a probe and by a walk of the kernels' tables.
public struct CatchmentRow: Hashable, Sendable {
    /// The client.
    public let client: Node
    /// The service's name.
    public let service: String
    /// The service's address.
    public let address: IPAddress
    /// The site that answered, by the name it gave; nil when none did.
    public let site: String?
    /// The round trip of the query in nanoseconds; nil when it was not answered.
    public let rtt: Nanoseconds?
    /// The ASes along the walk: the client's provider first, the service's last when the walk arrives there.
    public let asPath: [ASN]
    /// The way: what answered where something did, else what the walk says, without a round trip then.
    public let hops: [Hop]
    /// Whether the site that answered is the end of the walk (or there is neither), and every hop that answered is the
    /// walk's.
    public let agrees: Bool
    /// What disagrees, is odd, or is missing, in words; nil when all is as it should be.
    public let finding: String?

    /// The address family.
    public var family: AddressFamily { address.family }
}
