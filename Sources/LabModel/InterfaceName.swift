/// Names of interfaces: the node at the other end, as far as the kernel's 15 bytes go (IFNAMSIZ less the final zero).
enum InterfaceName {
    static let longest = 15

    /// The name for an interface towards `node` that none of `taken` has. A long name is cut, and ends in a hash of the
    /// whole, so that it stays the same when other links come and go.
    static func make(towards node: String, taken: Set<String>) -> String {
        // `lo` and `all`/`default` (of /proc/sys/net) are not free.
        let forbidden: Set<String> = ["lo", "all", "default"]
        if node.utf8.count <= longest, !taken.contains(node), !forbidden.contains(node) { return node }
        var salt = 0
        while true {
            let digits = String(hash(salt == 0 ? node : "\(node) \(salt)") % 46656, radix: 36)
            let suffix = "." + String(repeating: "0", count: 3 - digits.utf8.count) + digits
            let name = String(node.prefix(longest - suffix.utf8.count)) + suffix
            if !taken.contains(name) { return name }
            salt += 1
        }
    }

    /// FNV-1a: the standard library's hash differs from run to run.
    private static func hash(_ text: String) -> UInt32 {
        text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
