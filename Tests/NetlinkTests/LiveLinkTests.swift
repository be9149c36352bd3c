import Foundation
import Net
import Netlink
import Testing

@Suite("Links, in namespaces of their own", .serialized)
struct LiveLinkTests {
    @Test("a veth is made in place in both namespaces, with names, addresses and MTU of both ends")
    func vethInPlace() throws {
        let (left, right) = (try TestNamespace(), try TestNamespace())
        let host = try NetlinkSession()
        try host.send(
            VethCreation(
                .init("uplink", in: left.reference, index: 101, macAddress: mac("02:00:00:00:00:01"), mtu: 1400),
                .init("downlink", in: right.reference, index: 202, macAddress: mac("02:00:00:00:00:02"), mtu: 9000)))

        let near = try #require(try left.ip("-d", "link", "show", "uplink").first)
        #expect(near["address"] as? String == "02:00:00:00:00:01")
        #expect(near["mtu"] as? Int == 1400)
        #expect((near["linkinfo"] as? [String: Any])?["info_kind"] as? String == "veth")
        #expect((near["flags"] as? [String])?.contains("UP") == false)
        let far = try #require(try right.ip("-d", "link", "show", "downlink").first)
        #expect(far["address"] as? String == "02:00:00:00:00:02")
        #expect(far["mtu"] as? Int == 9000)

        let ours = try left.session.interface(.name("uplink"))
        let theirs = try right.session.interface(.name("downlink"))
        #expect(near["ifindex"] as? Int == 101)
        #expect(far["ifindex"] as? Int == 202)
        #expect(ours.index == 101)
        #expect(ours.macAddress == (try mac("02:00:00:00:00:01")))
        #expect(ours.mtu == 1400)
        #expect(ours.kind == "veth")
        #expect(ours.peerIndex == theirs.index)
        #expect(ours.peerNamespaceID != nil)
        #expect(!ours.isUp)
        #expect(ours.operationalState == .down)
    }

    @Test("up, carrier, alias, MTU, address, name, move, down and delete")
    func changes() throws {
        let (left, right, third) = (try TestNamespace(), try TestNamespace(), try TestNamespace())
        try left.session.send(VethCreation(.init("a0"), .init("b0", in: right.reference)))
        try left.session.send(
            LinkChange(
                .name("a0"), isUp: true, alias: "to the right", mtu: 1300, macAddress: mac("02:aa:00:00:00:07")))
        var state = try left.session.interface(.name("a0"))
        #expect(state.isUp && !state.hasCarrier)
        #expect(state.operationalState != .up)
        #expect(state.alias == "to the right")
        #expect(try left.ip("link", "show", "a0").first?["ifalias"] as? String == "to the right")
        #expect(state.mtu == 1300)
        #expect(state.macAddress == (try mac("02:aa:00:00:00:07")))

        try right.session.send(LinkChange(.name("b0"), isUp: true))
        state = try left.session.interface(.index(state.index))
        #expect(state.hasCarrier)

        try left.session.send(LinkChange(.index(state.index), isUp: false))
        #expect(try left.session.interface(.name("a0")).isUp == false)
        try left.session.send(LinkRenaming(state.index, to: "core"))
        #expect(try left.session.interfaceIndexes() == ["lo": 1, "core": state.index])

        try left.session.send(LinkChange(.name("core"), namespace: third.reference))
        #expect(try left.session.interfaceIndexes() == ["lo": 1])
        #expect(try third.session.interfaceIndexes().keys.sorted() == ["core", "lo"])

        try third.session.send(LinkDeletion(.name("core")))
        #expect(try right.session.interfaceIndexes() == ["lo": 1])
    }

    @Test("a refusal names what was asked for, the namespace and the kernel's own words")
    func refusals() throws {
        let left = try TestNamespace()
        let missing = #expect(throws: NetlinkError.self) {
            try left.session.send(LinkChange(.name("nowhere"), isUp: true))
        }
        #expect(missing?.code == ENODEV)
        #expect(missing?.description.hasPrefix("set link nowhere up in \(left.name): No such device") == true)

        let loopback = try left.session.interface(.name("lo")).index
        try left.session.send(LinkChange(.index(loopback), isUp: true))
        let route = try KernelRoute(prefix("192.0.2.0/24"), via: [.init(address("10.9.9.9"))], origin: .bgp)
        let refused = #expect(throws: NetlinkError.self) { try left.session.send(RouteChange(.add, route)) }
        #expect(refused?.code == ENETUNREACH)
        #expect(refused?.explanation == "Nexthop has invalid gateway")
        #expect(
            refused?.description
                == "add route 192.0.2.0/24 via 10.9.9.9 in \(left.name): Network is unreachable (Nexthop has invalid gateway)"
        )

        let alias = LinkChange(.name("lo"), alias: String(repeating: "x", count: 70_000))
        #expect(throws: NetlinkError(code: EMSGSIZE, request: "\(alias.summary) in \(left.name)")) {
            try left.session.send(alias)
        }
        #expect(throws: NetlinkError.self) {
            try left.session.interface(.name(String(repeating: "x", count: 5000)))
        }
        let twice = InterfaceAddress(try address("127.0.0.1"), prefixLength: 8, interface: loopback)
        let numbered = #expect(throws: NetlinkError.self) {
            try left.session.send(NetlinkBatch([AddressChange(.add, twice), AddressChange(.add, twice)]))
        }
        #expect(numbered?.request == "add address 127.0.0.1/8 on link lo in \(left.name)")
        let absent = #expect(throws: NetlinkError.self) { try left.session.send(LinkDeletion(.index(77))) }
        #expect(absent?.request == "delete link #77 in \(left.name)")

        let long = #expect(throws: NetlinkError.self) {
            try left.session.send(VethCreation(.init("a-name-of-17-chars"), .init("b")))
        }
        #expect(long?.explanation.isEmpty == false)
        #expect(try left.session.interfaces().map(\.name) == ["lo"])
    }

    @Test("tolerated refusals pass, others in the same batch are told with their position")
    func tolerance() throws {
        let left = try TestNamespace()
        var batch = NetlinkBatch()
        batch.add(VethCreation(.init("a"), .init("b")))
        batch.add(VethCreation(.init("a"), .init("c")), ignoring: .alreadyThere)
        batch.add(LinkDeletion(.name("z")), ignoring: .alreadyGone)
        batch.add(LinkDeletion(.name("y")), ignoring: .alreadyThere)
        batch.add(LinkChange(.name("b"), isUp: true))
        let refusals = try left.session.attempt(batch)
        #expect(refusals.map(\.position) == [3])
        #expect(refusals.first?.error.code == ENODEV)
        #expect(try left.session.interface(.name("b")).isUp)
    }
}
