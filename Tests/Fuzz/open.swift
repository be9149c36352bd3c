import BGPSession
import BGPWire
import Net

/// The body of an OPEN: what decodes is written and read as the same, and is negotiated or refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOpen(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    let body = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    let open: OpenMessage
    do throws(NotificationMessage) {
        open = try OpenMessage(decoding: RawSpan(_unsafeBytes: body))
    } catch {
        promise(error.reason.code == 2, "an error of OPEN is of code 2")
        return 0
    }
    promise(open.asn.rawValue != 0 && open.identifier != .any, "what RFC 6286 and RFC 7607 forbid")
    promise(open.holdTime == 0 || open.holdTime >= 3, "a hold time of 1 or 2")
    var buffer: [UInt8] = []
    open.encode(to: &buffer)
    promise(buffer.count <= MessageHeader.maximumLength, "longer than an OPEN may be")
    // One whose capabilities need the room of more parameters than we use leaves some out.
    if body.count < 2000 {
        let again = try? OpenMessage(decoding: Array(buffer[19...]).span.bytes)
        promise(again == open, "\(open) read again as \(String(describing: again))")
    }
    for remote in [open.asn, ASN(65002)] {
        for role in [nil, Role.customer] {
            let configuration = SessionConfiguration(
                localASN: ASN(65001), remoteASN: remote, identifier: IPv4Address(10, 0, 0, 1),
                families: [.ipv4, .ipv6],
                holdTime: 90, connectRetryTime: 1, role: role)
            do throws(NotificationMessage) {
                let negotiated = try NegotiatedSession(open, for: configuration)
                promise(!negotiated.families.isEmpty && negotiated.holdTime <= 90, "\(negotiated)")
            } catch {
                promise(error.reason.code == 2, "a refused OPEN is of code 2")
            }
        }
    }
    return 0
}
