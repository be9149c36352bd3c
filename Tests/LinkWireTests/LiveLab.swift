import CLinux
import Foundation
import Glibc
import JSON
import Net
import Sys
import Testing

/// A program that failed in a test, with what it printed.
struct CommandFailure: Error {
    let command: String
    let output: String
}

/// Two namespaces of this test alone, and a wire process between them. All of it goes with the value.
final class LiveLab {
    let a: String
    let b: String
    private let configuration: String
    private var process: ChildProcess?
    private var control: FileDescriptor?
    private var received: [UInt8] = []
    private var commands = 0

    private static let counter = NSLock()
    nonisolated(unsafe) private static var made = 0

    init() throws {
        let number = Self.counter.withLock {
            Self.made += 1
            return Self.made
        }
        let name = "wire-test-\(getpid())-\(number)"
        a = name + "-a"
        b = name + "-b"
        configuration = "/tmp/" + name + ".json"
        for name in [a, b] {
            try run("ip", "netns", "add", name)
            // Unasked, IPv6 sends: router solicitations, multicast reports.
            try inside(name) { try Files.write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1".utf8) }
        }
    }

    deinit {
        _ = try? stop(SIGKILL)
        unlink(configuration)
        for name in [a, b] { _ = try? run("ip", "netns", "del", name) }
    }

    /// The configuration of a link whose devices have the name `device`; `extra` are further members.
    func link(_ id: Int, _ device: String, _ impairment: String = "{}", extra: String = "") -> String {
        """
        {"id":\(id),"a":{"netns":"/run/netns/\(a)","device":"\(device)","mac":"02:00:00:00:0a:0\(id)"},
        "b":{"netns":"/run/netns/\(b)","device":"\(device)","mac":"02:00:00:00:0b:0\(id)"},
        "a_to_b":\(impairment),"b_to_a":\(impairment)\(extra)}
        """.replacing("\n", with: "")
    }

    /// Starts `labd wire` and waits for its devices.
    func start(_ links: String...) throws {
        try Files.write(configuration, "{\"links\":[\(links.joined(separator: ","))]}".utf8)
        try restart()
    }

    /// Starts `labd wire` with the configuration of the last start.
    func restart() throws {
        let (near, far) = try FileDescriptor.streamPair().release()
        let other = FileDescriptor(owning: far)
        control = FileDescriptor(owning: near)
        received = []
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(near, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let folder = try Files.ownExecutable().split(separator: "/").dropLast().map { "/" + $0 }.joined()
        var options = ProcessOptions(
            path: folder + "/labd", arguments: ["wire", "--config", configuration, "--control", "3"])
        options.inherited = [other.raw]
        process = try ChildProcess.spawn(options)
        _ = consume other
        #expect(try answer() == ["event": "ready"])
    }

    /// Ends the wire process with a signal and answers its exit status.
    @discardableResult
    func stop(_ signal: Int32) throws -> Int32 {
        guard let process = process.take() else { return 0 }
        try process.signal(signal)
        return try process.wait()
    }

    /// The number of the wire process.
    var pid: Int32 {
        switch process {
        case .some(let process): process.pid
        case .none: -1
        }
    }

    /// Sends a command without its `id`, such as `"do":"counters"`, and answers the reply.
    func command(_ members: String) throws -> JSON {
        commands += 1
        try control?.writeAll("{\"id\":\(commands),\(members)}\n".utf8)
        let reply = try answer()
        #expect(reply["reply"]?.int == commands)
        return reply
    }

    /// The next line from the wire process.
    func answer() throws -> JSON {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeFirst(end + 1) }
                return try JSON(parsing: received[..<end])
            }
            let raw = control?.raw ?? -1
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = try systemCall("read") { read(raw, &chunk, chunk.count) }
            guard count > 0 else { throw CommandFailure(command: "labd wire", output: "ended") }
            received += chunk[..<count]
        }
    }

    /// Gives the two ends of a link 10.99.`subnet`.1 and .2, and takes them up.
    func address(_ device: String, subnet: Int = 0) throws {
        for (name, host) in [(a, 1), (b, 2)] {
            try run("ip", "-n", name, "address", "add", "10.99.\(subnet).\(host)/24", "dev", device)
            try run("ip", "-n", name, "link", "set", device, "up")
        }
    }

    /// The round-trip times of `count` pings from a to b, in milliseconds, ascending.
    func ping(_ count: Int, subnet: Int = 0) throws -> [Double] {
        // Some more than count: ping(8) does not wait for long after its last request.
        let text = try run(
            "ip", "netns", "exec", a, "ping", "-n", "-c", "\(count + 20)", "-i", "0.01", "-W", "2",
            "10.99.\(subnet).2")
        return text.matches(of: /icmp_seq=([0-9]+) .*time=([0-9.]+) ms/)
            .filter { Int($0.1).map { $0 <= count } ?? false }.compactMap { Double($0.2) }.sorted()
    }

    /// `operstate` of a device in both namespaces, as `ip -j link` says: UNKNOWN with the carrier that a new TAP device
    /// has from the start, then UP and DOWN.
    func operationalStates(_ device: String) throws -> [String] {
        try [a, b].map { name in
            let json = try JSON(parsing: try run("ip", "-n", name, "-j", "link", "show", "dev", device))
            return json.array?.first?["operstate"]?.string ?? ""
        }
    }

    /// Runs `body` with the calling thread in a namespace.
    func inside<Result: ~Copyable>(_ name: String, _ body: () throws -> Result) throws -> Result {
        try NetworkNamespace.open("/run/netns/" + name).perform(body)
    }
}

extension LiveLab {
    /// The counters of a direction of the first link.
    func lane(_ name: String) throws -> JSON {
        try #require(try command(#""do":"counters""#)["links"]?.array?.first?[name])
    }

    /// A field of the wire process's `/proc` status.
    func status(_ field: String) throws -> String {
        let text = String(decoding: try Files.read("/proc/\(pid)/status"), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(field) })
        return String(line.dropFirst(field.count).drop { $0 == "\t" || $0 == " " })
    }

    /// A UDP socket in a, port 4000.
    func sender() throws -> FileDescriptor {
        try inside(a) { try Socket.bound(.datagram, try #require(IPAddress("10.99.0.1")), port: 4000) }
    }

    /// Sends a datagram to b, port 4000.
    func send(_ bytes: [UInt8], _ socket: borrowing FileDescriptor) throws {
        let target = SocketAddress(try #require(IPAddress("10.99.0.2")), port: 4000)
        let raw = socket.raw
        try systemCall("sendto") { target.withPointer { sendto(raw, bytes, bytes.count, 0, $0, $1) } }
    }
}

/// Runs a program and answers what it printed. Throws ``CommandFailure`` unless its status is 0.
///
/// Foundation's Process would hand down the blocked signals of the test's thread.
@discardableResult
func run(_ command: String...) throws -> String {
    let (near, far) = try FileDescriptor.streamPair().release()
    let ours = FileDescriptor(owning: near)
    let theirs = FileDescriptor(owning: far)
    var options = ProcessOptions(path: "/usr/bin/env", arguments: command)
    options.environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
    options.standardOutput = theirs.raw
    options.standardError = theirs.raw
    let process = try ChildProcess.spawn(options)
    _ = consume theirs
    let output = String(decoding: try ours.readAll(), as: UTF8.self)
    guard try process.wait() == 0 else {
        throw CommandFailure(command: command.joined(separator: " "), output: output)
    }
    return output
}

/// Processes that keep the machine busy for as long as the value lives, and no longer than 30 seconds.
struct Load: ~Copyable {
    private var processes: [Int32] = []

    init(processes count: Int) throws {
        for _ in 0..<count {
            let process = try ChildProcess.spawn(
                ProcessOptions(path: "/bin/bash", arguments: ["-c", "while (( SECONDS < 30 )); do :; done"]))
            processes.append(process.pid)
        }
    }

    deinit {
        // Children that nobody has waited for: their numbers are theirs still.
        for process in processes {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
    }
}

/// Waits until a descriptor is ready for `events` of poll(2); false after two seconds.
func isReady(_ descriptor: Int32, _ events: Int32) -> Bool {
    var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return Glibc.poll(&poll, 1, 2_000) == 1
}
