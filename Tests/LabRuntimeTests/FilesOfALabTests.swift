import JSON
import LabModel
import LabPlan
import Net
import Sys
import TestSupport
import Testing

@testable import LabRuntime

@Suite struct HostsFileTests {
    @Test("Every address of the lab has a name, once") func everyAddress() throws {
        let topology = try smallTopology()
        var names: [IPAddress: String] = [:]
        for line in HostsFile.text(topology).split(separator: "\n") {
            let words = line.split(separator: " ")
            #expect(words.count == 2)
            let address = try #require(IPAddress(words[0]), "\(line)")
            #expect(names.updateValue(String(words[1]), forKey: address) == nil, "\(address) is there twice")
        }
        for (text, name) in [
            ("127.0.0.1", "localhost"), ("::1", "localhost"), ("192.0.2.53", "dns"), ("2001:db8:53::53", "dns"),
            ("10.1.0.1", "core-fra"), ("2001:db8:1001:1::1", "core-sin"), ("10.128.1.1", "london"),
            ("10.2.0.3", "home"), ("10.2.0.2", "edge-lhr"), ("2001:db8:1002::3", "home"), ("10.1.0.5", "edge-lhr"),
        ] { #expect(try names[#require(IPAddress(text))] == name) }
        #expect(names.count == 2 + 2 * 5 + 4 * topology.links.count + 2)
    }
}

@Suite struct StoredLabTests {
    @Test("A lab comes back as it was stored, and is known to be the same", arguments: LinkBackend.allCases)
    func roundTrip(_ backend: LinkBackend) throws {
        let stored = try StoredLab(smallLab(), backend)
        let again = try StoredLab(parsing: stored.json.description.utf8)
        #expect(again.lab == smallLab() && again.backend == backend && again.json == stored.json)
        #expect(again.json.description == stored.json.description)
    }

    @Test("Another lab, or the same on other links, is not the same") func difference() throws {
        var lab = smallLab()
        let stored = try StoredLab(lab, .wire)
        #expect(try StoredLab(lab, .netem).json != stored.json)
        lab.clients[0].city.latitude += 0.000_001
        #expect(try StoredLab(lab, .wire).json != stored.json)
    }

    @Test(
        "What is no stored lab is an error",
        arguments: ["", "{}", "[]", #"{"links":"wire"}"#, #"{"links":"tin cans","lab":{}}"#])
    func malformed(_ text: String) { #expect(throws: (any Error).self) { try StoredLab(parsing: text.utf8) } }

    @Test("A lab that was cut short by a full disk is an error") func truncated() throws {
        let bytes = Array(try StoredLab(smallLab(), .wire).json.description.utf8)
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: (any Error).self) { try StoredLab(parsing: bytes.prefix(count)) }
        }
    }
}

@Suite struct JournalTests {
    private let entries: [Journal.Entry] = [
        .namespace(path: "/run/netns/small.core-fra"),
        .link(path: "/etc/netns/small.core-fra", target: "/run/lab/small/etc"),
        .namespace(path: "/run/netns/small.home"),
    ]

    @Test("What was written down is read, in order, over several writes") func roundTrip() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/journal"
        let journal = try Journal(creating: path)
        #expect(Journal.read(path) == [])
        try journal.record(Array(entries[..<1]))
        try journal.record([])
        try journal.record(Array(entries[1...]))
        #expect(Journal.read(path) == entries)
        #expect(throws: SystemError.self) { _ = try Journal(creating: path) }
    }

    @Test("Of a journal that was cut anywhere, the whole lines count") func truncated() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/journal"
        try Journal(creating: path).record(entries)
        let bytes = try Files.read(path)
        for count in bytes.indices {
            try Files.write(path, bytes[..<count])
            let whole = bytes[..<count].count { $0 == UInt8(ascii: "\n") }
            #expect(Journal.read(path) == Array(entries[..<whole]), "cut after \(count)")
        }
    }

    @Test("Lines of another sort name nothing") func malformed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/journal"
        #expect(Journal.read(path) == [])
        try Files.write(
            path, "\nnamespace\nnamespace /a /b\nlink /a\nlink /a b c\nfile /etc/passwd\n\u{0}\n namespace /x\n".utf8)
        #expect(Journal.read(path) == [.namespace(path: "/x")])
        var random = SeededGenerator(12)
        for _ in 0..<200 {
            try Files.write(path, random.bytes(200))
            _ = Journal.read(path)
        }
    }
}
