import CLinux
import Glibc
import Sys

/// A frame in the pool: the first of its blocks, and how many bytes it has, its virtio_net_hdr included.
struct Frame: Equatable {
    var block: UInt32
    var length: UInt32
}

/// The memory of the frames under way: blocks of 2 kB in one mapping, chained where a frame needs several.
///
/// A frame comes out of a TAP device straight into the blocks that will hold it: 33 blocks, enough for the largest frame
/// (64 kB, to be segmented by whoever receives it), lie ready as the vector of one readv(2), and the frame keeps those that it
/// filled. Nothing is allocated, and nothing copied but by the kernel. The mapping is touched only as far as it is used, and
/// given back when the last frame has left.
struct FramePool: ~Copyable {
    static let blockSize = 2048
    /// Blocks of the largest frame: 64 kB, an Ethernet header and a virtio_net_hdr.
    static let longest = 33
    /// What an idle pool keeps: 4 MB.
    private static let kept = 2048

    private let capacity: Int
    private let memory: UnsafeMutableRawPointer
    /// For each block the next of its frame, or of the free list.
    private let next: UnsafeMutablePointer<UInt32>
    private var free: UInt32 = .max
    /// Blocks from here on were never used.
    private var untouched = 0
    /// Blocks that frames hold.
    private(set) var used = 0

    private let ready: UnsafeMutablePointer<iovec>
    private var readyCount = 0
    private let outgoing: UnsafeMutablePointer<iovec>

    /// Maps memory for `capacity` blocks, at least ``longest``. Throws ``SystemError``.
    init(capacity: Int) throws(SystemError) {
        self.capacity = max(capacity, Self.longest)
        let bytes = self.capacity * Self.blockSize
        guard
            let memory = mmap(
                nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
            memory != MAP_FAILED
        else { throw .last("mmap", "\(bytes) bytes") }
        self.memory = memory
        next = .allocate(capacity: self.capacity)
        ready = .allocate(capacity: Self.longest)
        outgoing = .allocate(capacity: Self.longest)
    }

    deinit {
        munmap(memory, capacity * Self.blockSize)
        next.deallocate()
        ready.deallocate()
        outgoing.deallocate()
    }

    @inline(__always)
    private func address(_ block: UInt32) -> UnsafeMutableRawPointer { memory + Int(block) * Self.blockSize }

    @inline(__always)
    private func number(of address: UnsafeMutableRawPointer?) -> UInt32 {
        UInt32(truncatingIfNeeded: address.map { ($0 - memory) / Self.blockSize } ?? 0)
    }

    @inline(__always)
    private mutating func takeBlock() -> UInt32? {
        if free != .max {
            let block = free
            free = next[Int(block)]
            return block
        }
        guard untouched < capacity else { return nil }
        untouched += 1
        return UInt32(truncatingIfNeeded: untouched - 1)
    }

    /// Reads one frame into the blocks that lie ready. Answers what readv(2) does; nil when too few blocks are left.
    mutating func read(from descriptor: Int32) -> Int? {
        while readyCount < Self.longest {
            guard let block = takeBlock() else { return nil }
            ready[readyCount] = iovec(iov_base: address(block), iov_len: Self.blockSize)
            readyCount += 1
        }
        return readv(descriptor, ready, Int32(Self.longest))
    }

    /// Keeps the frame that the last ``read(from:)`` brought.
    mutating func keep(length: Int) -> Frame {
        let count = min(Self.longest, max(1, (length + Self.blockSize - 1) / Self.blockSize))
        let first = number(of: ready[0].iov_base)
        var previous = first
        for index in 1..<max(2, count) where index < count {
            let block = number(of: ready[index].iov_base)
            next[Int(previous)] = block
            previous = block
        }
        next[Int(previous)] = .max
        // The filled ones are replaced by the last ones; the next read makes up the number.
        readyCount -= count
        for index in 0..<min(count, readyCount) { ready[index] = ready[readyCount + count - 1 - index] }
        used += count
        return Frame(block: first, length: UInt32(truncatingIfNeeded: length))
    }

    /// Writes the frame that the last ``read(from:)`` brought, without keeping it. Answers what writev(2) does.
    func passOn(length: Int, to descriptor: Int32) -> Int {
        if length <= Self.blockSize { return write(descriptor, ready[0].iov_base, length) }
        let count = (length + Self.blockSize - 1) / Self.blockSize
        let last = count - 1
        ready[last].iov_len = length - last * Self.blockSize
        defer { ready[last].iov_len = Self.blockSize }
        return writev(descriptor, ready, Int32(truncatingIfNeeded: count))
    }

    /// Writes a frame that was kept. Answers what writev(2) does.
    func send(_ frame: Frame, to descriptor: Int32) -> Int {
        if frame.length <= Self.blockSize { return write(descriptor, address(frame.block), Int(frame.length)) }
        var rest = Int(frame.length)
        var block = frame.block
        var count = 0
        while rest > 0, count < Self.longest, block != .max {
            outgoing[count] = iovec(iov_base: address(block), iov_len: min(rest, Self.blockSize))
            rest -= Self.blockSize
            block = next[Int(block)]
            count += 1
        }
        return writev(descriptor, outgoing, Int32(truncatingIfNeeded: count))
    }

    /// Gives back the blocks of a frame, and says how many they were.
    @discardableResult
    mutating func release(_ frame: Frame) -> Int {
        var block = frame.block
        var count = 0
        while block != .max {
            let following = next[Int(block)]
            next[Int(block)] = free
            free = block
            block = following
            count += 1
        }
        used -= count
        return count
    }

    /// A second frame of the same bytes; nil when too few blocks are left.
    mutating func copy(_ frame: Frame) -> Frame? {
        var copy = Frame(block: .max, length: frame.length)
        var last = UInt32.max
        var block = frame.block
        while block != .max {
            guard let fresh = takeBlock() else {
                release(copy)
                return nil
            }
            used += 1
            address(fresh).copyMemory(from: address(block), byteCount: Self.blockSize)
            next[Int(fresh)] = .max
            if last == .max { copy.block = fresh } else { next[Int(last)] = fresh }
            last = fresh
            block = next[Int(block)]
        }
        return copy
    }

    /// How many blocks a frame of `length` bytes takes.
    static func blocks(_ length: Int) -> Int { max(1, (length + blockSize - 1) / blockSize) }

    /// The first bytes of the frame that the last ``read(from:)`` brought.
    var head: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: ready[0].iov_base, count: Self.blockSize) }

    /// Gives memory back to the system when no frame is left and a burst has used much of it.
    mutating func trim() {
        guard used == 0, untouched > Self.kept else { return }
        free = .max
        untouched = 0
        readyCount = 0
        madvise(memory + Self.kept * Self.blockSize, (capacity - Self.kept) * Self.blockSize, MADV_DONTNEED)
    }
}
