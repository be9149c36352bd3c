import CMnl
public import Net

/// Asks which way a packet would go (RTM_GETROUTE), as `ip route get` does.
public struct RouteLookup: Hashable, Sendable {
    /// Where the packet goes.
    public var destination: IPAddress
    /// Its source address, which counts for the multipath hash.
    public var source: IPAddress?
    /// The protocol number and ports, which count for the multipath hash when the kernel hashes on them.
    public var flow: Flow?
    /// The number of the interface by which the packet comes in; nil for one that is sent from here. Only with it does
    /// IPv4 take a source that is no address of the node, and says whether the node forwards at all.
    public var inputInterface: UInt32?
    /// Ask for the entry of the table (RTM_F_FIB_MATCH), with its prefix, origin and all next hops, not for the one way
    /// that a packet would take.
    public var wantsEntry: Bool

    /// What tells one flow from another between two addresses.
    public struct Flow: Hashable, Sendable {
        /// 6 for TCP, 17 for UDP.
        public var protocolNumber: UInt8
        /// The source port.
        public var sourcePort: UInt16
        /// The destination port.
        public var destinationPort: UInt16

        /// Makes a flow of its parts.
        public init(protocolNumber: UInt8, sourcePort: UInt16, destinationPort: UInt16) {
            self.protocolNumber = protocolNumber
            self.sourcePort = sourcePort
            self.destinationPort = destinationPort
        }
    }

    /// Makes a question of its parts.
    public init(
        _ destination: IPAddress, from source: IPAddress? = nil, flow: Flow? = nil, inputInterface: UInt32? = nil,
        wantsEntry: Bool = false
    ) {
        self.destination = destination
        self.source = source
        self.flow = flow
        self.inputInterface = inputInterface
        self.wantsEntry = wantsEntry
    }
}

extension RouteLookup: NetlinkRequest {
    /// What errors call the request.
    public var summary: String { "look up route to \(destination)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        var header = rtmsg()
        header.rtm_family = destination.family.number
        header.rtm_dst_len = destination.family.bitWidth
        if let source { header.rtm_src_len = source.family.bitWidth }
        if wantsEntry { header.rtm_flags = UInt32(RTM_F_FIB_MATCH) }
        writer.begin(RTM_GETROUTE, header)
        writer.put(RTA_DST.number, destination)
        if let source { writer.put(RTA_SRC.number, source) }
        if let inputInterface { writer.put(RTA_IIF.number, inputInterface) }
        if let flow {
            writer.put(RTA_IP_PROTO.number, flow.protocolNumber)
            writer.put(RTA_SPORT.number, flow.sourcePort.bigEndian)
            writer.put(RTA_DPORT.number, flow.destinationPort.bigEndian)
        }
    }
}
