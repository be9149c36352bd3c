import CLinux
import DNSResponder
import Glibc
import Net
import Sys

/// One TCP connection. It holds memory only for what is cut off in the middle: an incomplete query, and responses that the
/// client does not read.
final class StreamConnection {
    let descriptor: FileDescriptor
    /// Who is connected, and whether to the site's own address.
    let client: IPAddress
    let isUnicast: Bool
    /// A zone that is on its way; queries behind it wait.
    var transfer: ZoneTransfer?
    /// When the last whole query came or a response went, for the idle time-out. An incomplete query is no activity: a
    /// client that sends an octet now and then does not hold its place.
    var lastActivity: Nanoseconds
    /// Octets received and not yet answered.
    var input: [UInt8] = []
    /// Responses not yet sent. While there are any, nothing is read: a client that does not read is not listened to.
    var output: [UInt8] = []
    /// Whether the client has sent all that it will.
    var hasEnded = false
    /// What the loop watches the connection for: telling it anew after each batch would cost as much as reading one.
    var interest = Readiness.read

    init(_ descriptor: consuming FileDescriptor, client: IPAddress, isUnicast: Bool, now: Nanoseconds) {
        self.descriptor = descriptor
        self.client = client
        self.isUnicast = isUnicast
        lastActivity = now
    }

    /// Sends octets, and keeps what the socket does not take. False when the connection has failed.
    func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = Glibc.send(
                descriptor.raw, bytes.baseAddress?.advanced(by: offset), bytes.count - offset, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                offset += count
            } else if cl_errno() == EAGAIN {
                output += bytes[offset...]
                return true
            } else if cl_errno() != EINTR {
                return false
            }
        }
        return true
    }

    /// Sends what was kept. False when the connection has failed.
    func sendOutput() -> Bool {
        let kept = output
        output = []
        return kept.withUnsafeBytes { send($0) }
    }
}
