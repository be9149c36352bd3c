import BGPTable
import BGPWire
import Foundation
import JSON
import Net
import Testing

@testable import BGPSpeaker

@Suite("Policy in a configuration")
struct PolicyConfigurationTests {
    /// The import rules of the first of two neighbours, one of which is there twice, over IPv4 and over IPv6.
    private func parse(_ rules: String, _ direction: String = "import") throws -> [PolicyRule] {
        let text = """
            {"node":"n","asn":65001,"router_id":"1.1.1.1","neighbors":[
            {"name":"a","address":"10.0.0.1","local_address":"10.0.0.2","asn":65002,"relation":"provider",
             "\(direction)":{"policy":\(rules)}},
            {"name":"a","address":"2001:db8::1","local_address":"2001:db8::2","asn":65002,"relation":"provider"},
            {"name":"b","address":"10.0.1.1","local_address":"10.0.1.2","asn":65003,"relation":"peer"}]}
            """
        let configuration = try SpeakerConfiguration(try JSON(parsing: text))
        func numbers(_ name: String) -> [PeerID] {
            configuration.neighbours.enumerated()
                .filter { $0.element.name == name || $0.element.address.description == name }
                .map { PeerID(rawValue: UInt32($0.offset + 1)) }
        }
        let neighbour = try #require(configuration.neighbours.first)
        return direction == "import"
            ? neighbour.imports.resolved(numbers).policy : neighbour.exports.resolved(numbers).policy
    }

    private func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }
    private func community(_ text: String) throws -> Community { try #require(Community(text)) }

    @Test("Everything that a rule can match is read", arguments: ["import", "export"])
    func conditions(direction: String) throws {
        let rules = try parse(
            """
            [{"match":{"prefixes":["192.0.2.0/24",{"prefix":"10.0.0.0/8","ge":16,"le":24},{"prefix":"10.0.0.0/8","ge":9},
              {"prefix":"2001:db8::/32","le":48}],"family":"ipv6","communities":["65010:1","BLACKHOLE"],
              "large_communities":["65010:1:2"],"as_path":"^65010 .*$","origins":[65020,4200000001],
              "neighbors":["a","10.0.1.1","local"]},"then":"reject"}]
            """, direction)
        let condition = try PolicyCondition(
            prefixes: [
                .exact(prefix("192.0.2.0/24")), PrefixMatch(prefix("10.0.0.0/8"), lengths: 16...24),
                PrefixMatch(prefix("10.0.0.0/8"), lengths: 9...32),
                PrefixMatch(prefix("2001:db8::/32"), lengths: 32...48),
            ], family: .ipv6, communities: [community("65010:1"), .blackhole],
            largeCommunities: [LargeCommunity(65010, 1, 2)], asPath: ASPathExpression("^65010 .*$"),
            origins: [ASN(65020), ASN(4_200_000_001)], neighbours: [1, 2, 3, 0].map { PeerID(rawValue: $0) })
        #expect(rules == [PolicyRule(condition, [], .reject)])
    }

    @Test("Everything that a rule can set is read, in the order in which it takes effect")
    func actions() throws {
        let rules = try parse(
            """
            [{"set":{"local_preference":50,"med":7,"communities":{"add":["65010:1"],"remove":["65010:2","NO_EXPORT"]},
              "large_communities":{"replace":["1:2:3"]},"prepend":3,"next_hop":"10.0.0.9"}},
             {"set":{"med":"none","communities":{"replace":[]},"large_communities":{"remove":["1:2:3"],"add":["4:5:6"]},
              "next_hop":"self"},"then":"accept"}]
            """)
        try #require(rules.count == 2)
        #expect(
            rules[0]
                == PolicyRule(
                    PolicyCondition(),
                    [
                        .setLocalPreference(50), .setMultiExitDiscriminator(7),
                        .removeCommunities([try community("65010:2"), .noExport]),
                        .addCommunities([try community("65010:1")]), .setLargeCommunities([LargeCommunity(1, 2, 3)]),
                        .prepend(3), .setNextHop(try #require(IPAddress("10.0.0.9"))),
                    ], .proceed))
        #expect(
            rules[1]
                == PolicyRule(
                    PolicyCondition(),
                    [
                        .setMultiExitDiscriminator(nil), .setCommunities([]),
                        .removeLargeCommunities([LargeCommunity(1, 2, 3)]),
                        .addLargeCommunities([LargeCommunity(4, 5, 6)]), .setNextHopSelf,
                    ], .accept))
    }

    @Test("A rule for neighbours of which none is there now is left out")
    func absent() throws {
        let configuration = try SpeakerConfiguration(
            try JSON(
                parsing: """
                    {"node":"n","asn":1,"router_id":"1.1.1.1","neighbors":[{"name":"a","address":"10.0.0.1",
                    "local_address":"10.0.0.2","asn":2,"relation":"peer","export":{"policy":[
                    {"match":{"neighbors":["a"]},"then":"reject"},{"then":"accept"}]}}]}
                    """))
        let exports = try #require(configuration.neighbours.first).exports
        #expect(exports.resolved { _ in [] }.policy == [PolicyRule(PolicyCondition(), [], .accept)])
        #expect(exports.resolved { _ in [PeerID(rawValue: 9)] }.policy.count == 2)
    }

    @Test(
        "Each slip is named with its place, what was expected and what there is",
        arguments: [
            ("7", ": a list expected"), ("[7]", "[0]: an object expected"),
            ("[{}]", "[0].then: missing: a string expected"),
            ("[{\"set\":{}}]", "[0].then: missing: a string expected"),
            ("[{\"then\":\"permit\"}]", "[0].then: accept, reject or next expected"),
            ("[{\"if\":{}}]", "[0].if: unknown key; there are match, set, then"),
            (
                "[{\"match\":{\"prefix\":1}}]",
                "[0].match.prefix: unknown key; there are prefixes, family, communities, large_communities, as_path, origins, neighbors"
            ),
            (
                "[{\"match\":{\"prefixes\":[\"10.0.0.1/8\"]}}]",
                "[0].match.prefixes[0]: a prefix expected, like 192.0.2.0/24"
            ),
            (
                "[{\"match\":{\"prefixes\":[{\"prefix\":\"10.0.0.0/8\",\"ge\":7}]}}]",
                "[0].match.prefixes[0].ge: a number of 8 to 32 expected"
            ),
            (
                "[{\"match\":{\"prefixes\":[{\"prefix\":\"10.0.0.0/8\",\"le\":33}]}}]",
                "[0].match.prefixes[0].le: a number of 8 to 32 expected"
            ),
            (
                "[{\"match\":{\"prefixes\":[{\"prefix\":\"10.0.0.0/8\",\"ge\":24,\"le\":16}]}}]",
                "[0].match.prefixes[0].le: at least ge (24) expected"
            ),
            ("[{\"match\":{\"family\":\"ipx\"}}]", "[0].match.family: ipv4 or ipv6 expected"),
            (
                "[{\"match\":{\"large_communities\":[\"1:2\"]}}]",
                "[0].match.large_communities[0]: a large community, like 65010:1:2, expected"
            ),
            ("[{\"match\":{\"origins\":[-1]}}]", "[0].match.origins[0]: an AS number expected, like 65010"),
            (
                "[{\"match\":{\"as_path\":\"^(65010\"}}]",
                "[0].match.as_path: a parenthesis or bracket is not closed that begins at character 2"
            ),
            ("[{\"match\":{\"as_path\":\"* 1\"}}]", "[0].match.as_path: nothing to repeat at character 1"),
            (
                "[{\"match\":{\"neighbors\":[\"b\",\"c\"]},\"then\":\"accept\"}]",
                "[0].match.neighbors[1]: no neighbor 'c'; there are a, b, local"
            ),
            ("[{\"set\":{\"prepend\":0}}]", "[0].set.prepend: a number of 1 to 255 expected"),
            ("[{\"set\":{\"next_hop\":\"me\"}}]", "[0].set.next_hop: an address or self expected"),
            ("[{\"set\":{\"med\":\"x\"}}]", "[0].set.med: a number of 0 to 4294967295 expected"),
            (
                "[{\"set\":{\"communities\":{\"replace\":[],\"add\":[]}}}]",
                "[0].set.communities.replace: replaces all; take add and remove away, or this"
            ),
        ])
    func slips(rules: String, message: String) {
        #expect(throws: ConfigurationError(description: "neighbors[0].import.policy\(message)")) { try parse(rules) }
    }

    @Test("Only a session with another AS can be shut down gracefully")
    func internalShutdown() throws {
        let text = """
            {"node":"n","asn":1,"router_id":"1.1.1.1","neighbors":[{"name":"a","address":"10.0.0.1",
            "local_address":"10.0.0.2","asn":1,"relation":"internal","graceful_shutdown":true}]}
            """
        #expect(
            throws: ConfigurationError(
                description:
                    "neighbors[0].graceful_shutdown: for sessions with other ASes only (RFC 8326); take it away")
        ) { try SpeakerConfiguration(try JSON(parsing: text)) }
    }
}
