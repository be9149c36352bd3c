import Foundation
import Net
import Testing

@testable import MRTWire

func address(_ text: String) -> IPAddress { IPAddress(text) ?? .v4(.any) }
func prefix(_ text: String) -> IPPrefix { IPPrefix(text) ?? IPPrefix(.v4(.any), length: 0) }
func identifier(_ text: String) -> IPv4Address { IPv4Address(text) ?? .any }

extension MRTRecord {
    var octets: [UInt8] {
        var octets: [UInt8] = []
        encode(to: &octets)
        return octets
    }
}

/// All records of a file.
func read(_ octets: [UInt8]) throws -> [MRTRecord] {
    var reader = MRTReader()
    reader.append(octets.span.bytes)
    var records: [MRTRecord] = []
    while let record = try reader.next() { records.append(record) }
    #expect(reader.pending == 0)
    return records
}
