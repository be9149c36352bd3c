import DNSServer
import Foundation
import Glibc
import JSON
import Sys

/// A daemon on a thread of its own, in a network namespace that nobody else has and that ends with the test. Its control
/// channel is the test's.
final class TestServer: @unchecked Sendable {
    static let addresses = ["192.0.2.53", "192.0.2.54", "2001:db8:53::53"]

    let namespace: Int32
    private let control: FileDescriptor
    private let thread: pthread_t
    private let folder: String
    private var unread: [UInt8] = []
    private var hasStopped = false

    /// What the thread is given and gives back.
    private final class Shared: @unchecked Sendable {
        let arguments: [String]
        var namespace: Int32 = -1
        var status: Int32 = -1
        let isReady = DispatchSemaphore(value: 0)
        let mayRun = DispatchSemaphore(value: 0)
        init(_ arguments: [String]) { self.arguments = arguments }
    }
    private let shared: Shared

    static func configuration(zone: String) -> String {
        JSON.object([
            .init("node", "london"), .init("addresses", .array(addresses.map { .string($0) })),
            .init("zones", [["origin": "hello.test", "text": .string(zone)]]),
        ]).description
    }

    /// Starts a daemon with a configuration and waits for its first event, which is returned.
    static func start(_ configuration: String) throws -> (server: TestServer, event: JSON) {
        let server = try TestServer(configuration)
        return (server, try server.readLine())
    }

    private init(_ configuration: String) throws {
        folder = NSTemporaryDirectory() + "dns-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: folder + "/dns.json"))
        let (ours, theirs) = try FileDescriptor.streamPair().release()
        control = FileDescriptor(owning: ours)
        let shared = Shared(["--config", folder + "/dns.json", "--control", "\(theirs)"])
        self.shared = shared
        var thread = pthread_t()
        pthread_create(&thread, nil, runDaemon, Unmanaged.passRetained(shared).toOpaque())
        self.thread = thread
        shared.isReady.wait()
        guard shared.namespace >= 0 else { throw NoNamespace() }
        namespace = shared.namespace
        _ = try run("/usr/sbin/ip", ["link", "set", "lo", "up"])
        for address in Self.addresses {
            _ = try run(
                "/usr/sbin/ip", ["address", "add", address, "dev", "lo"] + (address.contains(":") ? ["nodad"] : []))
        }
        shared.mayRun.signal()
    }

    private let runDaemon: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
        guard let pointer else { return nil }
        let shared = Unmanaged<Shared>.fromOpaque(pointer).takeRetainedValue()
        if let namespace = try? NetworkNamespace.createAndEnter(), let copy = try? namespace.descriptor.duplicate() {
            shared.namespace = copy.release()
        }
        shared.isReady.signal()
        shared.mayRun.wait()
        shared.status = DNSDaemon.run(arguments: shared.arguments)
        return nil
    }

    /// Gives the daemon another configuration and has it read that. Returns its answer.
    func reload(_ configuration: String) throws -> JSON {
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: folder + "/dns.json"))
        return try ask(["do": "reload", "id": 99])
    }

    deinit {
        if !hasStopped { _ = try? stop() }
        close(namespace)
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Runs a program in the namespace and returns what it printed.
    func run(_ path: String, _ arguments: [String]) throws -> String {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw NoNamespace() }
        let reading = FileDescriptor(owning: ends[0])
        var options = ProcessOptions(path: path, arguments: arguments)
        options.networkNamespace = namespace
        options.standardOutput = ends[1]
        options.standardError = ends[1]
        let child: ChildProcess
        do {
            child = try ChildProcess.spawn(options)
            close(ends[1])
        } catch {
            close(ends[1])
            throw error
        }
        let output = String(decoding: try reading.readAll(), as: UTF8.self)
        _ = try child.wait()
        return output
    }

    /// `dig` in the namespace, with a short patience.
    func dig(_ arguments: String...) throws -> String {
        try run("/usr/bin/dig", ["+tries=1", "+time=3"] + arguments)
    }

    /// Sends a line on the control channel.
    func send(_ line: String) throws { try control.writeAll(Array((line + "\n").utf8)) }

    /// The next line of the control channel.
    func readLine() throws -> JSON {
        while true {
            if let end = unread.firstIndex(of: 10) {
                defer { unread.removeFirst(end + 1) }
                return try JSON(parsing: unread[..<end])
            }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = read(control.raw, &chunk, chunk.count)
            guard count > 0 else { throw NoLine() }
            unread += chunk[..<count]
        }
    }

    func ask(_ request: JSON) throws -> JSON {
        try send(request.description)
        return try readLine()
    }

    func signal(_ number: Int32) { pthread_kill(thread, number) }

    /// Closes the channel, which ends the daemon, and returns its exit status.
    func stop() throws -> Int32 {
        shutdown(control.raw, Int32(SHUT_RDWR))
        return join()
    }

    /// Waits for the daemon's end and returns its exit status.
    func join() -> Int32 {
        pthread_join(thread, nil)
        hasStopped = true
        return shared.status
    }
}

struct NoNamespace: Error {}
struct NoLine: Error {}
