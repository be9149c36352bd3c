// MARK: - Timers (RFC 5880, sections 6.8.2 to 6.8.4 and 6.8.7)

extension BFDSession {
    /// The time without a packet after which the session is down, in nanoseconds; nil before anything was received. The
    /// neighbour's multiplier counts, and the slower of what it wants to send and what this end can receive.
    public var detectionTime: UInt64? {
        guard lastReceived != nil else { return nil }
        return UInt64(remoteMultiplier) * UInt64(max(requiredMinRx.used, remoteDesiredMinTx)) * 1000
    }

    /// When the Detection Time passes unless a packet comes; nil when nothing was received. It runs in Down, too: after it
    /// the neighbour is forgotten (section 6.8.18).
    public var detectionDeadline: UInt64? {
        guard let lastReceived, let detectionTime, state != .adminDown else { return nil }
        return Self.after(detectionTime, lastReceived)
    }

    /// Makes the intervals those of the state and of ``timing``, and has the neighbour told by a Poll Sequence.
    mutating func applyTiming() {
        let transmit = state == .up ? timing.interval : max(timing.interval, BFDTiming.slowInterval)
        guard transmit != desiredMinTx.sent || timing.interval != requiredMinRx.sent else { return settleIfNotUp() }
        desiredMinTx.sent = transmit
        requiredMinRx.sent = timing.interval
        desiredMinTx.used = min(desiredMinTx.used, transmit)
        requiredMinRx.used = max(requiredMinRx.used, timing.interval)
        poll = .polling
        settleIfNotUp()
    }

    /// Only a session that is up waits for the end of the Poll Sequence (section 6.8.3).
    private mutating func settleIfNotUp() {
        guard state != .up else { return }
        desiredMinTx.used = desiredMinTx.sent
        requiredMinRx.used = requiredMinRx.sent
    }

    mutating func retime(_ new: BFDTiming, _ now: UInt64) {
        if poll == .idle || state != .up {
            waitingTiming = nil
            timing = new
            applyTiming()
            // A neighbour in Demand mode hears of a new multiplier only by a Poll Sequence (section 6.6).
            if isRemoteDemandActive { poll = .polling }
        } else {
            waitingTiming = new
        }
    }

    mutating func pollAnswered(_ isFinal: Bool, _ now: UInt64) {
        switch poll {
        case .polling where isFinal:
            desiredMinTx.used = desiredMinTx.sent
            requiredMinRx.used = requiredMinRx.sent
            // A neighbour in Demand mode sends no packet without F that one could wait for.
            poll = waitingTiming == nil || isRemoteDemandActive ? .idle : .settling
        case .settling where !isFinal: poll = .idle
        default: break
        }
        if poll == .idle, let waitingTiming { retime(waitingTiming, now) }
    }
}

// MARK: - Transmission (RFC 5880, section 6.8.7)

extension BFDSession {
    /// Whether the neighbour has asked for no periodic packets, in a state in which that counts.
    var isRemoteDemandActive: Bool { isRemoteDemand && state == .up && remoteState == .up }

    mutating func transmit(_ now: UInt64) { send(isFinal: false, now) }

    /// An answer to a poll goes besides the periodic packets and moves none of them. A change of state does not wait for
    /// its turn, and the next turn is counted from it.
    mutating func send(isFinal: Bool, _ now: UInt64) {
        actions.append(
            .send(
                ControlPacket(
                    diagnostic: diagnostic, state: state, isPoll: poll == .polling && !isFinal, isFinal: isFinal,
                    detectMultiplier: timing.multiplier, myDiscriminator: localDiscriminator,
                    yourDiscriminator: remoteDiscriminator, desiredMinTxInterval: desiredMinTx.sent,
                    requiredMinRxInterval: requiredMinRx.sent)))
        guard !isFinal else { return }
        lastSent = now
        transmitInterval = nil
    }

    /// Makes the deadline of the next periodic packet anew when one was sent or when the interval has changed, so that a new
    /// interval counts from the packet before (section 6.8.3).
    mutating func schedule(_ now: UInt64, _ companion: UInt64?) {
        guard remoteMinRx != 0, !isRemoteDemandActive || poll == .polling else {
            transmitDeadline = nil
            transmitInterval = 0
            return
        }
        let interval = max(desiredMinTx.used, remoteMinRx)
        guard interval != transmitInterval else { return }
        transmitInterval = interval
        let allowed = jitter(UInt64(interval) * 1000), start = lastSent ?? now
        if let companion, companion >= start, allowed.contains(companion - start) {
            transmitDeadline = companion
        } else {
            transmitDeadline = Self.after(random(in: allowed), start)
        }
    }

    /// 75 to 100 % of the time; with a multiplier of 1 up to 90 %, so that the neighbour does not give up just before the
    /// packet comes.
    private func jitter(_ time: UInt64) -> ClosedRange<UInt64> {
        time - time / 4...(timing.multiplier == 1 ? time / 10 * 9 : time)
    }

    /// The numbers are SplitMix64's.
    private mutating func random(in range: ClosedRange<UInt64>) -> UInt64 {
        randomState &+= 0x9E37_79B9_7F4A_7C15
        var mixed = randomState
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return range.upperBound - (range.upperBound - range.lowerBound).multipliedFullWidth(by: mixed).high
    }

    private static func after(_ time: UInt64, _ start: UInt64) -> UInt64 {
        let (sum, overflow) = start.addingReportingOverflow(time)
        return overflow ? .max : sum
    }
}
