import Net
import Sys

/// The sockets that neighbours connect to.
extension Speaker {
    /// How long to wait when a connection cannot be accepted.
    private static let acceptPause: Nanoseconds = 1_000_000_000

    func listen(_ address: IPAddress) throws(SystemError) {
        let socket = try ConnectionProtection.listening(
            address, for: configuration.neighbours.filter { $0.localAddress == address })
        let raw = socket.raw
        listeners[address] = FileDescriptorBox(socket)
        try watch(raw, address)
    }

    /// Closes the socket that listens on `address`.
    func stopListening(_ address: IPAddress) {
        guard let listener = listeners.removeValue(forKey: address) else { return }
        loop.remove(listener.descriptor.raw)
    }

    private func watch(_ listener: Int32, _ address: IPAddress) throws(SystemError) {
        try loop.add(listener, .read) { [weak self] _ in self?.accept(listener, on: address) }
    }

    /// Only configured neighbours get as far as the state machine. Others are closed without a word.
    private func accept(_ listener: Int32, on address: IPAddress) {
        do {
            while let accepted = try Socket.accept(listener) {
                let peer = accepted.peer.address
                let neighbour = neighbours.first {
                    $0.configuration.address == peer && $0.configuration.localAddress == address
                }
                neighbour?.offer(accepted.take())
            }
        } catch {
            // Out of descriptors: the connection would stay ready and keep the loop from sleeping.
            loop.remove(listener)
            loop.schedule(after: Self.acceptPause) { [weak self] in
                guard let self, self.listeners[address]?.descriptor.raw == listener else { return }
                try? self.watch(listener, address)
            }
        }
    }
}

/// A descriptor in a collection, which holds no values that cannot be copied.
final class FileDescriptorBox {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}
