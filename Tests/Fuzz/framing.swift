import BGPWire

/// The stream of a session: cut into messages the same, however it arrives.
/// Input: flags, the length of the pieces, then the stream.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFraming(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    var script = Script(start, count)
    let (flags, piece) = (script.octet(), Int(script.octet()) + 1)
    let stream = script.rest()
    promise(
        frames(stream, flags, pieces: max(stream.count, 1)) == frames(stream, flags, pieces: piece), "pieces matter")
    return 0
}

private struct Frames: Equatable {
    var messages: [[UInt8]] = []
    var error: NotificationMessage?
}

private func frames(_ stream: [UInt8], _ flags: UInt8, pieces: Int) -> Frames {
    var reader = MessageReader(maximumLength: flags & 1 == 0 ? 4096 : 65535)
    reader.isEnhancedRouteRefresh = flags & 2 != 0
    var result = Frames()
    var offset = 0
    while offset < stream.count, result.error == nil {
        let end = min(offset + pieces, stream.count)
        reader.append(Array(stream[offset..<end]).span.bytes)
        offset = end
        do throws(NotificationMessage) {
            while let frame = try reader.next() {
                let body = reader.withBody(of: frame) { body in body.withUnsafeBytes { Array($0) } }
                promise(body.count <= 65535 - 19, "longer than a message")
                result.messages.append([frame.type.rawValue] + body)
            }
        } catch {
            promise(error.reason.code == 1, "a header error is of code 1")
            result.error = error
        }
    }
    return result
}
