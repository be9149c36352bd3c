import JSON
import Testing

@testable import DNSServer

@Suite struct ConfigurationTests {
    private let valid =
        #"{"node":"london","addresses":["192.0.2.53"],"zones":[{"origin":"hello.test","text":"www A 192.0.2.1"}]}"#

    private func error(_ text: String) -> String? {
        do {
            let configuration = try DNSConfiguration(JSON(parsing: text))
            for zone in configuration.zones { _ = try zone.zone(configuration.addresses) }
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func whatIsMissingHasItsDefault() throws {
        let configuration = try DNSConfiguration(JSON(parsing: valid))
        #expect(configuration.identity == "london")
        #expect(configuration.port == 53)
        #expect(configuration.zones.count == 1)
        #expect(configuration.rateLimits == nil)
        #expect(configuration.capacity == nil)
    }

    /// A version from a primary stays through a reload that changes who is told of it, and not through one that changes the text.
    @Test func aZoneIsTheSameWhereverItComesFrom() throws {
        func zone(_ text: String) throws -> ZoneConfiguration {
            try #require(try DNSConfiguration(JSON(parsing: text)).zones.first)
        }
        let known = try zone(valid)
        for other in [#""primaries":["10.1.1.1"],"text""#, #""notify":["10.1.1.1"],"text""#] {
            #expect(known.hasSameText(as: try zone(valid.replacing(#""text""#, with: other))))
        }
        for (old, new) in [
            ("192.0.2.1\"", "192.0.2.2\""), ("hello", "other"), (#""text""#, #""includes":{"a":"x"},"text""#),
        ] {
            #expect(!known.hasSameText(as: try zone(valid.replacing(old, with: new))))
        }
    }

    @Test func everyErrorNamesItsKey() {
        let changes: [(String, String, String)] = [
            (#""node":"london","#, #""node":"london","prot":53,"#, "unknown key 'prot'"),
            (#""node":"london","#, "", "'node' is missing"),
            (#""node":"london""#, #""node":1"#, "'node' must be a string"),
            (#""node":"london","#, #""node":"london","node":"x","#, "'node' is there twice"),
            (#""node":"london","#, #""node":"london","identity":"","#, "'identity' must have 1 to 255 octets"),
            (#""node":"london","#, #""node":"london","port":0,"#, "'port' must be a number from 1 to 65535, not 0"),
            (
                #""node":"london","#, #""node":"london","port":"53","#,
                "'port' must be a number from 1 to 65535, not \"53\""
            ),
            (#"["192.0.2.53"]"#, "[]", "'addresses' is empty"),
            (#"["192.0.2.53"]"#, #"["192.0.2"]"#, "'addresses' has \"192.0.2\", which is no address"),
            (#"["192.0.2.53"]"#, #""192.0.2.53""#, "'addresses' must be an array"),
            (#""origin":"hello.test""#, #""origin":"a..b""#, "'origin' is 'a..b': the name has an empty label"),
            (#""origin":"hello.test","#, "", "'origin' is missing"),
            (#""text""#, #""txt""#, "unknown key 'txt'"),
            ("192.0.2.1\"", "x\"", "zone hello.test:1:7: 'x' is no IPv4 address"),
            (#"}]}"#, #"},{"origin":"HELLO.test","text":""}]}"#, "'zones' has HELLO.test. twice"),
            (#""zones""#, #""cookie_secret":"e5e9","zones""#, "'cookie_secret' must be 32 hexadecimal digits"),
            (#""zones""#, #""unicast":["x"],"zones""#, "'unicast' has \"x\", which is no address"),
            (#""text""#, #""primaries":"10.1.1.1","text""#, "'primaries' must be an array"),
            (#""text""#, #""includes":[],"text""#, "'includes' must be an object"),
            (#""text""#, #""includes":{"a":1},"text""#, "'a' in 'includes' must be a string"),
            (#""zones""#, #""rate_limit":{},"zones""#, "'responses' is missing"),
            (#""zones""#, #""capacity":0,"zones""#, "'capacity' must be a number from 1 to 10000000, not 0"),
            (
                #""zones""#, #""capacity":"1kqps","zones""#,
                "'capacity' must be a number from 1 to 10000000, not \"1kqps\""
            ),
            (#""zones""#, #""rate_limit":5,"zones""#, "'rate_limit' must be an object"),
            (
                #""zones""#, #""rate_limit":{"responses":0},"zones""#,
                "'responses' must be a number from 1 to 1000000, not 0"
            ),
            (
                #""zones""#, #""rate_limit":{"responses":1,"slip":11},"zones""#,
                "'slip' must be a number from 0 to 10, not 11"
            ),
            (valid, "[]", "the configuration must be an object"),
        ]
        #expect(error(valid) == nil)
        #expect(error(valid.replacing(#""text""#, with: #""includes":{"a":"x"},"text""#)) == nil)
        for (old, new, expected) in changes {
            #expect(error(valid.replacing(old, with: new, maxReplacements: 1)) == expected)
        }
    }
}
