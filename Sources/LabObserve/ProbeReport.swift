import DNSWire
import Net
import Sys

/// What came back for one probe.
struct ProbeAnswer: Equatable {
    /// What it says.
    enum Kind: Equatable {
        /// A DNS message, or an HTTP response.
        case response(ServerIdentity)
        /// ICMP: the TTL ended here.
        case timeExceeded
        /// ICMP, or a RST: this node cannot deliver it.
        case unreachable(Reason)
    }

    /// Why a node could not deliver a probe (RFC 792; RFC 4443, section 3.1), or answered it with a RST.
    enum Reason: String, Equatable {
        case noRoute = "no route"
        case host = "the host cannot be reached"
        case port = "nobody listens on the port"
        /// TCP: the connection was made, and ended before it was answered.
        case closed = "the connection ends without an answer"
        case prohibited = "not allowed"
        case other = "not deliverable"
    }

    let kind: Kind
    let responder: IPAddress
    let rtt: Nanoseconds

    /// Whether the probe would have got no farther with a greater TTL.
    var isFinal: Bool { kind != .timeExceeded }
}

/// What a server says it is.
struct ServerIdentity: Equatable {
    /// The text of `id.server` (RFC 4892), or of `X-Site`; nil when the answer has none.
    var text: String?
    /// The identifier of the NSID option (RFC 5001); nil when there is none.
    var nsid: String?
    /// What is odd about the message, in words.
    var oddity: String?

    /// The name, by whichever way it was told.
    var name: String? { text ?? nsid }
}

extension ServerIdentity {
    /// Reads a response. Nil when it is no DNS response at all.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Header.byteCount, bytes[2] & 0x80 != 0 else { return nil }
        guard let message = try? Message(parsing: bytes) else {
            oddity = "the answer is malformed"
            return
        }
        let strings = message.answers.first { $0.type == .txt && $0.recordClass == .chaos }?.strings
        text = strings?.first.map { String(decoding: $0, as: UTF8.self) }
        nsid = message.nsid.map { String(decoding: $0, as: UTF8.self) }
        if message.responseCode != .noError {
            oddity = "the answer is \(message.responseCode)"
        } else if text == nil {
            oddity = "the answer has no TXT record"
        } else if let nsid, nsid != text {
            oddity = "id.server and NSID differ: \(text ?? "") and \(nsid)"
        }
    }
}

extension ProbeAnswer.Kind {
    /// The meaning of an ICMP error; nil for those that say nothing about the way.
    init?(icmp type: UInt8, code: UInt8, family: AddressFamily) {
        switch (family, type, code) {
        case (.ipv4, 11, 0), (.ipv6, 3, 0): self = .timeExceeded
        case (.ipv4, 3, 0), (.ipv6, 1, 0): self = .unreachable(.noRoute)
        case (.ipv4, 3, 1), (.ipv6, 1, 3): self = .unreachable(.host)
        case (.ipv4, 3, 3), (.ipv6, 1, 4): self = .unreachable(.port)
        case (.ipv4, 3, 9), (.ipv4, 3, 10), (.ipv4, 3, 13), (.ipv6, 1, 1), (.ipv6, 1, 5), (.ipv6, 1, 6):
            self = .unreachable(.prohibited)
        case (.ipv4, 3, 4): return nil
        case (.ipv4, 3, _), (.ipv6, 1, _): self = .unreachable(.other)
        default: return nil
        }
    }
}

/// All that came back for the probes of one flow.
struct ProbeReport: Equatable {
    /// The answer to the query with the usual TTL.
    var answer: ProbeAnswer?
    /// The answers to the queries of TTL 1, 2, 3 and so on.
    var limited: [ProbeAnswer?] = []
    /// Names in further answers to a query that was answered already.
    var repeats: [ServerIdentity] = []
    /// Who answered a query that was sent to another address.
    var strays: Set<IPAddress> = []
    /// Why nothing could be sent.
    var failure: SystemError?

    /// How many TTLs lead to the destination, or to where the way ends for good; nil when none did.
    var length: Int? { limited.firstIndex { $0?.isFinal == true }.map { $0 + 1 } }
}
