import DNSWire
import Net

/// The records of a zone if they make one: inside the origin, one SOA, a CNAME alone at its name. Records that
/// are there twice are taken once (RFC 2181, section 5). Throws every error.
func checked(_ records: [ZoneRecord], origin: DomainName) throws(ZoneErrors) -> [ZoneRecord] {
    var errors: [ZoneError] = []
    var kept: [ZoneRecord] = []
    var seen: Set<RecordIdentity> = []
    for record in records {
        if let reason = misplacement(of: record, origin: origin) {
            errors.append(record.error(reason))
        } else if seen.insert(RecordIdentity(owner: record.owner, type: record.type, data: record.data)).inserted {
            kept.append(record)
        }
    }
    let startsOfAuthority = kept.filter { $0.type == .soa }
    errors += startsOfAuthority.dropFirst().map { $0.error("a second SOA record") }
    errors += clashesWithAliases(kept) + clashesWithRedirections(kept)
    guard errors.isEmpty else {
        throw ZoneErrors(errors.sorted { ($0.file, $0.line, $0.column) < ($1.file, $1.line, $1.column) })
    }
    return kept
}

private struct RecordIdentity: Hashable {
    let owner: DomainName
    let type: RecordType
    let data: [UInt8]
}

private func misplacement(of record: ZoneRecord, origin: DomainName) -> String? {
    guard record.owner.isEqualOrBelow(origin) else { return "\(record.owner) is not in the zone \(origin)" }
    if record.type == .soa, record.owner != origin { return "the SOA record must be at the origin, \(origin)" }
    if record.type == .ns, record.owner.labels.first == [UInt8(ascii: "*")] {
        return "a wildcard cannot be delegated (RFC 4592, section 4.2)"
    }
    return isWellFormed(record.data, record.type) ? nil : "the data is not of type \(record.type)"
}

/// A CNAME stands alone (RFC 2181, section 10.1).
private func clashesWithAliases(_ records: [ZoneRecord]) -> [ZoneError] {
    var counts: [DomainName: Int] = [:]
    for record in records { counts[record.owner, default: 0] += 1 }
    return records.compactMap { record in
        guard record.type == .cname, counts[record.owner, default: 0] > 1 else { return nil }
        return record.error("\(record.owner) has a CNAME record and other records beside it")
    }
}

/// A DNAME is the only one of its name, and nothing is below it (RFC 6672, section 2.4).
private func clashesWithRedirections(_ records: [ZoneRecord]) -> [ZoneError] {
    var owners: Set<DomainName> = []
    let twice = records.filter { $0.type == .dname && !owners.insert($0.owner).inserted }
    guard !owners.isEmpty else { return [] }
    let below = records.filter { record in
        var name = record.owner.parent
        while let candidate = name, !owners.contains(candidate) { name = candidate.parent }
        return name != nil
    }
    return twice.map { $0.error("\($0.owner) has a second DNAME record") }
        + below.map { $0.error("\($0.owner) is below a DNAME record, which stands for all names there") }
}

/// The records with those that ``Zone/init(origin:text:addresses:)`` promises to add.
func withDefaults(
    _ records: [ZoneRecord], origin: DomainName, addresses: [IPAddress]
) -> [ZoneRecord] {
    // A name of 251 octets or more has no room for these labels; such a zone must bring its own SOA and NS.
    guard let server = try? origin.prepending("ns1".utf8), let mailbox = try? origin.prepending("hostmaster".utf8)
    else { return records }
    var result = records
    let ttl = ZoneFile.defaultTTL
    if !records.contains(where: { $0.type == .soa }) {
        let numbers: [UInt32] = [1, 3600, 600, 604800, 60]
        let data = server.wire + mailbox.wire + numbers.flatMap(bigEndian)
        result.append(ZoneRecord(owner: origin, type: .soa, ttl: ttl, data: data))
    }
    if !records.contains(where: { $0.type == .ns && $0.owner == origin }) {
        result.append(ZoneRecord(owner: origin, type: .ns, ttl: ttl, data: server.wire))
    }
    let isServer = result.contains { $0.type == .ns && $0.owner == origin && $0.data == server.wire }
    let hasRecords = records.contains { $0.owner == server }
    if isServer, !hasRecords {
        for address in addresses {
            let type: RecordType = address.family == .ipv4 ? .a : .aaaa
            result.append(ZoneRecord(owner: server, type: type, ttl: ttl, data: address.bytes))
        }
    }
    return result
}
