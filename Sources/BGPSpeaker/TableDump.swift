import BGPSession
import BGPTable
import BGPWire
import Glibc
import JSON
import MRTWire
import Net
import Sys

/// Writes the table into a file as TABLE_DUMP_V2 (RFC 6396, section 4.3), piece by piece while the speaker works on: all routes that
/// take part in the decision process, as import policy left them, with path identifiers where they came with them (RFC 8050). What changes meanwhile may be in it or not. The file gets its
/// name when it is whole.
///
/// The table knows no times of routes; they cost four octets each. The time of a route is that of its session's beginning.
final class TableDump {
    private unowned let speaker: Speaker
    private let path: String
    private let file: FileDescriptor
    private let finish: (Result<Summary, SystemError>) -> Void
    private let peers: [PeerID: (index: UInt16, time: UInt32)]
    private let time: MRTTime
    private var place: UInt32 = 0
    private var summary = Summary()

    /// What was written.
    struct Summary {
        var prefixes = 0
        var routes = 0
        var octets = 0
    }

    private static let prefixesAtOnce = 2048
    private static let suffix = ".part"

    /// Begins. `finish` is called when the file is whole, or cannot be written. Throws `SystemError` when it cannot be made.
    @discardableResult
    static func begin(
        _ speaker: Speaker, path: String, _ finish: @escaping (Result<Summary, SystemError>) -> Void
    ) throws(SystemError) -> TableDump {
        let dump = try TableDump(speaker, path, finish)
        try dump.write(.peers(dump.peerTable))
        // The timers of the loop hold the dump until it is done.
        speaker.loop.schedule(after: 0) { dump.go() }
        return dump
    }

    /// Follows the command `dump` of a control channel; `answer` is called with the members of the answer when it is done.
    static func follow(_ command: JSON, _ speaker: Speaker, _ answer: @escaping ([JSON.Member]) -> Void) {
        func refuse(_ reason: String) { answer([.init("error", .string(reason))]) }
        guard let path = command["path"]?.string, path.hasPrefix("/") else {
            return refuse("\"path\": an absolute path expected")
        }
        do throws(SystemError) {
            try begin(speaker, path: path) { result in
                switch result {
                case .success(let summary):
                    answer([
                        .init("prefixes", .int(summary.prefixes)), .init("routes", .int(summary.routes)),
                        .init("octets", .int(summary.octets)),
                    ])
                case .failure(let error): refuse(error.description)
                }
            }
        } catch {
            refuse(error.description)
        }
    }

    private init(
        _ speaker: Speaker, _ path: String, _ finish: @escaping (Result<Summary, SystemError>) -> Void
    ) throws(SystemError) {
        self.speaker = speaker
        self.path = path
        self.finish = finish
        file = try FileDescriptor.open(path + Self.suffix, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        let now = MRTTime.now.seconds
        time = MRTTime(seconds: now)
        var peers: [PeerID: (index: UInt16, time: UInt32)] = [.local: (0, now)]
        let monotonic = Clock.monotonic()
        for (index, neighbour) in speaker.neighbours.enumerated() {
            let age = neighbour.establishedAt.map { (monotonic - $0) / 1_000_000_000 } ?? 0
            peers[neighbour.id] = (UInt16(clamping: index + 1), now - UInt32(clamping: min(Int64(now), age)))
        }
        self.peers = peers
    }

    /// The speaker itself is the first, for the routes that it originates.
    private var peerTable: MRTPeerIndexTable {
        let own = speaker.configuration
        let itself = MRTPeerIndexTable.Peer(identifier: own.identifier, address: .v4(.any), asn: own.asn)
        return MRTPeerIndexTable(
            collector: own.identifier, viewName: own.node,
            peers: [itself]
                + speaker.neighbours.map { neighbour in
                    MRTPeerIndexTable.Peer(
                        identifier: neighbour.negotiated?.identifier ?? .any, address: neighbour.configuration.address,
                        asn: neighbour.configuration.asn)
                })
    }

    private func go() {
        do throws(SystemError) {
            if try writePiece() {
                speaker.loop.schedule(after: 0) { self.go() }
            } else {
                try systemCall("rename", path) { rename(path + Self.suffix, path) }
                finish(.success(summary))
            }
        } catch {
            try? Files.removeFile(path + Self.suffix)
            finish(.failure(error))
        }
    }

    /// Answers whether there is more.
    private func writePiece() throws(SystemError) -> Bool {
        var buffer: [UInt8] = []
        let next = speaker.table.visit(from: place, atMost: Self.prefixesAtOnce) { prefix in
            append(prefix, to: &buffer)
            return true
        }
        try write(buffer)
        place = next ?? 0
        return next != nil
    }

    private func append(_ prefix: IPPrefix, to buffer: inout [UInt8]) {
        var entries: [MRTRoutes.Entry] = []
        for route in speaker.table.usableRoutes(to: prefix) {
            guard let peer = peers[route.peer] else { continue }
            entries.append(
                MRTRoutes.Entry(peer: peer.index, time: peer.time, pathID: route.path, route.attributes))
        }
        guard !entries.isEmpty else { return }
        let routes = MRTRoutes(
            sequence: UInt32(truncatingIfNeeded: summary.prefixes), prefix: prefix,
            hasPathIDs: entries.contains { $0.pathID != 0 }, entries: entries)
        MRTRecord(.routes(routes), at: time).encode(to: &buffer)
        summary.prefixes += 1
        summary.routes += entries.count
    }

    private func write(_ content: MRTRecord.Content) throws(SystemError) {
        var buffer: [UInt8] = []
        MRTRecord(content, at: time).encode(to: &buffer)
        try write(buffer)
    }

    private func write(_ buffer: [UInt8]) throws(SystemError) {
        do throws(SystemError) {
            try file.writeAll(buffer)
        } catch {
            throw SystemError(code: error.code, call: error.call, object: path)
        }
        summary.octets += buffer.count
    }
}
