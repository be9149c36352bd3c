import BGPSession
import BGPTable
import BGPWire
import Net
import Sys

/// Who looks on: a BMP station, and a log of messages. A speaker has none unless its configuration asks for one; then each place
/// where something happens tells them.
final class Observers {
    let station: BMPStation?
    let log: MessageLog?

    /// Nil when the configuration asks for nobody. Throws `SystemError` when the log cannot be opened.
    init?(_ speaker: Speaker) throws(SystemError) {
        let configuration = speaker.configuration
        guard configuration.bmp != nil || configuration.messageLog != nil else { return nil }
        station = configuration.bmp.map { BMPStation($0, speaker) }
        log = try configuration.messageLog.map { path throws(SystemError) in try MessageLog(path, speaker) }
    }

    /// A message has come, in whatever state.
    func received(_ neighbour: Neighbour, _ message: [UInt8], isFourOctetASN: Bool) {
        log?.record(neighbour, message[...], isLocal: false, isFourOctetASN: isFourOctetASN)
    }

    /// Messages have been handed to the socket, one behind the other.
    func sent(_ neighbour: Neighbour, _ messages: ArraySlice<UInt8>) {
        for message in BGPMessages(messages) {
            log?.record(
                neighbour, message, isLocal: true, isFourOctetASN: neighbour.negotiated?.isFourOctetASN ?? true)
        }
        station?.sent(neighbour, messages)
    }

    /// Does what is left to do before the loop sleeps. Answers whether there is more that can be done at once.
    func work() -> Bool {
        log?.flush()
        return station?.work() ?? false
    }

    /// Takes leave.
    func stop() {
        log?.flush()
        station?.stop()
    }
}

/// Whole messages that stand one behind the other.
struct BGPMessages: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    init(_ messages: ArraySlice<UInt8>) { rest = messages }

    mutating func next() -> ArraySlice<UInt8>? {
        guard rest.count >= MessageHeader.length else { return nil }
        let length = Int(rest[rest.startIndex + 16]) << 8 | Int(rest[rest.startIndex + 17])
        guard length >= MessageHeader.length, length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }

    /// A message of its type and body.
    static func whole(_ type: MessageType, _ body: some Collection<UInt8>) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(MessageHeader.length + body.count)
        let start = MessageHeader.begin(type, in: &message)
        message += body
        MessageHeader.end(start, in: &message)
        return message
    }
}
