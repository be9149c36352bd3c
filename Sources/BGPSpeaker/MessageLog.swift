import BGPSession
import BGPWire
import Glibc
import MRTWire
import Net
import Sys

/// The file of every message and every change of a session's state, as MRT records with microseconds (BGP4MP_ET, RFC 6396). It
/// is appended to, so that the file may be cut to nothing while the speaker runs.
final class MessageLog {
    private unowned let speaker: Speaker
    private let file: FileDescriptor
    private var unwritten: [UInt8] = []
    private var hasFailed = false

    /// Opens the file, which may be there already. Throws `SystemError`.
    init(_ path: String, _ speaker: Speaker) throws(SystemError) {
        file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        self.speaker = speaker
    }

    func record(_ neighbour: Neighbour, _ message: ArraySlice<UInt8>, isLocal: Bool, isFourOctetASN: Bool) {
        append(
            .message(
                MRTMessage(
                    session(neighbour), isFourOctetASN: isFourOctetASN, isLocal: isLocal, message: Array(message))))
    }

    func record(_ neighbour: Neighbour, from old: SessionState, to new: SessionState) {
        append(
            .stateChange(
                MRTStateChange(session(neighbour), from: UInt16(old.rawValue) + 1, to: UInt16(new.rawValue) + 1)))
    }

    private func session(_ neighbour: Neighbour) -> MRTSession {
        MRTSession(
            peerASN: neighbour.configuration.asn, localASN: speaker.configuration.asn,
            peerAddress: neighbour.configuration.address, localAddress: neighbour.configuration.localAddress)
    }

    private func append(_ content: MRTRecord.Content) {
        MRTRecord(content, at: .now).encode(to: &unwritten)
        if unwritten.count > 1 << 16 { flush() }
    }

    /// Writes what was recorded. A full disk must not end a speaker that runs: what cannot be written is lost, and said once.
    func flush() {
        guard !unwritten.isEmpty else { return }
        do throws(SystemError) {
            try file.writeAll(unwritten)
            hasFailed = false
        } catch {
            if !hasFailed { Diagnostics.write("\(speaker.configuration.node): log of messages: \(error)") }
            hasFailed = true
        }
        unwritten.removeAll(keepingCapacity: true)
    }
}

extension MRTTime {
    /// The time of the wall clock.
    static var now: MRTTime {
        let time = Clock.wall()
        return MRTTime(
            seconds: UInt32(truncatingIfNeeded: time / 1_000_000_000),
            microseconds: UInt32(truncatingIfNeeded: time % 1_000_000_000 / 1000))
    }
}
