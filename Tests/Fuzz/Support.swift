/// Ends the process, so that the fuzzer keeps the input that broke a promise.
func promise(_ holds: Bool, _ text: @autoclosure () -> String, line: Int = #line) {
    if !holds { fatalError("broken in line \(line): \(text())") }
}

/// Reads an input from its beginning. What is missing at the end reads as zeros.
struct Script {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ start: UnsafeRawPointer?, _ count: Int) {
        bytes = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    }

    var isAtEnd: Bool { offset >= bytes.count }

    mutating func octet() -> UInt8 {
        guard offset < bytes.count else { return 0 }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func octets(_ count: Int) -> [UInt8] {
        let taken = min(count, bytes.count - offset)
        defer { offset += taken }
        return Array(bytes[offset..<offset + taken])
    }

    mutating func rest() -> [UInt8] { octets(bytes.count - offset) }
}
