import CMnl

extension Qdisc {
    /// Reads the payload of RTM_NEWQDISC: a tcmsg and attributes. Nil when it is cut short.
    init?(_ payload: RawSpan) {
        guard payload.byteCount >= MemoryLayout<tcmsg>.size, let interface = payload.number(at: 4, as: UInt32.self),
            let handle = payload.number(at: 8, as: UInt32.self), let parent = payload.number(at: 12, as: UInt32.self)
        else { return nil }
        self.init(
            .other(""), on: interface, parent: Parent(number: parent), handle: UInt16(truncatingIfNeeded: handle >> 16))
        var kind = ""
        var options = payload.extracting(0..<0)
        var attributes = AttributeReader(payload, from: MemoryLayout<tcmsg>.size)
        while let attribute = attributes.next() {
            switch attribute.type {
            case TCA_KIND: kind = attribute.value.text
            case TCA_OPTIONS: options = attribute.value
            default: break
            }
        }
        if attributes.isBroken { return nil }
        switch kind {
        case "netem":
            guard let netem = Netem(options) else { return nil }
            discipline = .netem(netem)
        case "tbf":
            guard let bucket = TokenBucket(options) else { return nil }
            discipline = .tokenBucket(bucket)
        default:
            discipline = .other(kind)
        }
    }
}

/// One tick of the packet scheduler's clock (PSCHED_SHIFT).
private let nanosecondsPerTick: Int64 = 64

extension Netem {
    /// Reads tc_netem_qopt, six numbers of 32 bits, and the attributes behind it.
    init?(_ options: RawSpan) {
        guard let latency = options.number(at: 0, as: UInt32.self), let limit = options.number(at: 4, as: UInt32.self),
            let loss = options.number(at: 8, as: UInt32.self), let duplicate = options.number(at: 16, as: UInt32.self),
            let jitter = options.number(at: 20, as: UInt32.self)
        else { return nil }
        self.init(
            delay: Int64(latency) * nanosecondsPerTick, jitter: Int64(jitter) * nanosecondsPerTick,
            loss: Self.share(loss), duplicate: Self.share(duplicate), limit: limit)
        var attributes = AttributeReader(options, from: MemoryLayout<tc_netem_qopt>.size)
        while let attribute = attributes.next() {
            let value = attribute.value
            switch attribute.type {
            case TCA_NETEM_LATENCY64: delay = value.number(as: Int64.self) ?? delay
            case TCA_NETEM_JITTER64: self.jitter = value.number(as: Int64.self) ?? self.jitter
            case TCA_NETEM_REORDER: reorder = Self.share(value.number(as: UInt32.self) ?? 0)
            case TCA_NETEM_RATE:
                let bytes = UInt64(value.number(as: UInt32.self) ?? 0)
                if rate == nil, bytes != 0 { rate = bytes * 8 }
            case TCA_NETEM_RATE64: rate = value.number(as: UInt64.self).map { $0.multipliedSaturating(by: 8) }
            default: break
            }
        }
        if attributes.isBroken { return nil }
    }

    private static func share(_ value: UInt32) -> Double { Double(value) / 4_294_967_295 }
}

extension TokenBucket {
    /// Reads the attributes of tbf. The burst is told as the time that it takes at the rate.
    init?(_ options: RawSpan) {
        self.init(rate: 0, burst: 0, limit: 0)
        var ticks: UInt32 = 0
        var attributes = AttributeReader(options)
        while let attribute = attributes.next() {
            let value = attribute.value
            switch attribute.type {
            case TCA_TBF_PARMS:
                guard let bytes = value.number(at: 8, as: UInt32.self),
                    let limit = value.number(at: 24, as: UInt32.self),
                    let buffer = value.number(at: 28, as: UInt32.self)
                else { return nil }
                if rate == 0 { rate = UInt64(bytes) * 8 }
                self.limit = limit
                ticks = buffer
            case TCA_TBF_RATE64: rate = value.number(as: UInt64.self)?.multipliedSaturating(by: 8) ?? rate
            default: break
            }
        }
        if attributes.isBroken { return nil }
        let seconds = Double(Int64(ticks) * nanosecondsPerTick) / 1e9
        burst = UInt32(exactly: (seconds * Double(rate / 8)).rounded()) ?? .max
    }
}

extension UInt64 {
    fileprivate func multipliedSaturating(by factor: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
