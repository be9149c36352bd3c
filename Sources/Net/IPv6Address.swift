/// An IPv6 address (RFC 4291), held as two numbers in host byte order.
public struct IPv6Address: Hashable, Sendable {
    /// The first 64 bits: the subnet prefix.
    public var high: UInt64
    /// The last 64 bits: the interface identifier.
    public var low: UInt64

    /// Makes an address of its two halves.
    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// `::`, the unspecified address.
    public static let any = IPv6Address(high: 0, low: 0)

    /// The eight 16-bit groups, most significant first.
    public var groups: [UInt16] {
        (0..<8).map { index in
            let half = index < 4 ? high : low
            return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index & 3)))
        }
    }

    /// Whether this is in fe80::/10.
    public var isLinkLocal: Bool { high >> 54 == 0x3FA }

    /// Whether this is in ff00::/8.
    public var isMulticast: Bool { high >> 56 == 0xFF }

    /// Whether this is `::1`.
    public var isLoopback: Bool { high == 0 && low == 1 }
}

extension IPv6Address: Comparable {
    /// Orders by number.
    @inlinable
    public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension IPv6Address: LosslessStringConvertible {
    /// Reads the text forms of RFC 4291, section 2.2: groups, one `::`, and a dotted-decimal tail. No zone index.
    public init?(_ text: some StringProtocol) {
        var head: [UInt16] = []
        var tail: [UInt16] = []
        var seenGap = false
        var rest = Substring(text)
        if rest.hasPrefix("::") {
            seenGap = true
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != ":" }
            if group.utf8.contains(UInt8(ascii: ".")) {
                guard group.endIndex == rest.endIndex, let mapped = IPv4Address(group) else { return nil }
                let words = [UInt16(mapped.rawValue >> 16), UInt16(mapped.rawValue & 0xFFFF)]
                if seenGap { tail += words } else { head += words }
                rest = rest[rest.endIndex...]
                break
            }
            guard !group.isEmpty, group.utf8.count <= 4, group.utf8.allSatisfy(Self.isHexadecimalDigit),
                let value = UInt16(group, radix: 16)
            else { return nil }
            if seenGap { tail.append(value) } else { head.append(value) }
            guard head.count + tail.count <= 8 else { return nil }
            rest = rest[group.endIndex...]
            if rest.isEmpty { break }
            if rest.hasPrefix("::") {
                guard !seenGap else { return nil }
                seenGap = true
                rest = rest.dropFirst(2)
            } else {
                rest = rest.dropFirst()
                guard !rest.isEmpty else { return nil }
            }
        }
        let count = head.count + tail.count
        guard seenGap ? count < 8 : count == 8 else { return nil }
        let all = head + [UInt16](repeating: 0, count: 8 - count) + tail
        high = all[..<4].reduce(0) { $0 << 16 | UInt64($1) }
        low = all[4...].reduce(0) { $0 << 16 | UInt64($1) }
    }

    private static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    /// The canonical text of RFC 5952: lower case, no leading zeros, the first longest run of zero groups as `::`, and an
    /// IPv4-mapped address (RFC 4291, section 2.5.5.2) with its IPv4 address in dotted decimal.
    public var description: String {
        if high == 0, low >> 32 == 0xFFFF {
            return "::ffff:\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)))"
        }
        let groups = groups
        var best = 0..<0
        var index = 0
        while index < 8 {
            guard groups[index] == 0 else {
                index += 1
                continue
            }
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index >= 2, end - index > best.count { best = index..<end }
            index = end
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !best.isEmpty else { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }
}
