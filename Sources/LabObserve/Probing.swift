import Sys

/// All that is asked about one node and one address, in one flow of packets.
protocol Probing: AnyObject {
    /// What is known so far.
    var report: ProbeReport { get }
    var packet: Packet { get }
    /// How many hops are asked for one by one, and whether the last of them is expected to be the destination. To be called before
    /// anything is sent.
    func expect(hops: Int, arrives: Bool)
    /// Whether everything that can still tell something has told it.
    var isComplete: Bool { get }
    /// What the loop has to watch, after something was sent.
    var watched: [(descriptor: Int32, interest: Readiness)] { get }
    /// Sends everything that has not been answered.
    func send()
    /// Takes in all that waits at a descriptor.
    func receive(from descriptor: Int32)
}
