import DNSWire

/// Whether octets are data of a type that this module knows; of other types anything is.
func isWellFormed(_ data: [UInt8], _ type: RecordType) -> Bool {
    switch type {
    case .a: return data.count == 4
    case .aaaa: return data.count == 16
    case .txt:
        return !data.isEmpty
            && ResourceRecord(name: .root, type: .txt, ttl: 0, data: data).strings != nil
    case .hinfo: return endOfStrings(data, 2, from: 0) == data.count
    case .naptr:
        guard var offset = endOfStrings(data, 3, from: 4) else { return false }
        return isName(data, at: &offset) && offset == data.count
    case .ds: return data.count > 4
    case .tlsa: return data.count > 3
    case .sshfp: return data.count > 2
    case .loc: return data.count == 16 && data[0] == 0
    case .svcb, .https:
        var offset = 2
        return isName(data, at: &offset) && hasParametersInOrder(data, from: offset)
    case .caa: return data.count >= 3 && data[1] > 0 && data.count >= 2 + Int(data[1])
    default: break
    }
    let layout = RecordDataLayout(type)
    guard layout.nameCount > 0 else { return true }
    var offset = layout.prefix
    for _ in 0..<layout.nameCount {
        guard isName(data, at: &offset) else { return false }
    }
    return offset + (type == .soa ? 20 : 0) == data.count
}

/// Whether a name stands there, written out: a compressed one would be one octet run here and another in a message.
private func isName(_ data: [UInt8], at offset: inout Int) -> Bool {
    let start = offset
    guard let name = try? DomainName(reading: data.span.bytes, at: &offset) else { return false }
    return name.wire[...] == data[start..<offset]
}

/// The offset after `count` character-strings; nil when one is cut off.
private func endOfStrings(_ data: [UInt8], _ count: Int, from start: Int) -> Int? {
    var offset = start
    for _ in 0..<count {
        guard offset < data.count else { return nil }
        offset += 1 + Int(data[offset])
    }
    return offset <= data.count ? offset : nil
}

/// Whether the parameters of a service fill the rest, each key once and in ascending order (RFC 9460, section 2.2).
private func hasParametersInOrder(_ data: [UInt8], from start: Int) -> Bool {
    let span = data.span.bytes
    var offset = start
    var least = 0
    while offset < data.count {
        guard let key = span.uint16(at: offset), let length = span.uint16(at: offset + 2), Int(key) >= least else {
            return false
        }
        least = Int(key) + 1
        offset += 4 + Int(length)
    }
    return offset == data.count
}
