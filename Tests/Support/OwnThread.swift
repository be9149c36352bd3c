import CLinux
import Foundation

/// Runs `body` on a thread of its own and waits for it: for code that changes the namespaces or the signal mask of its
/// thread, which the test runner's threads must not feel. Throws what `body` throws.
public func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
    let box = ResultBox<Result>()
    let thread = Thread {
        box.result = Swift.Result { try body() }
        box.done.signal()
    }
    thread.stackSize = 8 << 20
    thread.start()
    box.done.wait()
    guard let result = box.result else { throw CancellationError() }
    return try result.get()
}

/// Written by one thread before it signals, read by the other after.
private final class ResultBox<Value: Sendable>: @unchecked Sendable {
    let done = DispatchSemaphore(value: 0)
    var result: Swift.Result<Value, any Error>?
}
