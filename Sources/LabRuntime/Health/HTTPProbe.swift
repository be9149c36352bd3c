import CLinux
import Glibc
import HTTPWire
import Net
import Sys

/// Asks all addresses of a web service for a page, from inside the site, each over a connection of its own, as clients do. Good is the
/// status 200; it asks with HEAD, so that a large object costs no more than a small one.
final class HTTPProbe: HealthProbe {
    private let loop: EventLoop
    private let namespace: NodeNamespace
    private let path: String
    private var targets: [Target]
    private var done: ((String?) -> Void)?

    private final class Target {
        let address: IPAddress
        var connection: FileDescriptor?
        var unsent: ArraySlice<UInt8> = []
        let parser = MessageParser(.response, mostContent: 65536)
        init(_ address: IPAddress) { self.address = address }
    }

    init(_ loop: EventLoop, _ namespace: NodeNamespace, _ addresses: [IPAddress], path: String) {
        self.loop = loop
        self.namespace = namespace
        self.path = path
        targets = addresses.map { Target($0) }
    }

    deinit {
        for target in targets { close(target) }
    }

    func begin(_ done: @escaping (String?) -> Void) {
        self.done = done
        for target in targets {
            do {
                try open(target)
                try flush(target)
            } catch {
                return finish(target, (error as? SystemError)?.reason ?? "\(error)")
            }
        }
    }

    func expire() {
        // A supervisor that was busy finds the answers here, and must not take its own delay for the site's.
        for target in targets where target.connection != nil { move(target) }
        if let target = targets.first(where: { $0.connection != nil }) { finish(target, "no answer") }
    }

    private func open(_ target: Target) throws {
        let address = SocketAddress(target.address, port: 80)
        let socket = try namespace.namespace.perform { try Socket.open(address.domain, .stream) }
        let raw = socket.raw
        try Socket.setAbortive(raw)
        _ = try Socket.connect(raw, to: address)
        try loop.add(raw, .write) { [weak self, weak target] _ in
            if let target { self?.move(target) }
        }
        target.connection = consume socket
        target.parser.reset()
        target.parser.isWithoutContent = true
        let host = target.address.family == .ipv6 ? "[\(target.address)]" : "\(target.address)"
        target.unsent = HTTPRequest(method: "HEAD", target: path, fields: ["Host": host]).octets[...]
    }

    private func close(_ target: Target) {
        if let connection = target.connection.take() { loop.remove(connection.raw) }
    }

    private func move(_ target: Target) {
        do throws(SystemError) {
            try flush(target)
            try receive(target)
        } catch {
            finish(target, error.reason)
        }
    }

    /// Sends what is not sent yet. Inside a site a connection is there at once, and so this ends it mostly.
    private func flush(_ target: Target) throws(SystemError) {
        guard let raw = target.connection?.raw, !target.unsent.isEmpty else { return }
        let count = target.unsent.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count >= 0 else {
            let error = SystemError.last("send")
            if error.code == EAGAIN || error.code == EINTR { return }
            throw error
        }
        target.unsent = target.unsent.dropFirst(count)
        if target.unsent.isEmpty { try loop.modify(raw, .read) }
    }

    private func receive(_ target: Target) throws(SystemError) {
        guard let raw = target.connection?.raw, target.unsent.isEmpty else { return }
        var bytes = [UInt8](repeating: 0, count: 4096)
        while !target.parser.isComplete {
            let count = recv(raw, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else {
                let error = SystemError.last("recv")
                if error.code == EAGAIN { return }
                if error.code == EINTR { continue }
                throw error
            }
            guard count > 0 else { return finish(target, "the connection ended before the response") }
            guard (try? target.parser.parse(Array(bytes.prefix(count)))) != nil else {
                return finish(target, "a response that cannot be read")
            }
        }
        let status = target.parser.response.status
        guard status == 200 else { return finish(target, "status \(status) for \(path)") }
        close(target)
        if targets.allSatisfy({ $0.connection == nil }) { done.take()?(nil) }
    }

    private func finish(_ target: Target, _ problem: String) {
        for target in targets { close(target) }
        done.take()?("\(target.address): \(problem)")
    }
}
