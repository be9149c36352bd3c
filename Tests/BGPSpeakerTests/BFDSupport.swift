import BFD
import Foundation
import JSON
import Net
import Sys
import Testing

@testable import BGPSpeaker

/// Two nodes on a bridge in a third, where the path can be cut without either end losing its carrier.
final class SilentlyCutLink {
    let left: TestNode
    let right: TestNode
    private let middle: TestNode
    private let shell = Process()
    private let input = Pipe()
    private let output = Pipe()

    init() throws {
        left = try TestNode()
        right = try TestNode()
        middle = try TestNode()
        try middle.ip("link", "add", "bridge", "type", "bridge")
        try middle.ip("link", "set", "bridge", "up")
        for (node, name, index, host) in [(left, "to-right", 101, 0), (right, "to-left", 202, 1)] {
            let port = "port\(host)"
            try middle.ip(
                "link", "add", port, "index", "\(300 + host)", "type", "veth", "peer", "name", name, "netns", node.name,
                "index", "\(index)")
            try middle.ip("link", "set", port, "master", "bridge", "up")
            try node.ip("addr", "add", "10.1.0.\(host)/31", "dev", name)
            try node.ip("addr", "add", "2001:db8:1::\(host)/127", "dev", name, "nodad")
            try node.ip("link", "set", name, "up")
        }
        // A shell that waits in the middle: starting a program would take longer than what is measured.
        shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        shell.arguments = ["ip", "netns", "exec", middle.name, "sh"]
        shell.standardInput = input
        shell.standardOutput = output
        try shell.run()
        say("echo 1 > /sys/class/net/port0/brport/isolated")
    }

    deinit {
        try? input.fileHandleForWriting.close()
        shell.waitUntilExit()
    }

    /// Two isolated ports of a bridge do not hear each other. Answers when it was done.
    @discardableResult
    func setCut(_ isCut: Bool) -> Nanoseconds {
        say("echo \(isCut ? 1 : 0) > /sys/class/net/port1/brport/isolated")
        return Clock.monotonic()
    }

    private func say(_ command: String) {
        input.fileHandleForWriting.write(Data("\(command); echo\n".utf8))
        _ = output.fileHandleForReading.readData(ofLength: 1)
    }
}

/// A neighbour made by hand: two sockets in a node's namespace, and packets as the test wants them.
final class HandMadeBFD {
    /// What came in.
    struct Arrival {
        var packet: ControlPacket
        var port: UInt16
        var timeToLive: Int32
    }

    private let receiving: FileDescriptor
    private let sending: FileDescriptor
    private let target: SocketAddress
    private let family: AddressFamily

    init(_ node: TestNode, _ local: IPAddress, to remote: IPAddress, port: UInt16 = 3784) throws {
        family = local.family
        target = SocketAddress(remote, port: port)
        receiving = FileDescriptor(owning: try Self.socket(node, local, port))
        sending = FileDescriptor(owning: try Self.socket(node, local, 0))
        switch family {
        case .ipv4: try Socket.set(receiving.raw, Int32(IPPROTO_IP), IP_RECVTTL, 1)
        case .ipv6: try Socket.set(receiving.raw, Int32(IPPROTO_IPV6), IPV6_RECVHOPLIMIT, 1)
        }
    }

    /// A socket keeps the namespace of the thread that has made it.
    private static func socket(_ node: TestNode, _ local: IPAddress, _ port: UInt16) throws -> Int32 {
        let done = DispatchSemaphore(value: 0)
        let namespace = "/run/netns/\(node.name)"
        nonisolated(unsafe) var result: Result<Int32, any Error> = .success(-1)
        Thread.detachNewThread {
            result = Result {
                try NetworkNamespace.open(namespace).enter()
                return try Socket.bound(.datagram, local, port: port).release()
            }
            done.signal()
        }
        done.wait()
        return try result.get()
    }

    func send(_ packet: ControlPacket, timeToLive: UInt8 = 255) throws {
        try Socket.setTimeToLive(sending.raw, family, timeToLive)
        var bytes = [UInt8](repeating: 0, count: ControlPacket.byteCount)
        bytes.withUnsafeMutableBytes { buffer in
            var span = buffer.mutableBytes
            packet.encode(into: &span)
        }
        let count = target.withPointer { sendto(sending.raw, bytes, bytes.count, 0, $0, $1) }
        #expect(count == bytes.count)
    }

    private static func decoded(_ bytes: [UInt8]) throws -> ControlPacket {
        try ControlPacket(decoding: bytes.span.bytes)
    }

    /// The next packet that `isMeant`; nil when none comes.
    func receive(within seconds: Double = 5, _ isMeant: (ControlPacket) -> Bool = { _ in true }) throws -> Arrival? {
        var bytes = [UInt8](repeating: 0, count: 256)
        var control = [UInt8](repeating: 0, count: 64)
        var arrival: Arrival?
        _ = try eventually(within: seconds) {
            var from = SocketAddress()
            let (count, timeToLive) = bytes.withUnsafeMutableBytes { bytes in
                control.withUnsafeMutableBytes { control in
                    from.withMutablePointer { address, length in
                        var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                        return withUnsafeMutablePointer(to: &vector) { vector in
                            var header = msghdr(
                                msg_name: address, msg_namelen: length.pointee, msg_iov: vector, msg_iovlen: 1,
                                msg_control: control.baseAddress, msg_controllen: control.count, msg_flags: 0)
                            let count = recvmsg(receiving.raw, &header, 0)
                            length.pointee = header.msg_namelen
                            return (count, control.load(fromByteOffset: 16, as: Int32.self))
                        }
                    }
                }
            }
            guard count > 0 else { return false }
            let packet = try Self.decoded(Array(bytes.prefix(count)))
            guard isMeant(packet) else { return false }
            arrival = Arrival(packet: packet, port: from.port, timeToLive: timeToLive)
            return true
        }
        return arrival
    }
}
