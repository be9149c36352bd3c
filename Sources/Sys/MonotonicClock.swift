import CLinux
import Glibc

/// Nanoseconds of CLOCK_MONOTONIC. Times of one machine can be compared whichever process took them.
public typealias Nanoseconds = Int64

/// The two clocks of the lab.
public enum Clock {
    /// CLOCK_MONOTONIC, for intervals and for ordering what several daemons saw.
    public static func monotonic() -> Nanoseconds { read(CLOCK_MONOTONIC) }

    /// CLOCK_REALTIME, nanoseconds since 1970, for people.
    public static func wall() -> Nanoseconds { read(CLOCK_REALTIME) }

    /// CLOCK_THREAD_CPUTIME_ID: how long the calling thread has had a processor. What a busy machine takes from it is not in it.
    public static func thread() -> Nanoseconds { read(CLOCK_THREAD_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Nanoseconds {
        var time = timespec()
        clock_gettime(clock, &time)
        return Nanoseconds(time.tv_sec) * 1_000_000_000 + Nanoseconds(time.tv_nsec)
    }
}
