import Net

extension PathAttributes {
    /// Appends the attributes as an UPDATE has them, AS numbers in four octets, without MP_REACH_NLRI: an IPv4 next hop is
    /// among them, an IPv6 one is not.
    public func encode(to buffer: inout [UInt8]) {
        let nextHop: IPv4Address? = if case .v4(let address) = nextHop.address { address } else { nil }
        UpdateEncoder(isFourOctetASN: true).encode(self, nextHop: nextHop, to: &buffer)
    }
}
