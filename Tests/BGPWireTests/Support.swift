import BGPWire
import Net
import TestSupport

func prefix(_ text: String) -> IPPrefix {
    guard let prefix = IPPrefix(text) else { preconditionFailure("not a prefix: \(text)") }
    return prefix
}

func v4(_ text: String) -> IPv4Address {
    guard let address = IPv4Address(text) else { preconditionFailure("not an address: \(text)") }
    return address
}

func v6(_ text: String) -> IPv6Address {
    guard let address = IPv6Address(text) else { preconditionFailure("not an address: \(text)") }
    return address
}

extension UpdateContext {
    static func external(
        fourOctet: Bool = true, families: AddressFamilies = [.ipv4, .ipv6], first: ASN? = nil
    ) -> UpdateContext {
        UpdateContext(isInternal: false, isFourOctetASN: fourOctet, families: families, firstASN: first)
    }
    static var `internal`: UpdateContext {
        UpdateContext(isInternal: true, isFourOctetASN: true, families: [.ipv4, .ipv6])
    }
}

func decode(_ body: [UInt8], _ context: UpdateContext = .external()) throws(NotificationMessage) -> UpdateMessage {
    try UpdateMessage(decoding: body.span.bytes, context: context)
}

/// What ends a session when the body is decoded; nil when it lives.
func reset(_ body: [UInt8], _ context: UpdateContext = .external()) -> NotificationMessage? {
    do throws(NotificationMessage) {
        _ = try decode(body, context)
        return nil
    } catch {
        return error
    }
}

/// An attribute with a length of one octet.
func attribute(_ flags: UInt8, _ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [flags, type, UInt8(value.count)] + value
}

/// The body of an UPDATE.
func body(withdrawn: [UInt8] = [], _ attributes: [[UInt8]], nlri: [UInt8] = []) -> [UInt8] {
    let attributes = attributes.flatMap { $0 }
    return [UInt8(withdrawn.count >> 8), UInt8(withdrawn.count & 255)] + withdrawn
        + [UInt8(attributes.count >> 8), UInt8(attributes.count & 255)] + attributes + nlri
}

enum Sample {
    static let origin = attribute(0x40, 1, [0])
    static let asPath = attribute(0x40, 2, hex("02 02 0000FDF2 0000FDFC"))  // 65010 65020
    static let nextHop = attribute(0x40, 3, [192, 0, 2, 1])
    static let localPreference = attribute(0x40, 5, [0, 0, 0, 100])
    static let nlri: [UInt8] = [24, 198, 51, 100]
    static let network = prefix("198.51.100.0/24")
    static let reach = attribute(
        0x80, 14, hex("0002 01 10 20010db8000000000000000000000001 00 30 20010db80053"))
    static let network6 = prefix("2001:db8:53::/48")
    static let mandatory = [origin, asPath, nextHop]
}

/// Splits a stream into its frames and decodes the UPDATEs among them.
func updates(in stream: [UInt8], _ context: UpdateContext = .external(), maximumLength: Int = 4096) throws
    -> [UpdateMessage]
{
    var reader = MessageReader(maximumLength: maximumLength)
    reader.append(stream.span.bytes)
    var result: [UpdateMessage] = []
    while let frame = try reader.next() {
        result.append(try UpdateMessage(decoding: reader.body(of: frame), context: context))
    }
    precondition(reader.pending == 0, "the stream ends inside of a message")
    return result
}
