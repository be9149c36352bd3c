import Sys

/// What the kernel holds of the BGP connections of this namespace, whoever owns them.
struct TCPQueue: Hashable {
    /// Both ends, as the kernel writes them.
    let connection: String
    /// Octets that the other end has not acknowledged yet: unsent, or under way.
    let unacknowledged: Int
    /// Octets that have arrived and that the daemon has not read yet.
    let unread: Int

    /// The established connections with port 179 at either end, in this thread's namespace.
    static func read() -> [TCPQueue] {
        ["tcp", "tcp6"].flatMap { name -> [TCPQueue] in
            let bytes = (try? Files.read("/proc/thread-self/net/\(name)")) ?? []
            return parse(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Reads the table of proc(5).
    ///
    ///       sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
    ///        0: 0300010A:00B3 0200010A:9C4E 01 00000000:00000013 ...
    static func parse(_ text: String) -> [TCPQueue] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 4, words[3] == "01", words[1].hasSuffix(":00B3") || words[2].hasSuffix(":00B3") else {
                return nil
            }
            let queues = words[4].split(separator: ":").compactMap { Int($0, radix: 16) }
            guard queues.count == 2 else { return nil }
            return TCPQueue(
                connection: "\(words[1]) \(words[2])", unacknowledged: queues[0], unread: queues[1])
        }
    }
}
