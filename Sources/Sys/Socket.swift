import CLinux
import Glibc
public import Net

/// Sockets: each function answers a non-blocking, close-on-exec descriptor. All throw ``SystemError``.
public enum Socket {
    /// The two kinds of Internet sockets.
    public enum Kind: Sendable {
        /// TCP.
        case stream
        /// UDP.
        case datagram
    }

    /// A socket of a family and kind.
    public static func open(_ domain: Int32, _ kind: Kind) throws(SystemError) -> FileDescriptor {
        let type = (kind == .stream ? SOCK_STREAM.rawValue : SOCK_DGRAM.rawValue)
        let flags = SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        return FileDescriptor(owning: try systemCall("socket") { socket(domain, Int32(type | flags), 0) })
    }

    /// A socket bound to `address` and `port`, whether or not the address is there yet (IP_FREEBIND). IPv6 sockets take
    /// IPv6 only, so that the two families never share a port by accident. Shared sockets are of one port (SO_REUSEPORT).
    public static func bound(
        _ kind: Kind, _ address: IPAddress, port: UInt16, isShared: Bool = false
    ) throws(SystemError) -> FileDescriptor {
        let target = SocketAddress(address, port: port)
        let socket = try open(target.domain, kind)
        // A TCP port whose last connection is still in TIME_WAIT may be taken; a UDP port that somebody has may not.
        if kind == .stream { try set(socket.raw, SOL_SOCKET, SO_REUSEADDR, 1) }
        if isShared { try set(socket.raw, SOL_SOCKET, SO_REUSEPORT, 1) }
        switch address.family {
        case .ipv4:
            try set(socket.raw, Int32(IPPROTO_IP), IP_FREEBIND, 1)
        case .ipv6:
            try set(socket.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
            try set(socket.raw, Int32(IPPROTO_IPV6), IPV6_FREEBIND, 1)
        }
        try bind(socket.raw, to: target, name: "\(address) port \(port)")
        return socket
    }

    /// A TCP socket that listens.
    public static func listening(
        _ address: IPAddress, port: UInt16, backlog: Int32 = 128
    ) throws(SystemError) -> FileDescriptor {
        let socket = try bound(.stream, address, port: port)
        try systemCall("listen", "\(address) port \(port)") { listen(socket.raw, backlog) }
        return socket
    }

    /// A Unix stream socket that listens at a path that does not exist yet, for the owner only (mode 0600).
    public static func listening(unixPath path: String) throws(SystemError) -> FileDescriptor {
        let mask = umask(0o177)
        defer { _ = umask(mask) }
        return try listening(SocketAddress(unixPath: path), name: path, backlog: 64)
    }

    /// A Unix stream socket connected to a path. Unix sockets connect at once or fail.
    public static func connected(unixPath path: String) throws(SystemError) -> FileDescriptor {
        try connected(SocketAddress(unixPath: path), name: path)
    }

    /// A Unix stream socket that listens under a name that the kernel frees with it.
    public static func listening(abstractName name: String) throws(SystemError) -> FileDescriptor {
        try listening(SocketAddress(abstractName: name), name: name, backlog: SOMAXCONN)
    }

    /// A Unix stream socket connected to such a name. Throws ``SystemError``, with ECONNREFUSED when nobody has it.
    public static func connected(abstractName name: String) throws(SystemError) -> FileDescriptor {
        try connected(SocketAddress(abstractName: name), name: name)
    }

    /// Begins to connect. True when connected already; false while it is under way (EINPROGRESS).
    public static func connect(_ descriptor: Int32, to address: SocketAddress) throws(SystemError) -> Bool {
        if address.withPointer({ Glibc.connect(descriptor, $0, $1) }) == 0 { return true }
        let error = SystemError.last("connect", address.address?.description ?? "")
        if error.code == EINPROGRESS { return false }
        throw error
    }

    /// What became of a connect that was under way, or of a socket that hung up: 0 or an errno (SO_ERROR).
    public static func pendingError(_ descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length) == 0 ? value : cl_errno()
    }

    /// How many datagrams found a socket's buffer full so far (SO_MEMINFO); 0 when the kernel does not tell.
    public static func overflowed(_ descriptor: Int32) -> Int {
        // The kernel's SK_MEMINFO_VARS values, of which SK_MEMINFO_DROPS is the last.
        var values = InlineArray<9, UInt32>(repeating: 0)
        var length = socklen_t(MemoryLayout.size(ofValue: values))
        guard getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, &values, &length) == 0, length == 36 else { return 0 }
        return Int(values[8])
    }

    /// Has a socket hold so many bytes of what has not been read, or as many as the system lets the caller have.
    public static func enlargeReceiveBuffer(_ descriptor: Int32, to byteCount: Int32) {
        var value = byteCount
        let size = socklen_t(MemoryLayout<Int32>.size)
        if setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &value, size) != 0 {
            _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &value, size)
        }
    }

    /// Accepts a connection; nil when none is waiting.
    public static func accept(_ descriptor: Int32) throws(SystemError) -> Accepted? {
        var peer = SocketAddress()
        while true {
            let raw = peer.withMutablePointer { cl_accept(descriptor, $0, $1) }
            if raw >= 0 { return Accepted(FileDescriptor(owning: raw), peer) }
            switch cl_errno() {
            case EINTR, ECONNABORTED: continue
            case EAGAIN: return nil
            case let code: throw SystemError(code: code, call: "accept")
            }
        }
    }

    /// A connection that was accepted, and who made it.
    public struct Accepted: ~Copyable {
        /// The connection.
        public var descriptor: FileDescriptor
        /// The address of the other side.
        public let peer: SocketAddress

        init(_ descriptor: consuming FileDescriptor, _ peer: SocketAddress) {
            self.descriptor = descriptor
            self.peer = peer
        }

        /// Hands over the connection.
        public consuming func take() -> FileDescriptor { descriptor }
    }

    /// The user who connected to a Unix socket, as the kernel knows (SO_PEERCRED); nil when it does not.
    public static func peerUser(_ descriptor: Int32) -> UInt32? {
        // struct ucred: process, user, group.
        var credentials: (Int32, UInt32, UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0, length == 12 else {
            return nil
        }
        return credentials.1
    }

    /// The address that a socket is bound to.
    public static func localAddress(_ descriptor: Int32) throws(SystemError) -> SocketAddress {
        var address = SocketAddress()
        try systemCall("getsockname") { address.withMutablePointer { getsockname(descriptor, $0, $1) } }
        return address
    }

    /// The address that a socket is connected to.
    public static func remoteAddress(_ descriptor: Int32) throws(SystemError) -> SocketAddress {
        var address = SocketAddress()
        try systemCall("getpeername") { address.withMutablePointer { getpeername(descriptor, $0, $1) } }
        return address
    }

    /// Sets an option whose value is a number.
    public static func set(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32
    ) throws(SystemError) {
        var value = value
        try systemCall("setsockopt", "level \(level) option \(option)") {
            setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// Turns Nagle's algorithm off: routing messages are whole and wait for nothing.
    public static func setNoDelay(_ descriptor: Int32) throws(SystemError) {
        try set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    /// Has a TCP connection end by a RST when it is closed, so that its port does not wait (TIME_WAIT): for those that come by the
    /// thousand and are done.
    public static func setAbortive(_ descriptor: Int32) throws(SystemError) {
        var value = linger(l_onoff: 1, l_linger: 0)
        try systemCall("setsockopt", "SO_LINGER") {
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        }
    }

    /// Sets the TTL or hop limit of what is sent.
    public static func setTimeToLive(_ descriptor: Int32, _ family: AddressFamily, _ value: UInt8) throws(SystemError) {
        switch family {
        case .ipv4: try set(descriptor, Int32(IPPROTO_IP), IP_TTL, Int32(value))
        case .ipv6: try set(descriptor, Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS, Int32(value))
        }
    }

    private static func bind(_ descriptor: Int32, to address: SocketAddress, name: String) throws(SystemError) {
        try systemCall("bind", name) { address.withPointer { Glibc.bind(descriptor, $0, $1) } }
    }

    private static func listening(
        _ address: SocketAddress?, name: String, backlog: Int32
    ) throws(SystemError) -> FileDescriptor {
        let target = try fitting(address, name)
        let socket = try open(AF_UNIX, .stream)
        try bind(socket.raw, to: target, name: name)
        try systemCall("listen", name) { listen(socket.raw, backlog) }
        return socket
    }

    private static func connected(_ address: SocketAddress?, name: String) throws(SystemError) -> FileDescriptor {
        let target = try fitting(address, name)
        let socket = try open(AF_UNIX, .stream)
        try systemCall("connect", name) { target.withPointer { Glibc.connect(socket.raw, $0, $1) } }
        return socket
    }

    /// An address of a Unix socket, whose name may have been too long for one.
    private static func fitting(_ address: SocketAddress?, _ name: String) throws(SystemError) -> SocketAddress {
        guard let address else { throw SystemError(code: ENAMETOOLONG, call: "socket", object: name) }
        return address
    }
}
