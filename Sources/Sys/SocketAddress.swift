public import CLinux
public import Net

/// The address of an Internet or Unix socket, in the form that the kernel takes.
public struct SocketAddress: Sendable {
    private var storage = sockaddr_storage()
    /// How many bytes of the storage count.
    public private(set) var length: UInt32

    /// Makes an Internet address. `scope` is the interface index that a link-local IPv6 address needs.
    public init(_ address: IPAddress, port: UInt16, scope: UInt32 = 0) {
        switch address {
        case .v4(let v4):
            var value = sockaddr_in()
            value.sin_family = sa_family_t(AF_INET)
            value.sin_port = port.bigEndian
            value.sin_addr.s_addr = v4.rawValue.bigEndian
            length = UInt32(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: value, as: sockaddr_in.self) }
        case .v6(let v6):
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            value.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &value.sin6_addr) {
                $0.storeBytes(of: v6.high.bigEndian, toByteOffset: 0, as: UInt64.self)
                $0.storeBytes(of: v6.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            length = UInt32(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: value, as: sockaddr_in6.self) }
        }
    }

    /// Makes the address of a Unix socket; nil when the path is longer than the 107 bytes that fit.
    public init?(unixPath path: String) {
        var value = sockaddr_un()
        value.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: value.sun_path), !bytes.contains(0) else { return nil }
        withUnsafeMutableBytes(of: &value.sun_path) { $0.copyBytes(from: bytes) }
        length = UInt32(MemoryLayout<sockaddr_un>.size)
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: value, as: sockaddr_un.self) }
    }

    /// Makes the address of a Unix socket that has a name and no file (unix(7)); nil when the name is longer than 107 bytes.
    ///
    ///     sun_path  0x00 | name, without a zero at its end
    public init?(abstractName name: String) {
        var value = sockaddr_un()
        value.sun_family = sa_family_t(AF_UNIX)
        let bytes = [0] + Array(name.utf8)
        guard bytes.count <= MemoryLayout.size(ofValue: value.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &value.sun_path) { $0.copyBytes(from: bytes) }
        let path = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: value.sun_path)
        length = UInt32(path + bytes.count)
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: value, as: sockaddr_un.self) }
    }

    /// Makes an empty address for a call to fill.
    public init() {
        length = UInt32(MemoryLayout<sockaddr_storage>.size)
    }

    /// The Internet address; nil for other families.
    public var address: IPAddress? {
        withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET:
                return IPAddress(bytes: bytes[4..<8])
            case AF_INET6:
                return IPAddress(bytes: bytes[8..<24])
            default:
                return nil
            }
        }
    }

    /// The port; 0 for families without.
    public var port: UInt16 {
        switch Int32(storage.ss_family) {
        case AF_INET, AF_INET6:
            withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
        default: 0
        }
    }

    /// The address family number for socket(2).
    public var domain: Int32 { Int32(storage.ss_family) }

    /// Lends the address to a call that reads it.
    public func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// Lends the storage to a call that fills it.
    public mutating func withMutablePointer<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        var filled = socklen_t(MemoryLayout<sockaddr_storage>.size)
        defer { length = filled }
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &filled) }
        }
    }
}
