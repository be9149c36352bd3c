import DNSWire
import Net

/// Makes and checks the server's half of DNS cookies (RFC 9018, section 4). All sites of a service have the same secret, so a
/// cookie that one site gave is good at every other, and at servers of others that have the secret too.
/// ```
/// | version 1 | reserved 3 | timestamp 4 | hash 8 |
/// hash = SipHash-2-4(client cookie 8 | version | reserved | timestamp | client address 4 or 16, secret)
/// ```
public struct ServerCookies: Sendable {
    /// The octets of a server cookie.
    static var byteCount: Int { 16 }
    /// How old and how far ahead a cookie may be, in seconds (RFC 9018, section 4.3).
    private static let (oldest, newest): (Int32, Int32) = (3600, 300)

    private let secret: (UInt64, UInt64)

    /// Takes the secret: 16 octets; nil for any other count.
    public init?(secret: [UInt8]) {
        guard secret.count == 16 else { return nil }
        self.init(
            secret.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) },
            secret.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Takes the secret as two numbers, each of which has its first octet in its lowest bits.
    public init(_ first: UInt64, _ second: UInt64) { secret = (first, second) }

    /// Whether the 16 octets at `offset` are a cookie that this service gave to `client`, lately, for its cookie `own`.
    func isValid(_ message: RawSpan, at offset: Int, own: UInt64, client: IPAddress, time: UInt32) -> Bool {
        guard let head = message.uint32(at: offset), head >> 24 == 1, let stamp = message.uint32(at: offset &+ 4),
            let high = message.uint32(at: offset &+ 8), let low = message.uint32(at: offset &+ 12)
        else { return false }
        // Serial number arithmetic (RFC 1982).
        let age = Int32(truncatingIfNeeded: time &- stamp)
        guard age <= Self.oldest, age >= -Self.newest else { return false }
        return UInt64(high) << 32 | UInt64(low) == hash(own: own, head: head, stamp: stamp, client: client)
    }

    /// The hash, its first octet in the highest bits. `own` is the client's cookie, likewise.
    func hash(own: UInt64, head: UInt32, stamp: UInt32, client: IPAddress) -> UInt64 {
        var state = SipState(secret.0, secret.1)
        state.take(own.byteSwapped)
        state.take((UInt64(head) << 32 | UInt64(stamp)).byteSwapped)
        switch client {
        case .v4(let address): return state.finish(UInt64(address.rawValue.byteSwapped) | 20 << 56).byteSwapped
        case .v6(let address):
            state.take(address.high.byteSwapped)
            state.take(address.low.byteSwapped)
            return state.finish(32 << 56).byteSwapped
        }
    }
}

/// SipHash-2-4 (Aumasson and Bernstein, 2012) of whole words, each with its first octet in its lowest bits.
private struct SipState {
    private var (v0, v1, v2, v3): (UInt64, UInt64, UInt64, UInt64)

    init(_ first: UInt64, _ second: UInt64) {
        (v0, v1) = (first ^ 0x736f_6d65_7073_6575, second ^ 0x646f_7261_6e64_6f6d)
        (v2, v3) = (first ^ 0x6c79_6765_6e65_7261, second ^ 0x7465_6462_7974_6573)
    }

    mutating func take(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    /// Takes the last word, with the length of all in its highest octet.
    mutating func finish(_ word: UInt64) -> UInt64 {
        take(word)
        v2 ^= 0xFF
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func round() {
        func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 &- bits) }
        v0 &+= v1
        v2 &+= v3
        v1 = rotated(v1, 13) ^ v0
        v3 = rotated(v3, 16) ^ v2
        v0 = rotated(v0, 32)
        v2 &+= v1
        v0 &+= v3
        v1 = rotated(v1, 17) ^ v2
        v3 = rotated(v3, 21) ^ v0
        v2 = rotated(v2, 32)
    }
}
