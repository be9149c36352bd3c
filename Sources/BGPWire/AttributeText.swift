import Net

extension Community {
    /// NO_EXPORT: not to leave the AS (RFC 1997).
    public static var noExport: Self { Self(rawValue: 0xFFFF_FF01) }
    /// NO_ADVERTISE: not to be announced at all (RFC 1997).
    public static var noAdvertise: Self { Self(rawValue: 0xFFFF_FF02) }
    /// NO_EXPORT_SUBCONFED: not to external neighbours, nor to other members of a confederation (RFC 1997).
    public static var noExportSubconfederation: Self { Self(rawValue: 0xFFFF_FF03) }
    /// NOPEER: not to bilateral peers (RFC 3765).
    public static var noPeer: Self { Self(rawValue: 0xFFFF_FF04) }
    /// GRACEFUL_SHUTDOWN: to be preferred least (RFC 8326).
    public static var gracefulShutdown: Self { Self(rawValue: 0xFFFF_0000) }
    /// BLACKHOLE: traffic is to be dropped (RFC 7999).
    public static var blackhole: Self { Self(rawValue: 0xFFFF_029A) }

    private static var wellKnown: [(name: String, community: Community)] {
        [
            ("NO_EXPORT", .noExport), ("NO_ADVERTISE", .noAdvertise),
            ("NO_EXPORT_SUBCONFED", .noExportSubconfederation), ("NOPEER", .noPeer),
            ("GRACEFUL_SHUTDOWN", .gracefulShutdown), ("BLACKHOLE", .blackhole),
        ]
    }
}

extension Community: LosslessStringConvertible {
    /// Reads `65010:100`, or the name of a well-known community such as `NO_EXPORT`.
    public init?(_ text: String) {
        if let (_, community) = Self.wellKnown.first(where: { $0.name == text }) {
            self = community
            return
        }
        guard let numbers = decimalNumbers(text, count: 2), let high = UInt16(exactly: numbers[0]),
            let low = UInt16(exactly: numbers[1])
        else { return nil }
        self.init(rawValue: UInt32(high) << 16 | UInt32(low))
    }

    /// The name of a well-known community, else the two halves in decimal with a colon between.
    public var description: String {
        Self.wellKnown.first { $0.community == self }?.name ?? "\(rawValue >> 16):\(rawValue & 0xFFFF)"
    }
}

extension LargeCommunity: LosslessStringConvertible {
    /// Reads three decimal numbers with colons between (RFC 8092, section 4).
    public init?(_ text: String) {
        guard let numbers = decimalNumbers(text, count: 3) else { return nil }
        self.init(numbers[0], numbers[1], numbers[2])
    }

    /// Three decimal numbers with colons between.
    public var description: String { "\(globalAdministrator):\(localData1):\(localData2)" }
}

extension ASPath: CustomStringConvertible {
    /// The numbers, nearest first; sets in braces, confederation segments in parentheses or brackets.
    public var description: String {
        segments.map { segment in
            let numbers = segment.numbers.map(\.description)
            switch segment.kind {
            case .sequence: return numbers.joined(separator: " ")
            case .set: return "{" + numbers.joined(separator: ",") + "}"
            case .confederationSequence: return "(" + numbers.joined(separator: " ") + ")"
            case .confederationSet: return "[" + numbers.joined(separator: ",") + "]"
            }
        }.joined(separator: " ")
    }
}

extension Origin: CustomStringConvertible {
    /// `IGP`, `EGP` or `INCOMPLETE`.
    public var description: String {
        switch self {
        case .igp: "IGP"
        case .egp: "EGP"
        case .incomplete: "INCOMPLETE"
        }
    }
}

/// `count` decimal numbers of 32 bits without sign or leading zeros, with colons between.
private func decimalNumbers(_ text: String, count: Int) -> [UInt32]? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == count else { return nil }
    var result: [UInt32] = []
    for part in parts {
        guard part.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            part == "0" || !part.hasPrefix("0"), let number = UInt32(part)
        else { return nil }
        result.append(number)
    }
    return result
}
