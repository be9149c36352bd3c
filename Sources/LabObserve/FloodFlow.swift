import CLinux
import LabModel
import Net
import Sys

/// The queries of one client to one address in a flood, all from one socket, and what came back.
///
/// A query is known by its DNS ID, which comes round after 65,536 of them. A query that is still open then is lost, so nothing is
/// counted twice: sent is the sum of answered and lost.
final class FloodFlow {
    let client: Node
    let address: IPAddress
    private(set) var sent = 0
    /// Answers by the site that they name, as positions in ``sites``.
    private(set) var answers: [Int] = []
    private(set) var sites: [String] = []
    /// Answers to queries that had been answered.
    private(set) var repeated = 0

    private let socket: FileDescriptor
    private let target: SocketAddress
    private var nextID: UInt16 = 0
    private var isOpen = [UInt64](repeating: 0, count: 1024)
    /// Answers that were read, without their IDs, and whose they are: a site says the same to the same question.
    private var known: [(bytes: [UInt8], site: Int)] = []
    private static let mostKnown = 64

    var descriptor: Int32 { socket.raw }
    /// Datagrams that this process was too slow to read.
    var unread: Int { Socket.overflowed(socket.raw) }

    /// Opens the socket in the namespace of the calling thread.
    init(_ client: Node, _ address: IPAddress) throws(SystemError) {
        (self.client, self.address) = (client, address)
        target = SocketAddress(address, port: Packet.port)
        socket = try Socket.bound(.datagram, try ProbeSocket.source(towards: target), port: 0)
        Socket.enlargeReceiveBuffer(socket.raw, to: 4 << 20)
    }

    /// Sends up to so many queries, and answers how many left.
    func send(_ count: Int, with batch: FloodBatch) -> Int {
        var left = 0
        while left < count {
            let wanted = min(count - left, FloodBatch.capacity)
            let gone = batch.send(wanted, from: nextID, over: socket.raw, to: target)
            for _ in 0..<gone {
                isOpen[Int(nextID >> 6)] |= 1 << UInt64(nextID & 63)
                nextID &+= 1
            }
            left += gone
            if gone < wanted { break }
        }
        sent += left
        return left
    }

    /// Takes in all that waits.
    func receive(with batch: FloodBatch) {
        batch.receive(from: socket.raw, of: address) { take($0) }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 2, let site = site(of: bytes) else { return }
        let id = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        let (word, bit) = (Int(id >> 6), UInt64(1) << UInt64(id & 63))
        guard isOpen[word] & bit != 0 else {
            repeated += 1
            return
        }
        isOpen[word] &= ~bit
        answers[site] += 1
    }

    /// Who answers so; nil for what is no answer.
    private func site(of bytes: UnsafeRawBufferPointer) -> Int? {
        let rest = bytes.dropFirst(2)
        for (other, site) in known where other.count == rest.count && rest.elementsEqual(other) { return site }
        guard let identity = ServerIdentity(Array(bytes)) else { return nil }
        let name = identity.name ?? "nobody"
        let site = sites.firstIndex(of: name) ?? sites.count
        if site == sites.count {
            sites.append(name)
            answers.append(0)
        }
        if known.count < Self.mostKnown { known.append((Array(rest), site)) }
        return site
    }
}
