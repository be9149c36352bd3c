import Foundation
import Testing

/// Zonemaster, which registries test delegations with, looks at a zone of a lab from a client: the root, a top level and the zone itself,
/// each delegated with glue, all of them anycast and answered by our own responders.
@Suite(.serialized)
struct ZonemasterTests {
    private struct Finding: Decodable {
        let level: String
        let tag: String
    }

    /// What no lab can avoid.
    private static let unavoidable = [
        // RFC 5737 and RFC 3849: name servers at documentation addresses, which is what labs are made of.
        "NAMESERVER_IP_PRIVATE_NETWORK"
    ]

    /// A test of each module that must have come to a good end.
    private static let wanted: Set = [
        "HAS_PARENT", "HAS_NAMESERVERS", "ONE_SOA_SERIAL", "ONE_NS_SET", "ADDRESSES_MATCH", "ENOUGH_IPV4_NS_DEL",
        "ENOUGH_IPV6_NS_CHILD", "REFERRAL_SIZE_OK", "ARE_AUTHORITATIVE", "NAMES_MATCH", "NO_RECURSOR", "EDNS0_SUPPORT",
        "AXFR_FAILURE", "SAME_SOURCE_IP", "NO_UPWARD_REFERRAL", "QNAME_CASE_SENSITIVE", "CASE_QUERIES_RESULTS_OK",
        "MX_SYNTAX_OK", "EXPIRE_MINIMUM_VALUE_OK", "ONE_SOA",
    ]

    @Test func nothingIsFoundThatASoundDelegationWouldNotHave() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            let hints = (lab.file as NSString).deletingLastPathComponent + "/hints"
            try Self.hints.write(toFile: hints, atomically: true, encoding: .utf8)
            let outcome = try lab.inside(
                "berlin", "zonemaster-cli", "hello.test", "--hints", hints, "--level", "INFO", "--json", "--raw",
                "--no-progress")
            let found = try JSONDecoder().decode([Finding].self, from: Data(outcome.output.utf8))
            let faults = found.filter {
                !["INFO", "NOTICE"].contains($0.level) && !Self.unavoidable.contains($0.tag)
            }
            #expect(faults.isEmpty, "\(faults)\n\(outcome)")
            #expect(Self.wanted.subtracting(found.map(\.tag)).isEmpty, "\(outcome)")
        }
    }

    private static let hints = """
        . 3600000 NS a.nic.test.
        a.nic.test. 3600000 A 192.0.2.1
        a.nic.test. 3600000 AAAA 2001:db8:53::1

        """

    /// The root has the names of the addresses too, so that each of them has one.
    private static let yaml = """
        lab: x
        networks:
          west: { cities: [JFK], peers: [east] }
          east: { cities: [FRA] }
        services:
          root:
            addresses: [192.0.2.1, "2001:db8:53::1"]
            zone:
              origin: .
              records:
                - "@ 86400 SOA a.nic.test. hostmaster.nic.test. 1 1800 900 604800 86400"
                - "@ 86400 NS a.nic.test."
                - "test. 86400 NS ns.nic.test."
                - "a.nic.test. 86400 A 192.0.2.1"
                - "a.nic.test. 86400 AAAA 2001:db8:53::1"
                - "ns.nic.test. 86400 A 198.51.100.1"
                - "ns.nic.test. 86400 AAAA 2001:db8:54::1"
                - "1.113.0.203.in-addr.arpa. 86400 PTR ns1.hello.test."
                - "130.113.0.203.in-addr.arpa. 86400 PTR ns2.hello.test."
                - "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5.5.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 86400 PTR ns1.hello.test."
                - "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.5.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 86400 PTR ns2.hello.test."
          top:
            addresses: [198.51.100.1, "2001:db8:54::1"]
            zone:
              origin: test
              records:
                - "@ 86400 SOA ns.nic hostmaster.nic 1 14400 3600 1209600 3600"
                - "@ 86400 NS ns.nic"
                - "a.nic 86400 A 192.0.2.1"
                - "a.nic 86400 AAAA 2001:db8:53::1"
                - "ns.nic 86400 A 198.51.100.1"
                - "ns.nic 86400 AAAA 2001:db8:54::1"
                - "hello 86400 NS ns1.hello"
                - "hello 86400 NS ns2.hello"
                - "ns1.hello 86400 A 203.0.113.1"
                - "ns1.hello 86400 AAAA 2001:db8:55::1"
                - "ns2.hello 86400 A 203.0.113.130"
                - "ns2.hello 86400 AAAA 2001:db8:56::1"
          first:
            addresses: [203.0.113.1, "2001:db8:55::1"]
            prefixes: [203.0.113.0/25, "2001:db8:55::/48"]
            zone: &hello
              origin: hello.test
              records:
                - "@ 86400 SOA ns1 hostmaster 2026010101 14400 3600 1209600 3600"
                - "@ 86400 NS ns1"
                - "@ 86400 NS ns2"
                - "@ 86400 MX 10 mail"
                - "@ 86400 A 198.51.100.80"
                - "ns1 86400 A 203.0.113.1"
                - "ns1 86400 AAAA 2001:db8:55::1"
                - "ns2 86400 A 203.0.113.130"
                - "ns2 86400 AAAA 2001:db8:56::1"
                - "mail 86400 A 198.51.100.25"
                - "www 86400 CNAME @"
          second:
            addresses: [203.0.113.130, "2001:db8:56::1"]
            prefixes: [203.0.113.128/25, "2001:db8:56::/48"]
            zone: *hello
        sites:
          root-newyork: { service: root, city: JFK, providers: [west] }
          root-frankfurt: { service: root, city: FRA, providers: [east] }
          top-newyork: { service: top, city: JFK, providers: [west] }
          top-frankfurt: { service: top, city: FRA, providers: [east] }
          first-newyork: { service: first, city: JFK, providers: [west] }
          first-frankfurt: { service: first, city: FRA, providers: [east] }
          second-newyork: { service: second, city: JFK, providers: [west] }
          second-frankfurt: { service: second, city: FRA, providers: [east] }
        clients:
          berlin: { city: BER, provider: east }
        """
}
