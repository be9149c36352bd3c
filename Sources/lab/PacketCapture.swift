import CLinux
import Capture
import Glibc
import JSON
import LabRuntime
import Sys

/// Takes packets of several interfaces, in the order of their times, to a file and to whoever looks on.
///
/// Each interface has a packet socket of its own, opened inside the node's namespace, so that losses have a name. A burst
/// waits in the sockets for a moment and is then taken with few calls: 64 packets each.
final class PacketCapture {
    /// A packet, for a reader.
    struct Shown {
        let place: CapturePlace
        let time: Int64
        let isOutgoing: Bool
        let length: Int
        let summary: PacketSummary
    }

    /// What passed an interface.
    struct Total {
        let name: String
        var packets = 0
        var dropped = 0
    }

    private struct Source {
        let place: CapturePlace
        let socket: Int32
    }

    /// A packet that was taken and not given on yet.
    private struct Waiting {
        let source: Int
        let frame: cl_frame
        let bytes: Range<Int>
    }

    let lab: String
    private(set) var totals: [Total]
    private(set) var packets = 0
    var dropped: Int { totals.reduce(0) { $0 + $1.dropped } }
    /// Called with each packet.
    var onPacket: ((Shown) -> Void)?

    private let loop: EventLoop
    private let channel: LineChannel
    private let output: FileDescriptor?
    private let most: Int
    private var sources: [Source] = []
    private let frames: OpaquePointer
    private var writer = PcapngWriter(application: "anycast lab")
    private var start: Int64 = 0
    private var isReadable = false
    private var waiting: [Waiting] = []
    private var arena: [UInt8] = []
    private var failure: SystemError?

    /// How many bytes of packets may wait in each socket, and how long a burst waits to be taken, in nanoseconds.
    private static let room: Int32 = 32 << 20
    private static let pause = 2_000_000

    /// Opens all sockets. `output` gets the file, of at most `count` packets. Throws ``Failure``, `SystemError`.
    init(_ lab: RunningLab, _ places: [CapturePlace], output: consuming FileDescriptor?, count: Int) throws {
        self.lab = lab.name
        self.output = output
        most = count
        totals = places.map { Total(name: $0.name) }
        loop = try EventLoop()
        // The lab's end closes this; held open, its namespaces would outlive it.
        channel = try LineChannel(loop, try Socket.connected(unixPath: LabPaths(lab.name).control))
        guard let frames = cl_frames_make() else { throw SystemError(code: ENOMEM, call: "calloc") }
        self.frames = frames
        channel.onEnd = { [loop] in loop.stop() }
        try loop.onSignals([SIGINT, SIGTERM, SIGHUP]) { [loop] _ in loop.stop() }
        for place in places { try open(place, namespace: lab.namespacePath(place.node)) }
        loop.beforeSleep = { [weak self] in self?.takeBurst() }
    }

    deinit {
        for source in sources { close(source.socket) }
        cl_frames_free(frames)
    }

    private func open(_ place: CapturePlace, namespace: String) throws {
        let socket = try NetworkNamespace.open(namespace).perform {
            let index = if_nametoindex(place.interface)
            guard index > 0 else { throw SystemError.last("find interface", place.name) }
            return try systemCall("open packet socket on", place.name) { cl_packet_open(index, Self.room) }
        }
        sources.append(Source(place: place, socket: socket))
        try loop.add(socket, .read) { [weak self] _ in self?.isReadable = true }
        writer.write(PcapngWriter.Interface(name: place.name, description: place.purpose))
    }

    /// Captures until a signal, the number of packets, the end of the lab, or that of whoever reads. Throws `SystemError`
    /// when the file cannot be written.
    func run() throws(SystemError) {
        start = Clock.wall()
        flush()
        if failure == nil { try loop.run() }
        take(until: .max)
        finish()
        if let failure, failure.code != EPIPE { throw failure }
    }

    private func takeBurst() {
        guard isReadable || !waiting.isEmpty else { return }
        isReadable = false
        take(until: Clock.wall())
        if !waiting.isEmpty { loop.schedule(after: Int64(Self.pause)) {} }
        if packets >= most || failure != nil { return loop.stop() }
        var pause = timespec(tv_sec: 0, tv_nsec: Self.pause)
        nanosleep(&pause, nil)
    }

    /// Takes everything that came before `time`, and gives it on in its order. What came later, of one socket, waits for what
    /// others may still bring.
    private func take(until time: Int64) {
        for index in sources.indices { receive(index, until: time) }
        waiting.sort { $0.frame.stamp < $1.frame.stamp }
        var given = 0
        for packet in waiting {
            guard packet.frame.stamp <= time, packets < most else { break }
            give(packet)
            given += 1
        }
        waiting.removeFirst(given)
        if waiting.isEmpty { arena.removeAll(keepingCapacity: true) }
        flush()
    }

    private func receive(_ index: Int, until time: Int64) {
        let source = sources[index]
        let isLoopback = source.place.interface == "lo"
        while true {
            let count = cl_frames_receive(frames, source.socket)
            guard count > 0 else { break }
            var last: Int64 = 0
            for number in 0..<count {
                let frame = cl_frames_at(frames, number)
                last = frame.stamp
                // What is sent on the loopback interface is received there, too.
                if isLoopback, frame.is_outgoing { continue }
                let begin = arena.count
                arena.append(contentsOf: UnsafeBufferPointer(start: frame.bytes, count: Int(frame.captured)))
                waiting.append(Waiting(source: index, frame: frame, bytes: begin..<arena.count))
            }
            if last > time { break }
        }
        totals[index].dropped += Int(max(0, cl_packet_dropped(source.socket)))
    }

    private func give(_ packet: Waiting) {
        packets += 1
        totals[packet.source].packets += 1
        let time = packet.frame.stamp
        if output != nil {
            writer.write(
                .init(
                    interface: UInt32(truncatingIfNeeded: packet.source), time: UInt64(max(0, time)),
                    length: packet.frame.length, isOutgoing: packet.frame.is_outgoing), arena[packet.bytes])
            if writer.count > 1 << 20 { flush() }
        }
        guard let onPacket else { return }
        let summary = PacketSummary(frame: arena.span.bytes.extracting(packet.bytes))
        onPacket(
            Shown(
                place: sources[packet.source].place, time: time, isOutgoing: packet.frame.is_outgoing,
                length: Int(packet.frame.length), summary: summary))
    }

    private func finish() {
        let end = UInt64(max(0, Clock.wall()))
        for (index, total) in totals.enumerated() {
            writer.write(
                .init(
                    start: UInt64(max(0, start)), end: end, received: UInt64(total.packets + total.dropped),
                    dropped: UInt64(total.dropped)),
                interface: UInt32(truncatingIfNeeded: index))
        }
        flush()
    }

    private func flush() {
        // Whoever follows through a pipe sees each packet when it passes.
        if onPacket != nil { fflush(nil) }
        guard output != nil, failure == nil else { return }
        let bytes = writer.take()
        guard !bytes.isEmpty else { return }
        do {
            try output?.writeAll(bytes)
        } catch {
            failure = error
        }
    }
}

extension PacketCapture.Shown {
    /// A line for people: local time, interface, direction, and what it is.
    var line: String {
        var seconds = time_t(time / 1_000_000_000)
        var local = tm()
        localtime_r(&seconds, &local)
        func digits(_ value: some BinaryInteger, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let clock = [local.tm_hour, local.tm_min, local.tm_sec].map { digits($0, 2) }.joined(separator: ":")
        return "\(clock).\(digits(time % 1_000_000_000 / 1000, 6)) \(place.name) \(isOutgoing ? "out" : "in ") "
            + summary.line
    }

    /// An object for programs.
    var json: JSON {
        func text(_ value: (some CustomStringConvertible)?) -> JSON { value.map { .string($0.description) } ?? .null }
        func number(_ value: (some BinaryInteger)?) -> JSON { value.map { .int(Int($0)) } ?? .null }
        return [
            "time_ns": .int(Int(time)), "node": .string(place.node), "interface": .string(place.interface),
            "direction": .string(isOutgoing ? "out" : "in"), "length": .int(length), "source": text(summary.source),
            "destination": text(summary.destination), "source_port": number(summary.sourcePort),
            "destination_port": number(summary.destinationPort), "ttl": number(summary.timeToLive),
            "protocol": .string(summary.protocolName), "text": .string(summary.text),
        ]
    }
}
