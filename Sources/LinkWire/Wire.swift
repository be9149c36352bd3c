import CLinux
import Glibc
import Sys

/// The delay line: takes frames from TAP devices, holds them for as long as their lane says, and hands them on.
///
/// One heap holds the frames of all lanes, one absolute timer stands at the first of them, and epoll says which device
/// has something: the work per frame does not grow with the number of links, and without frames there is none.
final class Wire {
    /// Frames taken from one device before others have their turn.
    private static let batch = 64

    private let loop: EventLoop
    private let timer: FileDescriptor
    private var armed = Nanoseconds.max
    private var random: SplitMix64
    private var pool: FramePool
    private var queue: DelayQueue
    /// What one lane may hold, so that a flooded link leaves room for others.
    private let blocksPerLane: Int
    private var lanes: [Lane] = []
    private var unusedLanes: [Int] = []
    /// The order of the next frame.
    private var order: UInt64 = 0

    /// Called with the descriptor of a device that somebody removed.
    var onLostDevice: ((Int32) -> Void)?

    /// Makes a wire of up to `blocks` blocks of 2 kB. Throws ``SystemError``.
    init(_ loop: EventLoop, blocks: Int = 131_072) throws(SystemError) {
        self.loop = loop
        timer = FileDescriptor(
            owning: try systemCall("timerfd_create") {
                timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
            })
        random = SplitMix64(seed: UInt64.random(in: .min ... .max))
        pool = try FramePool(capacity: blocks)
        queue = DelayQueue(capacity: blocks)
        blocksPerLane = max(blocks / 4, 4 * FramePool.longest)
        // Edge-triggered, the timer needs no read: setting it anew clears it.
        let edge = Readiness(rawValue: EPOLLIN.rawValue | EPOLLET.rawValue)
        try loop.add(timer.raw, edge) { [unowned self] _ in armed = .max }
        loop.beforeSleep = { [unowned self] in
            deliver()
            arm()
        }
    }

    /// Opens one direction and answers its number. Throws ``SystemError``.
    func addLane(
        _ impairment: Impairment, from source: TapDevice, to destination: TapDevice, isUp: Bool
    ) throws(SystemError) -> Int {
        let lane = Lane(impairment, from: source, to: destination, isUp: isUp, order: order)
        let number = unusedLanes.last ?? lanes.count
        try loop.add(lane.source, .read) { [unowned self] readiness in
            receive(number)
            if !readiness.isDisjoint(with: .hangUp) { lose(number) }
        }
        if unusedLanes.popLast() == nil { lanes.append(lane) } else { lanes[number] = lane }
        return number
    }

    /// Closes a direction; what is under way is lost.
    func removeLane(_ number: Int) {
        loop.remove(lanes[number].source)
        lanes[number].isUp = false
        lanes[number].cut(order: order)
        unusedLanes.append(number)
    }

    /// Takes a direction up or down; what is under way when it goes down is lost.
    func setLane(_ number: Int, isUp: Bool) {
        lanes[number].isUp = isUp
        if !isUp { lanes[number].cut(order: order) }
    }

    /// Changes what a direction does to frames from now on.
    func setLane(_ number: Int, _ impairment: Impairment) {
        lanes[number].shaper = Shaper(impairment, after: lanes[number].shaper)
    }

    /// The counters of a direction, and the frames that are under way in it.
    func counters(_ number: Int) -> (LaneCounters, waiting: Int) {
        (lanes[number].counters, lanes[number].waiting)
    }

    private func lose(_ number: Int) {
        loop.remove(lanes[number].source)
        onLostDevice?(lanes[number].source)
    }

    private func receive(_ number: Int) {
        for _ in 0..<Self.batch {
            guard let length = pool.read(from: lanes[number].source) else {
                if discardOne(number) { continue } else { break }
            }
            guard length >= TapDevice.headerSize else { break }
            accept(number, length)
        }
        deliver()
    }

    /// Takes a frame from a device when there is no memory for it; false when the device has none.
    private func discardOne(_ number: Int) -> Bool {
        var beginning: (UInt64, UInt64) = (0, 0)
        guard Glibc.read(lanes[number].source, &beginning, 16) > 0 else { return false }
        lanes[number].counters.received += 1
        lanes[number].counters.overLimit += 1
        return true
    }

    private func accept(_ number: Int, _ length: Int) {
        lanes[number].counters.received += 1
        guard lanes[number].isUp else {
            lanes[number].counters.dropped += 1
            return
        }
        // Taken after the read: what came earlier than this waits no less than it should.
        let now = Clock.monotonic()
        if lanes[number].shaper.duplicates(&random) { return acceptTwice(number, length, now) }
        guard let deadline = verdict(number, length, now) else { return }
        if deadline <= now {
            count(number, pool.passOn(length: length, to: lanes[number].destination))
        } else {
            hold(number, pool.keep(length: length), until: deadline)
        }
    }

    private func acceptTwice(_ number: Int, _ length: Int, _ now: Nanoseconds) {
        lanes[number].counters.duplicated += 1
        let first = verdict(number, length, now)
        let second = verdict(number, length, now)
        let frame = pool.keep(length: length)
        if let second, let copy = pool.copy(frame) { hold(number, copy, until: second) }
        if let first { hold(number, frame, until: first) } else { pool.release(frame) }
    }

    /// When the frame that was just read arrives; nil if it does not.
    @inline(__always)
    private func verdict(_ number: Int, _ length: Int, _ now: Nanoseconds) -> Nanoseconds? {
        let bytes =
            lanes[number].shaper.impairment.rate == 0
            ? length : TapDevice.lineLength(of: pool.head, length: length)
        let waiting = lanes[number].waiting
        switch lanes[number].shaper.admit(now: now, bytes: bytes, waiting: waiting, &random) {
        case .arrives(let deadline):
            if lanes[number].blocks + FramePool.blocks(length) <= blocksPerLane { return deadline }
            lanes[number].counters.overLimit += 1
        case .lost: lanes[number].counters.lost += 1
        case .overLimit: lanes[number].counters.overLimit += 1
        }
        return nil
    }

    private func hold(_ number: Int, _ frame: Frame, until deadline: Nanoseconds) {
        let passage = Passage(
            deadline: deadline, order: order, frame: frame, lane: UInt32(truncatingIfNeeded: number))
        order &+= 1
        guard queue.insert(passage) else {
            lanes[number].counters.overLimit += 1
            pool.release(frame)
            return
        }
        lanes[number].waiting += 1
        lanes[number].blocks += FramePool.blocks(Int(frame.length))
    }

    private func deliver() {
        guard let earliest = queue.first else { return }
        let now = Clock.monotonic()
        if earliest.deadline > now { return }
        while let passage = queue.first, passage.deadline <= now {
            queue.removeFirst()
            let number = Int(passage.lane)
            if passage.order >= lanes[number].validFrom {
                lanes[number].waiting -= 1
                lanes[number].blocks -= FramePool.blocks(Int(passage.frame.length))
                count(number, pool.send(passage.frame, to: lanes[number].destination))
            }
            pool.release(passage.frame)
        }
        pool.trim()
    }

    @inline(__always)
    private func count(_ number: Int, _ written: Int) {
        if written >= 0 {
            lanes[number].counters.delivered += 1
            lanes[number].counters.deliveredBytes += written - TapDevice.headerSize
        } else {
            // The interface is not up yet, or the device is gone: a cable would lose the frame as well.
            lanes[number].counters.dropped += 1
        }
    }

    private func arm() {
        guard let first = queue.first, first.deadline != armed else { return }
        armed = first.deadline
        var setting = itimerspec()
        setting.it_value.tv_sec = Int(armed / 1_000_000_000)
        setting.it_value.tv_nsec = Int(armed % 1_000_000_000)
        timerfd_settime(timer.raw, Int32(TFD_TIMER_ABSTIME), &setting, nil)
    }
}
