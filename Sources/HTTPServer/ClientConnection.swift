import CLinux
import Glibc
import HTTPWire
import Net
import Sys

/// One connection of a client.
final class ClientConnection {
    let descriptor: FileDescriptor
    let parser = MessageParser(.request, mostContent: mostContent)
    /// When the last whole request came or a response went, for the idle time-out: a client that sends an octet now and then does not
    /// hold its place.
    var lastActivity: Nanoseconds
    /// Octets received and not yet looked at: those of requests behind the one that is being answered.
    var input: [UInt8] = []
    /// What is not yet sent. While there is any, nothing is read: a client that does not read is not listened to.
    private(set) var output: [ArraySlice<UInt8>] = []
    /// Whether a request is being answered; those behind it wait, for responses go in the order of their requests.
    var isAnswering = false
    /// Whether the client has sent all that it will.
    var hasEnded = false
    /// Whether it is closed once all is sent.
    var isLast = false
    /// Whether all is sent, and the client is only waited for to close, so that what it still sends does not cost it the response
    /// (RFC 9112, section 9.6).
    var isDraining = false
    /// What the loop watches it for.
    var interest = Readiness.read

    /// Requests here ask and bring nothing.
    static let mostContent = 65536

    init(_ descriptor: consuming FileDescriptor, now: Nanoseconds) {
        self.descriptor = descriptor
        lastActivity = now
    }

    /// Whether something waits to be sent.
    var hasOutput: Bool { !output.isEmpty }

    func queue(_ bytes: [UInt8]) {
        if !bytes.isEmpty { output.append(bytes[...]) }
    }

    /// Sends what the socket takes, and adds its octets to `sent`. False when the connection has failed.
    func sendOutput(counting sent: inout Int) -> Bool {
        while let piece = output.first {
            let count = piece.withUnsafeBytes {
                send(descriptor.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { sent += count }
            if count == piece.count {
                output.removeFirst()
            } else if count >= 0 {
                output[0] = piece.dropFirst(count)
            } else if cl_errno() == EAGAIN {
                return true
            } else if cl_errno() != EINTR {
                return false
            }
        }
        return true
    }

    /// Reads once, at most 64 kB. Nil when the connection has failed; 0 at its end or when nothing was there.
    func receive() -> Int? {
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { chunk in
            let count = recv(descriptor.raw, chunk.baseAddress, chunk.count, 0)
            if count < 0 { return cl_errno() == EAGAIN || cl_errno() == EINTR ? 0 : nil }
            if count == 0 { hasEnded = true }
            input += chunk[..<count]
            return count
        }
    }
}
