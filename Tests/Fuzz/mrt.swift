import MRTWire

/// An MRT file (RFC 6396): cut into records the same however it arrives, and each is written and read as the same.
/// Input: the length of the pieces, then the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMRT(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    var script = Script(start, count)
    let piece = Int(script.octet()) + 1
    let file = script.rest()
    let whole = records(file, pieces: max(file.count, 1))
    promise(records(file, pieces: piece) == whole, "pieces matter")
    for record in whole.records {
        var octets: [UInt8] = []
        record.encode(to: &octets)
        let again = records(octets, pieces: octets.count)
        promise(again == Records(records: [record], isReadable: true), "\(record) read again as \(again)")
    }
    return 0
}

private struct Records: Equatable {
    var records: [MRTRecord] = []
    /// False when nothing behind an error could be read.
    var isReadable = true
}

private func records(_ file: [UInt8], pieces: Int) -> Records {
    var reader = MRTReader()
    var result = Records()
    var offset = 0
    while offset < file.count, result.isReadable {
        let end = min(offset + pieces, file.count)
        reader.append(Array(file[offset..<end]).span.bytes)
        offset = end
        var isWhole = true
        while isWhole, result.isReadable {
            do throws(MRTError) {
                if let record = try reader.next() { result.records.append(record) } else { isWhole = false }
            } catch {
                if case .recordTooLong = error { result.isReadable = false }
            }
        }
    }
    return result
}
