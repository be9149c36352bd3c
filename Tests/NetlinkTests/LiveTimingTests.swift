import Net
import Netlink
import Sys
import Testing

@Suite("How long it takes", .serialized)
struct LiveTimingTests {
    @Test("500 veth pairs, made, set up and addressed; the figure is printed")
    func manyPairs() throws {
        let (left, right) = (try TestNamespace(), try TestNamespace())
        let host = try NetlinkSession()
        var pairs = NetlinkBatch()
        var ends = (NetlinkBatch(), NetlinkBatch())
        for number in 0..<500 as Range<UInt32> {
            let indexes = (100 + number * 2, 101 + number * 2)
            let hardware = MACAddress(rawValue: 0x02_00_00_00_00_00 + UInt64(number))
            pairs.add(
                VethCreation(
                    .init("n\(number)", in: left.reference, index: indexes.0, macAddress: hardware),
                    .init("n\(number)", in: right.reference, index: indexes.1)))
            for (side, index) in [indexes.0, indexes.1].enumerated() {
                let own = IPAddress.v4(IPv4Address(rawValue: 0x0A00_0000 + number * 2 + UInt32(side)))
                let requests: [any NetlinkRequest] = [
                    LinkChange(.index(index), isUp: true),
                    AddressChange(.add, InterfaceAddress(own, prefixLength: 31, interface: index)),
                ]
                for request in requests { side == 0 ? ends.0.add(request) : ends.1.add(request) }
            }
        }
        let start = Clock.monotonic()
        try host.send(pairs)
        let made = Clock.monotonic()
        try left.session.send(ends.0)
        try right.session.send(ends.1)
        let done = Clock.monotonic()
        print("500 veth pairs: made in \((made - start) / 1_000_000) ms, up in \((done - made) / 1_000_000) ms")
        #expect(try left.session.addresses(.ipv4).count == 500)
        #expect(try right.session.interfaceIndexes().count == 501)
    }
}
