import Glibc

/// A thread of its own, for work that has to go on while its maker waits for something else. It starts with the signal mask of
/// its maker.
public final class WorkThread {
    private var thread = pthread_t()
    private var isJoined = false

    /// Starts a thread that runs `body`. Throws ``SystemError``.
    public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = Unmanaged.passRetained(Body(body))
        let code = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            // There is no thread that `deinit` could let go.
            isJoined = true
            throw SystemError(code: code, call: "pthread_create")
        }
    }

    /// Waits for the end of `body`.
    public func join() {
        guard !isJoined else { return }
        isJoined = true
        pthread_join(thread, nil)
    }

    deinit { if !isJoined { pthread_detach(thread) } }

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
