/// What is out of order in a lab while it is predicted. Numbers are positions in ``LabModel/Topology``.
public struct Conditions: Hashable, Sendable {
    /// The links that carry nothing, at whose ends the routers know it.
    public var deadLinks: Set<Int>
    /// The nodes that announce nothing of their own.
    public var silentNodes: Set<Int>

    /// Makes conditions; without any, all is well.
    public init(deadLinks: Set<Int> = [], silentNodes: Set<Int> = []) {
        self.deadLinks = deadLinks
        self.silentNodes = silentNodes
    }
}
