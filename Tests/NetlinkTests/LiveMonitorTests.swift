import Foundation
import Net
import Netlink
import Sys
import Testing

@Suite("Notifications, in namespaces of their own", .serialized)
struct LiveMonitorTests {
    private func heard(_ monitor: NetlinkMonitor) throws -> [Netlink.Notification] {
        var all: [Netlink.Notification] = []
        #expect(try monitor.receive { all.append($0) } == .complete)
        return all
    }

    @Test("links, carriers, addresses and routes are heard of as they change")
    func changes() throws {
        let (left, right) = (try TestNamespace(), try TestNamespace())
        let monitor = try left.namespace.perform { try NetlinkMonitor([.links, .addresses, .routes]) }
        #expect(try heard(monitor) == [])

        let link = try left.veth("a", to: right, "a").here
        let interfaces = try heard(monitor).compactMap { if case .interface(let value) = $0 { value } else { nil } }
        #expect(interfaces.first?.name == "a")
        #expect(interfaces.last?.isUp == true)

        let own = InterfaceAddress(try address("10.0.0.0"), prefixLength: 31, interface: link)
        let route = KernelRoute(
            try prefix("192.0.2.0/24"), via: [.init(try address("10.0.0.1"), interface: link)], origin: .bgp)
        let six = KernelRoute(try prefix("2001:db8::/32"), via: [.init(interface: link)], origin: .bgp, metric: 3)
        try left.session.send(
            NetlinkBatch([AddressChange(.add, own), RouteChange(.add, route), RouteChange(.add, six)]))
        var news = try heard(monitor)
        #expect(news.contains(.address(own)))
        #expect(news.contains(.route(route)))
        #expect(news.contains(.route(six)))

        try left.session.send(NetlinkBatch([RouteChange(.delete, route), AddressChange(.delete, own)]))
        news = try heard(monitor)
        #expect(news.contains(.routeRemoved(route)))
        #expect(news.contains(.addressRemoved(own)))

        try right.session.send(LinkChange(.name("a"), isUp: false))
        let start = Clock.monotonic()
        var hasCarrier = true
        while hasCarrier, waitToRead(monitor.descriptor) {
            for case .interface(let value) in try heard(monitor) { hasCarrier = value.hasCarrier }
        }
        #expect(!hasCarrier)
        let milliseconds = Double(Clock.monotonic() - start) / 1e6
        #expect(milliseconds < 100, "a lost carrier is told at once")

        try left.session.send(LinkDeletion(.name("a")))
        news = try heard(monitor)
        #expect(news.contains { if case .interfaceRemoved(let gone) = $0 { gone.name == "a" } else { false } })
    }

    @Test("what one session changes is not told to a monitor that leaves it out; what others change is")
    func exception() throws {
        let left = try TestNamespace()
        try left.session.send(LinkChange(.index(1), isUp: true))
        let (all, some) = try left.namespace.perform {
            (try NetlinkMonitor(.routes), try NetlinkMonitor(.routes, except: left.session))
        }
        let other = try NetlinkSession(in: left.namespace, name: left.name)
        for text in ["192.0.2.0/24", "2001:db8::/32"] {
            let own = KernelRoute(try prefix(text), via: [.init(interface: 1)], origin: .bgp, metric: 20)
            let foreign = KernelRoute(own.destination, via: own.nextHops, origin: .static, metric: 7)
            try left.session.send(RouteChange(.add, own))
            try other.send(RouteChange(.add, foreign))
            #expect(try heard(all) == [.route(own), .route(foreign)])
            #expect(try heard(some) == [.route(foreign)])
            try left.session.send(RouteChange(.replace, own))
            try left.session.send(RouteChange(.delete, own))
            #expect(try heard(some) == [])
            try other.send(RouteChange(.delete, foreign))
            #expect(try heard(some) == [.routeRemoved(foreign)])
            _ = try heard(all)
        }
    }

    @Test("a flood that overflows the socket is told as lossy, and the monitor works on")
    func overflow() throws {
        let left = try TestNamespace()
        try left.session.send(LinkChange(.index(1), isUp: true))
        let monitor = try left.namespace.perform { try NetlinkMonitor([.routes]) }
        var batch = NetlinkBatch()
        for index in 0..<2000 {
            let destination = IPAddress.v4(IPv4Address(198, 18, UInt8(index / 256), UInt8(index % 256)))
            batch.add(RouteChange(.add, KernelRoute(IPPrefix(destination, length: 32), via: [.init(interface: 1)])))
        }
        try left.session.send(batch)
        var wasLossy = false
        var count = 0
        var last = -1
        while count != last {
            last = count
            if try monitor.receive({ _ in count += 1 }) == .lossy { wasLossy = true }
        }
        #expect(wasLossy)
        #expect(count > 0 && count < 2000)
        let next = KernelRoute(try prefix("203.0.113.0/24"), via: [.init(interface: 1)])
        try left.session.send(RouteChange(.add, next))
        #expect(try heard(monitor) == [.route(next)])
    }
}
