import CLinux
import Net
import Sys

/// A TAP device in a namespace: what the kernel sends through the interface is read here, what is written here the
/// interface receives. Each frame has this in front (virtio 1.2, section 5.1.6), which tells of work left undone:
///
///      0        1          2         4          6            8             10
///     +--------+----------+---------+----------+------------+-------------+
///     | flags  | gso_type | hdr_len | gso_size | csum_start | csum_offset |
///     +--------+----------+---------+----------+------------+-------------+
///
/// It is handed through as it is: the receiving kernel does what the sending one left.
final class TapDevice {
    static let headerSize = 10
    let name: String
    let descriptor: FileDescriptor

    /// Creates the device in the namespace of `end`, or takes over the one that a wire process before left there. The
    /// calling thread comes back to `home`. Throws ``SystemError``.
    init(_ end: WireEnd, carrier: Bool, home: borrowing NetworkNamespace) throws(SystemError) {
        name = end.device
        let namespace = try NetworkNamespace.open(end.namespace)
        try namespace.enter()
        let raw = cl_tap_open(end.device, carrier)
        let error = SystemError.last("open TAP device", "\(end.device) in \(end.namespace)")
        try home.enter()
        guard raw >= 0 else { throw error }
        descriptor = FileDescriptor(owning: raw)

        if let address = end.address {
            try systemCall("set address \(address) of", "\(end.device) in \(end.namespace)") {
                cl_tap_set_address(raw, end.device, address.bytes)
            }
        }
    }

    /// Whether the device stays when this process ends. Throws ``SystemError``.
    func setPersistent(_ persistent: Bool) throws(SystemError) {
        try systemCall("TUNSETPERSIST", name) { cl_tap_set_persistent(descriptor.raw, persistent) }
    }

    /// Raises or drops the carrier; routes through the interface have changed when this returns. Throws ``SystemError``.
    func setCarrier(_ up: Bool) throws(SystemError) {
        try systemCall("TUNSETCARRIER", name) { cl_tap_set_carrier(descriptor.raw, name, up) }
    }

    /// The bytes that a frame takes on the line: a frame still to be segmented repeats its headers. `head` is the
    /// beginning of the frame, virtio_net_hdr included, `length` its whole length.
    static func lineLength(of head: UnsafeRawBufferPointer, length: Int) -> Int {
        let frame = max(0, length - headerSize)
        guard head.count >= headerSize, head[1] & 0x7F != 0 else { return frame }
        let segment = Int(head.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        let transport = Int(head.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
        // gso_type 5 is UDP, whose header has 8 bytes; TCP has the length in the upper half of octet 12.
        let lengthField = headerSize + transport + 12
        guard segment > 0, lengthField < min(head.count, length) else { return frame }
        let headers = transport + (head[1] & 0x7F == 5 ? 8 : Int(head[lengthField] >> 4) * 4)
        let payload = frame - headers
        guard payload > segment else { return frame }
        return frame + (payload - 1) / segment * headers
    }
}
