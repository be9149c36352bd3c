import DNSWire
import DNSZone
import Net

/// The text of a zone (RFC 1035, section 5): every error has its place in the text, and each record that was read is read again from
/// the form of unknown types (RFC 3597) as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzZone(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    var script = Script(start, count)
    let text = String(decoding: script.rest(), as: UTF8.self)
    guard let origin = try? DomainName("a.test") else { return 0 }
    let lines = text.utf8.count { $0 == 10 } + 1
    // Enough to see what an inclusion leaves behind; as many as may be would take half a second for each input.
    var inclusions = 2
    do {
        let file = try ZoneFile(parsing: text, origin: origin) { name in
            inclusions -= 1
            return name == "again" && inclusions >= 0 ? .success(text) : .failure(.init("no such file"))
        }
        for record in file.records { check(record, origin) }
        _ = try Zone(origin: origin, text: text) { _ in .failure(.init("no such file")) }
    } catch {
        promise(!error.errors.isEmpty, "no error")
        for each in error.errors {
            // A record that was added, and a zone as a whole, have no place.
            promise((0...lines).contains(each.line) && each.column >= 0, "\(each) of \(lines) lines")
        }
    }
    return 0
}

private func check(_ record: ZoneRecord, _ origin: DomainName) {
    let digits = record.data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let line = "\(record.owner) \(record.ttl) IN \(record.type) \\# \(record.data.count) \(digits)"
    let again = try? ZoneFile(parsing: line, origin: origin).records
    promise(again?.first?.data == record.data && again?.first?.owner == record.owner, "\(line) is not read again")
}
