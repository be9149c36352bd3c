/// How the decision process compares routes where RFCs or vendors leave a choice.
public struct DecisionOptions: Hashable, Sendable {
    /// The order of the steps.
    public enum Order: String, Hashable, Sendable, CaseIterable {
        /// That of RFC 4271 and RFC 4456: the outcome does not depend on the order in which routes came.
        case standard
        /// An external route that is the best one stays so against external routes that would win only by identifier or
        /// address, but for one with the same BGP Identifier (RFC 5004), as other vendors do.
        case oldestExternal
    }

    /// The order of the steps.
    public var order: Order
    /// Whether MULTI_EXIT_DISC is compared between neighbouring ASes too, against RFC 4271, section 9.1.2.2 c.
    public var alwaysCompareMED: Bool
    /// The number of routes to one prefix that may carry packets together, the best one included; 1 or less is one. Together
    /// with the best go those that were equal up to and including the interior metric, and have the same neighbouring AS.
    public var multipathLimit: Int

    /// Makes the options; what is not named is as in RFC 4271.
    public init(order: Order = .standard, alwaysCompareMED: Bool = false, multipathLimit: Int = 1) {
        self.order = order
        self.alwaysCompareMED = alwaysCompareMED
        self.multipathLimit = multipathLimit
    }
}
