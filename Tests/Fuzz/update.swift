import BGPWire
import Net

/// The body of an UPDATE: what decodes is written and read as the same.
/// Input: flags of the session, then the body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzUpdate(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    var script = Script(start, count)
    let flags = script.octet()
    var families: AddressFamilies = [.ipv4, .ipv6]
    if flags & 4 != 0 { families = .ipv4 }
    if flags & 8 != 0 { families = .ipv6 }
    let context = UpdateContext(
        isInternal: flags & 1 != 0, isFourOctetASN: flags & 2 == 0, families: families,
        firstASN: flags & 16 != 0 ? ASN(65010) : nil)
    do throws(NotificationMessage) {
        let update = try UpdateMessage(decoding: script.rest().span.bytes, context: context)
        promise(update.announcements.isEmpty || update.treatedAsWithdraw == nil, "withdrawn and announced")
        promise(update.withdrawn.allSatisfy { families.contains($0.family) }, "a family that was not negotiated")
        for announcement in update.announcements { check(announcement, context) }
        check(update.withdrawn, context)
    } catch {
        promise(error.reason.code == 3, "an error of UPDATE is of code 3")
    }
    return 0
}

private func check(_ announcement: UpdateMessage.Announcement, _ context: UpdateContext) {
    promise(announcement.prefixes.allSatisfy { context.families.contains($0.family) }, "a family not negotiated")
    let encoder = UpdateEncoder(isFourOctetASN: context.isFourOctetASN, maximumLength: 65535)
    var buffer: [UInt8] = []
    guard (try? encoder.announce(announcement.prefixes.span, attributes: announcement.attributes, to: &buffer)) != nil
    else { return }
    var expected = announcement.attributes
    // Written by us, an attribute that we do not know has passed one who does not (RFC 4271, section 5).
    for index in expected.unknown.indices { expected.unknown[index].flags |= 0x20 }
    var prefixes: [IPPrefix] = []
    for update in decode(buffer, context) {
        promise(update.treatedAsWithdraw == nil && update.discarded.isEmpty, "we would not take it: \(update)")
        for again in update.announcements {
            promise(again.attributes == expected, "\(expected) read again as \(again.attributes)")
            prefixes += again.prefixes
        }
    }
    promise(prefixes == announcement.prefixes, "\(announcement.prefixes) read again as \(prefixes)")
}

private func check(_ withdrawn: [IPPrefix], _ context: UpdateContext) {
    guard !withdrawn.isEmpty else { return }
    var buffer: [UInt8] = []
    UpdateEncoder(isFourOctetASN: context.isFourOctetASN).withdraw(withdrawn.span, to: &buffer)
    let again = decode(buffer, context).flatMap(\.withdrawn)
    promise(again == withdrawn, "\(withdrawn) read again as \(again)")
}

private func decode(_ stream: [UInt8], _ context: UpdateContext) -> [UpdateMessage] {
    var reader = MessageReader(maximumLength: 65535)
    reader.append(stream.span.bytes)
    var result: [UpdateMessage] = []
    do throws(NotificationMessage) {
        while let frame = try reader.next() {
            result.append(try UpdateMessage(decoding: reader.body(of: frame), context: context))
        }
    } catch {
        promise(false, "what we write we do not read: \(error)")
    }
    promise(reader.pending == 0, "half a message")
    return result
}
