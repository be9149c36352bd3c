import CLinux
import DNSWire
import Glibc
public import LabModel
public import Net
public import Sys

extension Observer {
    /// Asks addresses of services for records, from a client, one after the other, each up to three times. `timeout` is for one
    /// try, in nanoseconds. Throws ``ObservationError``.
    public func lookUp(
        _ wanted: Claim.Resolution, from client: Node, at addresses: [IPAddress], timeout: Nanoseconds = 1_000_000_000
    ) throws(ObservationError) -> [Lookup] {
        let kernel = try kernel(of: client)
        var results: [Lookup] = []
        for address in addresses {
            let outcome = try kernel.perform { () throws(SystemError) in
                try Self.ask(wanted, address, timeout)
            }
            results.append(
                Lookup(
                    client: client.name, address: address, name: wanted.name, type: wanted.type,
                    answers: outcome.answers, note: outcome.note))
        }
        return results
    }

    private static func ask(
        _ wanted: Claim.Resolution, _ address: IPAddress, _ timeout: Nanoseconds
    ) throws(SystemError) -> (answers: [String]?, note: String?) {
        guard let name = try? DomainName(wanted.name), let type = RecordType(wanted.type) else {
            return (nil, "this cannot be asked for")
        }
        let target = SocketAddress(address, port: Packet.port)
        let socket = try Socket.open(target.domain, .datagram)
        do throws(SystemError) {
            _ = try Socket.connect(socket.raw, to: target)
        } catch {
            return (nil, error.reason)
        }
        var note: String?
        for _ in 0..<3 {
            let id = UInt16.random(in: 0 ... .max)
            let query = Message.query(id: id, name: name, type: type).encoded()
            let isSent = query.withUnsafeBytes { Glibc.send(socket.raw, $0.baseAddress, $0.count, 0) } >= 0
            if !isSent { note = SystemError.last("send").reason }
            if let reply = receive(socket.raw, id, until: Clock.monotonic() + timeout, &note) {
                return (answers(in: reply, type), reply.responseCode == .noError ? nil : "\(reply.responseCode)")
            }
        }
        return (nil, note)
    }

    private static func receive(_ socket: Int32, _ id: UInt16, until deadline: Nanoseconds, _ note: inout String?)
        -> Message?
    {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let left = deadline - Clock.monotonic()
            guard left > 0 else { return nil }
            var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard Glibc.poll(&poll, 1, Int32(clamping: left / 1_000_000 + 1)) > 0 else { continue }
            let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
            guard count >= 0 else {
                note = SystemError.last("recv").reason
                return nil
            }
            if let message = try? Message(parsing: Array(buffer.prefix(count))), message.id == id { return message }
        }
    }

    private static func answers(in message: Message, _ type: RecordType) -> [String] {
        message.answers.filter { $0.type == type }.compactMap(Lookup.text)
    }
}

extension Lookup {
    /// The data of a record as a master file has it (RFC 1035, section 5); nil for types that are not asked for.
    static func text(_ record: ResourceRecord) -> String? {
        let data = record.data
        func name(from offset: Int) -> String? {
            var offset = offset
            return try? DomainName(reading: data.span.bytes, at: &offset).description
        }
        switch record.type {
        case .a, .aaaa: return IPAddress(bytes: data[...])?.description
        case .cname, .ns, .ptr: return name(from: 0)
        case .mx:
            guard data.count > 2, let host = name(from: 2) else { return nil }
            return "\(UInt16(data[0]) << 8 | UInt16(data[1])) \(host)"
        case .txt: return record.strings.map { $0.map { String(decoding: $0, as: UTF8.self) }.joined() }
        default: return nil
        }
    }

    /// What two spellings of the same data have in common: addresses in their shortest form, names in small letters without the
    /// last dot, texts without quotation marks.
    static func canonical(_ text: String, type: String) -> String {
        switch type {
        case "A", "AAAA": return IPAddress(text)?.description ?? text
        case "TXT":
            let isQuoted = text.utf8.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
            return isQuoted ? String(text.dropFirst().dropLast()) : text
        default:
            let lower = text.lowercased()
            return lower.hasSuffix(".") && lower != "." ? String(lower.dropLast()) : lower
        }
    }
}
