import CLinux
import Foundation
import Net
import Sys
import TestSupport
import Testing

@Suite struct SocketAddressTests {
    @Test("Addresses and ports come back as they went in") func roundTrip() throws {
        var random = SeededGenerator(11)
        for _ in 0..<2_000 {
            let bytes = random.bytes(Bool.random(using: &random) ? 4 : 16)
            let address = try #require(IPAddress(bytes: bytes))
            let port = UInt16.random(in: 0 ... .max, using: &random)
            let socket = SocketAddress(address, port: port)
            #expect(socket.address == address && socket.port == port)
            #expect(socket.domain == (bytes.count == 4 ? AF_INET : AF_INET6))
            #expect(socket.length == UInt32(bytes.count == 4 ? 16 : 28))
        }
    }

    @Test("The bytes are those of the network") func layout() throws {
        let four = SocketAddress(.v4(IPv4Address(192, 0, 2, 1)), port: 0x1234)
        let seen = four.withPointer { pointer, length in
            Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
        #expect(seen == [2, 0, 0x12, 0x34, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0])
        let six = SocketAddress(.v6(IPv6Address(high: 0xfe80_0000_0000_0000, low: 1)), port: 53, scope: 7)
        let seen6 = six.withPointer { pointer, length in
            Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
        #expect(seen6 == [10, 0, 0, 53, 0, 0, 0, 0, 0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0])
    }

    @Test("A Unix path may have 107 bytes, none of them zero") func unixPaths() {
        #expect(SocketAddress(unixPath: String(repeating: "x", count: 107))?.domain == AF_UNIX)
        #expect(SocketAddress(unixPath: String(repeating: "x", count: 108)) == nil)
        #expect(SocketAddress(unixPath: String(repeating: "ä", count: 54)) == nil)
        #expect(SocketAddress(unixPath: "a\u{0}b") == nil)
        #expect(SocketAddress(unixPath: "x")?.address == nil && SocketAddress(unixPath: "x")?.port == 0)
    }

    @Test("An abstract name may have 107 bytes, and has no zero at its end") func abstractNames() {
        #expect(SocketAddress(abstractName: String(repeating: "x", count: 107))?.length == 110)
        #expect(SocketAddress(abstractName: String(repeating: "x", count: 108)) == nil)
        let bytes = SocketAddress(abstractName: "ab")?.withPointer { pointer, length in
            Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
        #expect(bytes == [1, 0, 0, UInt8(ascii: "a"), UInt8(ascii: "b")])
    }

    @Test("An empty address is of no family") func empty() {
        #expect(SocketAddress().address == nil && SocketAddress().port == 0)
    }
}

@Suite struct SocketTests {
    private struct NobodyCame: Error {}

    private static let loopbacks: [IPAddress] = [
        .v4(IPv4Address(127, 0, 0, 1)), .v6(IPv6Address(high: 0, low: 1)),
    ]

    @Test("A TCP connection: both sides know both addresses, bytes go both ways", arguments: loopbacks)
    func connection(_ address: IPAddress) throws {
        let server = try Socket.listening(address, port: 0)
        if try Socket.accept(server.raw) != nil { Issue.record("accepted before anybody connected") }
        let target = try Socket.localAddress(server.raw)
        #expect(target.address == address && target.port != 0)
        let client = try Socket.open(target.domain, .stream)
        if try !Socket.connect(client.raw, to: target) { try wait(client.raw, POLLOUT) }
        #expect(Socket.pendingError(client.raw) == 0)
        try wait(server.raw, POLLIN)
        guard let accepted = try Socket.accept(server.raw) else { throw NobodyCame() }
        let own = try Socket.localAddress(client.raw)
        #expect(accepted.peer.address == own.address && accepted.peer.port == own.port)
        let connection = accepted.take()
        try Socket.setNoDelay(connection.raw)
        try client.writeAll([1, 2])
        try wait(connection.raw, POLLIN)
        var bytes: [UInt8] = [0, 0, 0]
        #expect(read(connection.raw, &bytes, 3) == 2 && bytes == [1, 2, 0])
        for raw in [server.raw, client.raw, connection.raw] {
            #expect(fcntl(raw, F_GETFL) & O_NONBLOCK != 0 && fcntl(raw, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test("A refused connection says so", arguments: loopbacks) func refused(_ address: IPAddress) throws {
        let bound = try Socket.bound(.stream, address, port: 0)
        let target = try Socket.localAddress(bound.raw)
        let client = try Socket.open(target.domain, .stream)
        do throws(SystemError) {
            if try Socket.connect(client.raw, to: target) {
                Issue.record("connected to a socket that does not listen")
            } else {
                #expect(throws: Never.self) { try wait(client.raw, POLLOUT) }
                #expect(Socket.pendingError(client.raw) == ECONNREFUSED)
            }
        } catch {
            #expect(error.code == ECONNREFUSED && error.object == "\(address)")
        }
    }

    @Test("The families share a port, and an address that is not there yet can be bound") func binding() throws {
        let six = try Socket.bound(.datagram, .v6(.any), port: 0)
        let port = try Socket.localAddress(six.raw).port
        let four = try Socket.bound(.datagram, .v4(.any), port: port)
        #expect(try Socket.localAddress(four.raw).port == port)
        for text in ["192.0.2.77", "2001:db8::77"] {
            let address = try #require(IPAddress(text))
            let socket = try Socket.bound(.stream, address, port: 0)
            #expect(try Socket.localAddress(socket.raw).address == address)
        }
    }

    @Test("A port in use is an error that names it") func portInUse() throws {
        let address = IPAddress.v4(IPv4Address(127, 0, 0, 1))
        let first = try Socket.listening(address, port: 0)
        let port = try Socket.localAddress(first.raw).port
        let error = #expect(throws: SystemError.self) { _ = try Socket.listening(address, port: port) }
        #expect(error?.code == EADDRINUSE && error?.object == "127.0.0.1 port \(port)")
    }

    @Test("The hop limit is set for either family", arguments: loopbacks) func timeToLive(_ address: IPAddress) throws {
        let socket = try Socket.bound(.datagram, address, port: 0)
        try Socket.setTimeToLive(socket.raw, address.family, 7)
        let (level, option) =
            address.family == .ipv4 ? (Int32(IPPROTO_IP), IP_TTL) : (Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS)
        var value: Int32 = 0
        var length = socklen_t(4)
        #expect(getsockopt(socket.raw, level, option, &value, &length) == 0 && value == 7)
    }

    @Test("A Unix socket is for its owner only, and its path for one listener") func unixSocket() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/control"
        #expect(throws: SystemError(code: ENOENT, call: "connect", object: path)) {
            _ = try Socket.connected(unixPath: path)
        }
        let server = try Socket.listening(unixPath: path)
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(throws: SystemError(code: EADDRINUSE, call: "bind", object: path)) {
            _ = try Socket.listening(unixPath: path)
        }
        let client = try Socket.connected(unixPath: path)
        guard let accepted = try Socket.accept(server.raw)?.take() else { throw NobodyCame() }
        try client.writeAll([7])
        var byte: UInt8 = 0
        #expect(read(accepted.raw, &byte, 1) == 1 && byte == 7)
        let long = folder.path + "/" + String(repeating: "x", count: 108)
        #expect(throws: SystemError(code: ENAMETOOLONG, call: "socket", object: long)) {
            _ = try Socket.listening(unixPath: long)
        }
    }

    private func wait(_ raw: Int32, _ events: Int32) throws {
        var entry = pollfd(fd: raw, events: Int16(events), revents: 0)
        try #require(poll(&entry, 1, 5000) == 1)
    }
}
