import CMnl
import Glibc
public import Sys

/// A change that the kernel made known.
public enum Notification: Equatable, Sendable {
    /// An interface is new or has changed; a carrier that comes or goes is told here.
    case interface(Interface)
    /// An interface is gone.
    case interfaceRemoved(Interface)
    /// An address is new or has changed.
    case address(InterfaceAddress)
    /// An address is gone.
    case addressRemoved(InterfaceAddress)
    /// A route is new or took another's place.
    case route(KernelRoute)
    /// A route is gone.
    case routeRemoved(KernelRoute)

    /// Nil for messages of other types and for those cut short.
    init?(_ message: borrowing Message) {
        let value: Notification? =
            switch Int(message.type) {
            case RTM_NEWLINK: Interface(message.payload).map { .interface($0) }
            case RTM_DELLINK: Interface(message.payload).map { .interfaceRemoved($0) }
            case RTM_NEWADDR: InterfaceAddress(message.payload).map { .address($0) }
            case RTM_DELADDR: InterfaceAddress(message.payload).map { .addressRemoved($0) }
            case RTM_NEWROUTE: KernelRoute(message.payload).map { .route($0) }
            case RTM_DELROUTE: KernelRoute(message.payload).map { .routeRemoved($0) }
            default: nil
            }
        guard let value else { return nil }
        self = value
    }
}

/// A netlink socket that hears of changes in its namespace, for an event loop: watch ``descriptor`` for reading and call
/// ``receive(_:)`` when it is ready.
public final class NetlinkMonitor {
    private let socket: FileDescriptor

    /// What to hear of.
    public struct Groups: OptionSet, Sendable {
        /// The bits of nl_groups.
        public let rawValue: UInt32
        /// Makes a set of its bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        /// Interfaces (RTNLGRP_LINK).
        public static let links = Groups(rawValue: 1 << (RTNLGRP_LINK.rawValue - 1))
        /// Addresses of both families (RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR).
        public static let addresses = Groups(
            rawValue: 1 << (RTNLGRP_IPV4_IFADDR.rawValue - 1) | 1 << (RTNLGRP_IPV6_IFADDR.rawValue - 1))
        /// Routes of both families (RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE).
        public static let routes = Groups(
            rawValue: 1 << (RTNLGRP_IPV4_ROUTE.rawValue - 1) | 1 << (RTNLGRP_IPV6_ROUTE.rawValue - 1))
    }

    /// Begins to listen in the namespace of the calling thread. What changes from now on is heard; dump after this, not
    /// before, and nothing is missed. Changes that `writer` asks for are not told: who makes many knows of them, and would
    /// lose those of others among them. Throws ``SystemError``.
    public init(_ groups: Groups, except writer: NetlinkSession? = nil) throws(SystemError) {
        socket = try openRouteSocket(groups: groups.rawValue)
        try socket.setNonBlocking()
        if let writer {
            let (raw, port) = (socket.raw, try writer.port())
            try systemCall("setsockopt", "SO_ATTACH_FILTER") { cm_drop_changes(raw, port) }
        }
    }

    /// The descriptor to watch for reading. It is open as long as the monitor lives.
    public var descriptor: Int32 { socket.raw }

    /// How much of what happened was heard.
    public enum Reception: Sendable {
        /// All, so far.
        case complete
        /// The kernel had more to tell than the socket holds (ENOBUFS): what the caller believes must be dumped anew.
        case lossy
    }

    /// Hands all that waits to `body`, up to 64 datagrams: a flood leaves its turn to others. Throws ``SystemError``.
    public func receive(_ body: (Notification) -> Void) throws(SystemError) -> Reception {
        var reception = Reception.complete
        try withUnsafeTemporaryAllocation(byteCount: NetlinkSession.receiveSize, alignment: 8) {
            buffer throws(SystemError) in
            for _ in 0..<64 {
                let count = recv(socket.raw, buffer.baseAddress, buffer.count, Int32(MSG_TRUNC))
                if count < 0 {
                    switch errno {
                    case EINTR: continue
                    case EAGAIN: return
                    case ENOBUFS:
                        reception = .lossy
                        continue
                    default: throw .last("recv", "netlink notifications")
                    }
                }
                if count > buffer.count {
                    reception = .lossy
                    continue
                }
                var reader = MessageReader(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
                while let message = reader.next() {
                    if let notification = Notification(message) { body(notification) }
                }
            }
        }
        return reception
    }
}
