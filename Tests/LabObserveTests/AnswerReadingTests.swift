import DNSWire
import Net
import Testing

@testable import LabObserve

@Suite("Answers to probes as they come off the wire")
struct AnswerReadingTests {
    private func message(
        text: String? = "london", nsid: String? = "london", code: UInt16 = 0, isResponse: Bool = true
    ) throws -> Message {
        let name = try DomainName("id.server")
        var flags: Header.Flags = isResponse ? [.response] : []
        flags.lowResponseCode = code
        var message = Message(id: 7, flags: flags)
        message.questions = [Question(name: name, type: .txt, recordClass: .chaos)]
        if let text {
            let data = [UInt8(text.utf8.count)] + Array(text.utf8)
            message.answers = [ResourceRecord(name: name, type: .txt, recordClass: .chaos, ttl: 0, data: data)]
        }
        let options = nsid.map { [EDNSOption(code: EDNSOption.nsid, data: Array($0.utf8))] } ?? []
        message.additionals = [EDNS(options: options).record]
        return message
    }

    private func identity(_ message: Message) -> ServerIdentity? { ServerIdentity(message.encoded()) }

    @Test("text and NSID name the server, and a difference between them is odd")
    func identities() throws {
        #expect(identity(try message()) == ServerIdentity(text: "london", nsid: "london"))
        #expect(identity(try message(nsid: nil))?.oddity == nil)
        let differing = identity(try message(nsid: "paris"))
        #expect(differing?.name == "london")
        #expect(differing?.oddity == "id.server and NSID differ: london and paris")
        let onlyNSID = identity(try message(text: nil))
        #expect(onlyNSID?.name == "london")
        #expect(onlyNSID?.oddity == "the answer has no TXT record")
        #expect(identity(try message(text: nil, nsid: nil, code: 5))?.oddity == "the answer is REFUSED")
    }

    @Test("a query is no answer, and an answer cut off anywhere is malformed or none")
    func malformed() throws {
        #expect(identity(try message(isResponse: false)) == nil)
        let bytes = try message().encoded()
        for count in 0..<bytes.count {
            let read = ServerIdentity(Array(bytes.prefix(count)))
            if count < Header.byteCount {
                #expect(read == nil)
            } else {
                #expect(read?.oddity == "the answer is malformed")
                #expect(read?.name == nil)
            }
        }
    }

    @Test("flipped bits never do more than change the words")
    func flipped() throws {
        let bytes = try message().encoded()
        var read = 0
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                if ServerIdentity(damaged) != nil { read += 1 }
            }
        }
        // Only the bit that makes it a query makes it no answer.
        #expect(read == bytes.count * 8 - 1)
    }

    @Test(
        "ICMP errors of both families mean the same things",
        arguments: [
            (AddressFamily.ipv4, 11, 0, ProbeAnswer.Kind.timeExceeded), (.ipv6, 3, 0, .timeExceeded),
            (.ipv4, 3, 0, .unreachable(.noRoute)), (.ipv6, 1, 0, .unreachable(.noRoute)),
            (.ipv4, 3, 1, .unreachable(.host)), (.ipv6, 1, 3, .unreachable(.host)),
            (.ipv4, 3, 3, .unreachable(.port)), (.ipv6, 1, 4, .unreachable(.port)),
            (.ipv4, 3, 13, .unreachable(.prohibited)), (.ipv6, 1, 1, .unreachable(.prohibited)),
        ] as [(AddressFamily, UInt8, UInt8, ProbeAnswer.Kind)])
    func icmp(_ family: AddressFamily, _ type: UInt8, _ code: UInt8, _ kind: ProbeAnswer.Kind) {
        #expect(ProbeAnswer.Kind(icmp: type, code: code, family: family) == kind)
    }

    @Test("ICMP that says nothing about the way is passed over")
    func otherICMP() {
        #expect(ProbeAnswer.Kind(icmp: 3, code: 4, family: .ipv4) == nil, "fragmentation needed")
        #expect(ProbeAnswer.Kind(icmp: 11, code: 1, family: .ipv4) == nil, "reassembly time exceeded")
        #expect(ProbeAnswer.Kind(icmp: 2, code: 0, family: .ipv6) == nil, "packet too big")
        #expect(ProbeAnswer.Kind(icmp: 5, code: 0, family: .ipv4) == nil, "redirect")
    }
}
