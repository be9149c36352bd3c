import CLinux
import Glibc
import Net
import Sys

/// One way to try a site, time after time.
protocol HealthProbe: AnyObject {
    /// Tries once. `done` is called, perhaps at once, with what is wrong, or with nil.
    func begin(_ done: @escaping (String?) -> Void)
    /// Ends a try that has taken too long: `done` is called, if it has not been.
    func expire()
}

/// Asks all addresses of a service, from inside the site, over sockets that stay open: a socket keeps its namespace, so a check
/// costs a datagram each way and no visit there.
final class DNSProbe: HealthProbe {
    private let loop: EventLoop
    private let namespace: NodeNamespace
    private let expectation: DNSExpectation
    private var targets: [Target]
    private var done: ((String?) -> Void)?

    private final class Target {
        let address: IPAddress
        var socket: FileDescriptor?
        /// The number of the query that is not answered.
        var open: UInt16?
        init(_ address: IPAddress) { self.address = address }
    }

    init(_ loop: EventLoop, _ namespace: NodeNamespace, _ addresses: [IPAddress], _ expectation: DNSExpectation) {
        self.loop = loop
        self.namespace = namespace
        self.expectation = expectation
        targets = addresses.map { Target($0) }
    }

    deinit {
        for target in targets { close(target) }
    }

    func begin(_ done: @escaping (String?) -> Void) {
        self.done = done
        for target in targets {
            do {
                try send(target)
            } catch {
                return finish(Self.problem(target, error))
            }
        }
    }

    func expire() {
        // A supervisor that was busy finds the answers here, and must not take its own delay for the site's.
        for target in targets where target.open != nil { receive(target) }
        if let target = targets.first(where: { $0.open != nil }) { finish("\(target.address): no answer") }
    }

    private func send(_ target: Target) throws {
        if target.socket == nil { try open(target) }
        guard let raw = target.socket?.raw else { return }
        let id = UInt16.random(in: 0 ... .max)
        target.open = id
        let query = expectation.query(id)
        let sent = query.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, 0) }
        if sent < 0 { throw SystemError.last("send") }
    }

    private func open(_ target: Target) throws {
        let address = SocketAddress(target.address, port: 53)
        let socket = try namespace.namespace.perform { try Socket.open(address.domain, .datagram) }
        // Connected, so that the kernel tells at once when nobody listens.
        let raw = socket.raw
        _ = try Socket.connect(raw, to: address)
        try loop.add(raw, .read) { [weak self, weak target] _ in
            if let target { self?.receive(target) }
        }
        target.socket = consume socket
    }

    private func close(_ target: Target) {
        if let socket = target.socket.take() { loop.remove(socket.raw) }
    }

    private func receive(_ target: Target) {
        guard let raw = target.socket?.raw else { return }
        var buffer = [UInt8](repeating: 0, count: 1232)
        while true {
            let count = recv(raw, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else {
                let error = SystemError.last("recv")
                if error.code == EAGAIN { return }
                if error.code == EINTR { continue }
                return finish(Self.problem(target, error))
            }
            let octets = Array(buffer.prefix(count))
            guard let id = target.open, DNSExpectation.id(of: octets) == id else { continue }
            if let problem = expectation.problem(with: octets) { return finish("\(target.address): \(problem)") }
            target.open = nil
            if targets.allSatisfy({ $0.open == nil }) { finish(nil) }
        }
    }

    private func finish(_ problem: String?) {
        for target in targets { target.open = nil }
        done.take()?(problem)
    }

    private static func problem(_ target: Target, _ error: any Error) -> String {
        "\(target.address): \((error as? SystemError)?.reason ?? "\(error)")"
    }
}

/// Runs a command inside the site. Whatever it has started ends with the check.
final class CommandProbe: HealthProbe {
    private let loop: EventLoop
    private let namespace: NodeNamespace
    private let command: String
    private var process: ChildProcess?
    private var done: ((String?) -> Void)?

    init(_ loop: EventLoop, _ namespace: NodeNamespace, _ command: String) {
        self.loop = loop
        self.namespace = namespace
        self.command = command
    }

    deinit { _ = end() }

    func begin(_ done: @escaping (String?) -> Void) {
        self.done = done
        do {
            let nothing = try FileDescriptor.open("/dev/null", O_WRONLY)
            var options = ProcessOptions(path: "/bin/sh", arguments: ["-c", command])
            options.environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
            options.directory = "/"
            options.networkNamespace = namespace.namespace.descriptor.raw
            options.standardOutput = nothing.raw
            options.standardError = nothing.raw
            // Process 1 of a PID namespace: with it ends whatever it has started, also what has left its session.
            options.newPIDNamespace = true
            options.newSession = true
            options.noNewPrivileges = true
            let process = try ChildProcess.spawn(options)
            let raw = process.descriptor.raw
            self.process = consume process
            try loop.add(raw, .read) { [weak self] _ in self?.ended() }
        } catch {
            _ = end()
            self.done.take()?("the command cannot be run: \(error.reason)")
        }
    }

    func expire() {
        let status = end()
        done.take()?(status == 0 ? nil : "the command took too long")
    }

    private func ended() {
        let status = end() ?? 255
        done.take()?(status == 0 ? nil : "the command ended with status \(status)")
    }

    /// Ends the command with all that it has started and answers its exit status.
    private func end() -> Int32? {
        guard let process = process.take() else { return nil }
        loop.remove(process.descriptor.raw)
        try? process.signal(SIGKILL)
        // The kernel lets it end when all others of its PID namespace have ended and are reaped.
        return try? process.wait()
    }
}
