import CMnl
import CNl
import Glibc

/// Puts a queueing discipline in place, instead of the one that is there; of the same kind and handle, it is only changed.
///
/// libnl-route writes the message. What it does not know is added to it: times in nanoseconds, rates of netem and those
/// beyond 2^31 bytes a second, the exact burst.
public struct QdiscReplacement: NetlinkRequest {
    /// What is to be there.
    public var qdisc: Qdisc

    /// Makes the request.
    public init(_ qdisc: Qdisc) { self.qdisc = qdisc }

    /// What errors call the request.
    public var summary: String { "set \(qdisc.discipline.name) on link #\(qdisc.interface)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        switch qdisc.discipline {
        case .netem(let netem): encode(netem, into: &writer)
        case .tokenBucket(let bucket): encode(bucket, into: &writer)
        case .other(let name):
            writer.begin(RTM_NEWQDISC, flags: NLM_F_CREATE | NLM_F_REPLACE, tcmsg(qdisc))
            writer.put(TCA_KIND, name)
        }
    }

    private var place: cn_place {
        cn_place(
            interface: Int32(bitPattern: qdisc.interface), parent: qdisc.parent.number,
            handle: UInt32(qdisc.handle) << 16)
    }

    private func encode(_ netem: Netem, into writer: inout MessageWriter) {
        // libnl refuses a jitter or a reordering without a delay; the nanoseconds below are what counts.
        var values = cn_netem()
        values.limit = Int32(clamping: netem.limit)
        values.delay = Int32(clamping: max(1, netem.delay / 1000))
        values.jitter = netem.jitter > 0 ? Int32(clamping: max(1, netem.jitter / 1000)) : 0
        values.loss = Self.share(netem.loss)
        values.duplicate = Self.share(netem.duplicate)
        values.reorder = Self.share(netem.reorder)
        var place = place
        let message =
            if let table = netem.distribution.table {
                table.withCString { path in
                    values.distribution = path
                    return cn_replace_netem(&place, &values)
                }
            } else {
                cn_replace_netem(&place, &values)
            }
        writer.take(message) { writer in
            writer.put(TCA_NETEM_LATENCY64, bytesOf: max(0, netem.delay))
            if netem.jitter > 0 { writer.put(TCA_NETEM_JITTER64, bytesOf: netem.jitter) }
            // What a change does not speak of stays as it was, so "none" must be said too.
            if values.reorder == 0 { writer.put(TCA_NETEM_REORDER, bytesOf: tc_netem_reorder()) }
            let bytes = (netem.rate ?? 0) / 8
            if bytes > UInt32.max { writer.put(TCA_NETEM_RATE64, bytesOf: bytes) }
            var rate = tc_netem_rate()
            rate.rate = UInt32(clamping: bytes)
            writer.put(TCA_NETEM_RATE, bytesOf: rate)
        }
    }

    private func encode(_ bucket: TokenBucket, into writer: inout MessageWriter) {
        var values = cn_tbf()
        values.rate = Int32(clamping: max(1, bucket.rate / 8))
        values.burst = Int32(clamping: bucket.burst)
        values.limit = Int32(clamping: bucket.limit)
        var place = place
        writer.take(cn_replace_tbf(&place, &values)) { writer in
            if bucket.rate / 8 > Int32.max { writer.put(TCA_TBF_RATE64, bytesOf: bucket.rate / 8) }
            writer.put(TCA_TBF_BURST, bucket.burst)
        }
    }

    /// A share of 0 to 1 as the kernel counts it: of 2^32.
    private static func share(_ value: Double) -> UInt32 {
        guard value > 0 else { return 0 }
        return value >= 1 ? UInt32.max : UInt32((value * 4_294_967_295).rounded())
    }
}

/// Takes a queueing discipline away. The interface goes back to its default.
public struct QdiscDeletion: NetlinkRequest {
    /// The interface.
    public var interface: UInt32
    /// What it hangs on.
    public var parent: Qdisc.Parent

    /// Makes the request.
    public init(on interface: UInt32, parent: Qdisc.Parent = .root) {
        self.interface = interface
        self.parent = parent
    }

    /// What errors call the request.
    public var summary: String { "delete qdisc on link #\(interface)" }

    /// Writes the message.
    public func encode(into writer: inout MessageWriter) {
        writer.begin(RTM_DELQDISC, tcmsg(Qdisc(.other(""), on: interface, parent: parent)))
    }
}

extension tcmsg {
    init(_ qdisc: Qdisc) {
        self.init()
        tcm_ifindex = Int32(bitPattern: qdisc.interface)
        tcm_parent = qdisc.parent.number
        tcm_handle = UInt32(qdisc.handle) << 16
    }
}

extension MessageWriter {
    /// Takes over a message of libnl, with more attributes at the end of TCA_OPTIONS, and frees it.
    fileprivate mutating func take(_ message: OpaquePointer?, adding body: (inout MessageWriter) -> Void) {
        guard let message, let header = cn_header(message) else {
            // libnl says no more than that; besides libnl itself only the file of a distribution can be missing.
            fail(cn_library().pointee.is_there ? ENOENT : ELIBACC)
            return
        }
        defer { cn_free(message) }
        take(
            UnsafeRawBufferPointer(start: header, count: Int(header.pointee.nlmsg_len)), reopening: TCA_OPTIONS,
            behind: MemoryLayout<tcmsg>.size, body)
    }
}

extension Netem.Distribution {
    /// The file of the table, without its ending: Debian keeps them where libnl does not look.
    fileprivate var table: String? {
        guard self != .uniform else { return nil }
        let folders = ["/usr/lib/x86_64-linux-gnu/tc", "/usr/lib/aarch64-linux-gnu/tc", "/usr/lib/tc", "/usr/lib64/tc"]
        let paths = folders.map { "\($0)/\(rawValue)" }
        return paths.first { access("\($0).dist", R_OK) == 0 } ?? rawValue
    }
}
