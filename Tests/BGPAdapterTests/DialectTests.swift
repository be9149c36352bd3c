import JSON
import Net
import Testing

@testable import BGPAdapter

/// What the daemons answer, as their Debian packages write it, and what is read from it.
struct DialectTests {
    private func configuration(_ daemon: String) throws -> AdapterConfiguration {
        try AdapterConfiguration([
            "daemon": .string(daemon), "asn": 65010, "router_id": "10.1.0.1", "address6": "2001:db8:1001::1",
            "originate": ["10.1.0.0/16", "2001:db8:1001::/48"], "quiet_ms": 500,
            "sessions": [["peer": "10.1.0.5", "name": "x"]],
        ])
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
    private func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }

    @Test func birdSessions() throws {
        let text = """
            BIRD 2.0.12 ready.
            Access restricted
            Name       Proto      Table      State  Since         Info
            device1    Device     ---        up     13:26:05.900  \n
            own4       Static     master4    up     13:26:05.900  \n
            session0   BGP        ---        up     13:26:05.950  Established   \n
              Description:    x
              BGP state:          Established
                Neighbor address: 10.1.0.5
                Neighbor AS:      64500
                Local AS:         65010
              Channel ipv4
                State:          UP
                Routes:         2 imported, 4 exported, 2 preferred
                Route change stats:     received   rejected   filtered    ignored   accepted
                  Import updates:              2          0          0          0          2
                  Import withdraws:            1          0        ---          0          1
                  Export updates:              8          4          0        ---          4
                  Export withdraws:            3        ---        ---        ---          2

            session1   BGP        ---        start  13:26:05.950  Passive       \n
              BGP state:          Passive
                Neighbor address: fe80::1%eth0
                Neighbor AS:      65020

            """
        let sessions = try BIRDDialect().sessions([text])
        #expect(
            sessions == [
                SessionState(peer: try address("10.1.0.5"), state: "Established", received: 3, sent: 6),
                SessionState(peer: try address("fe80::1"), state: "Active", received: 0, sent: 0),
            ])
        #expect(try BIRDDialect().sessions(["BIRD 2.0.12 ready.\n"]).isEmpty)
    }

    @Test func birdRoutes() throws {
        let text = """
            BIRD 2.0.12 ready.
            Table master4:
            10.1.0.4/31          unicast [links4 13:26:05.900] * (200)
            \tdev x
            \tType: static univ
            192.0.2.0/24         unicast [session0 13:26:05.960] * (100/0) [AS64500i]
            \tvia 10.1.0.5 on x
            \tType: BGP univ
            \tBGP.origin: IGP
            \tBGP.as_path: 65020 64500
            \tBGP.next_hop: 10.1.0.5
            \tBGP.med: 7
            \tBGP.local_pref: 300
                                 unicast [session2 13:26:06.960] (100/3657) [AS64500i]
            \tvia 10.1.0.3 on a-ams
            \tBGP.as_path: 64500
            \tBGP.next_hop: 10.1.1.1
            \tBGP.local_pref: 200

            """
        let routes = try BIRDDialect().routes([text])
        #expect(routes.count == 2)
        #expect(
            routes[0]
                == KnownRoute(
                    prefix: try prefix("192.0.2.0/24"), isBest: true, asPath: [65020, 64500],
                    nextHop: try address("10.1.0.5"), localPreference: 300, multiExitDiscriminator: 7))
        #expect(routes[1].prefix == routes[0].prefix && !routes[1].isBest)
        #expect(routes[1].nextHop == (try address("10.1.1.1")))
    }

    @Test func frr() throws {
        let dialect = FRRDialect(try configuration("frr"))
        let neighbours = """
            {"10.1.0.5":{"remoteAs":64500,"bgpState":"Established","messageStats":{"updatesSent":15,"updatesRecv":3}},
             "2001:db8:1001::5":{"bgpState":"Active"},"vrfId":0}
            """
        #expect(
            try dialect.sessions([neighbours]) == [
                SessionState(peer: try address("10.1.0.5"), state: "Established", received: 3, sent: 15),
                SessionState(peer: try address("2001:db8:1001::5"), state: "Active", received: 0, sent: 0),
            ])
        let table = """
            {"vrfId":0,"routes":{"10.128.2.0/24":[{"valid":true,"bestpath":true,"metric":0,"locPrf":200,"peerId":"10.1.1.1",
            "path":"4200000002 64500","nexthops":[{"ip":"10.1.1.1","afi":"ipv4","used":true}]},
            {"valid":true,"peerId":"10.1.0.5","path":"64500","nexthops":[{"ip":"fe80::1","scope":"link-local"},
            {"ip":"10.1.0.5","scope":"global"}]}]}}
            """
        let routes = try dialect.routes([table, #"{"routes":{}}"#])
        #expect(
            routes == [
                KnownRoute(
                    prefix: try prefix("10.128.2.0/24"), isBest: true, asPath: [4_200_000_002, 64500],
                    nextHop: try address("10.1.1.1"), peer: try address("10.1.1.1"), localPreference: 200,
                    multiExitDiscriminator: 0),
                KnownRoute(
                    prefix: try prefix("10.128.2.0/24"), isBest: false, asPath: [64500],
                    nextHop: try address("10.1.0.5"), peer: try address("10.1.0.5")),
            ])
        #expect(dialect.originate(false)[0].contains("no network 10.1.0.0/16 route-map own"))
    }

    @Test func openBGPD() throws {
        let dialect = OpenBGPDDialect(try configuration("openbgpd"))
        let neighbours = """
            {"neighbors":[{"remote_addr":"10.1.0.5","state":"Established","stats":{"message":{"sent":{"updates":4},
            "received":{"updates":2}}}},{"remote_addr":"2001:db8:1001::5","state":"Idle"}]}
            """
        #expect(
            try dialect.sessions([neighbours]) == [
                SessionState(peer: try address("10.1.0.5"), state: "Established", received: 2, sent: 4),
                SessionState(peer: try address("2001:db8:1001::5"), state: "Idle", received: 0, sent: 0),
            ])
        let table = """
            {"rib":[{"prefix":"10.1.0.0/16","aspath":"","exit_nexthop":"0.0.0.0","neighbor":{"description":"LOCAL",
            "remote_addr":"???"},"best":true,"metric":0,"localpref":400},
            {"prefix":"192.0.2.0/24","aspath":"65020 64500","exit_nexthop":"10.1.0.5","true_nexthop":"10.1.0.4",
            "neighbor":{"remote_addr":"10.1.0.5"},"best":true,"metric":7,"localpref":300}]}
            """
        let routes = try dialect.routes([table])
        #expect(routes.map(\.isBest) == [true, true])
        #expect(
            routes[1]
                == KnownRoute(
                    prefix: try prefix("192.0.2.0/24"), isBest: true, asPath: [65020, 64500],
                    nextHop: try address("10.1.0.5"), peer: try address("10.1.0.5"), localPreference: 300,
                    multiExitDiscriminator: 7))
    }

    @Test func goBGP() throws {
        let dialect = GoBGPDialect(try configuration("gobgp"))
        let neighbours = """
            [{"conf":{"neighbor_address":"10.1.0.5"},"state":{"messages":{"received":{"update":2,"total":6},
            "sent":{"update":3}},"neighbor_address":"10.1.0.5","session_state":6}},
            {"state":{"neighbor_address":"2001:db8:1001::5","session_state":3}},
            {"state":{"neighbor_address":"10.1.0.7","session_state":99}}]
            """
        #expect(
            try dialect.sessions([neighbours]) == [
                SessionState(peer: try address("10.1.0.5"), state: "Established", received: 2, sent: 3),
                SessionState(peer: try address("2001:db8:1001::5"), state: "Active", received: 0, sent: 0),
                SessionState(peer: try address("10.1.0.7"), state: "Idle", received: 0, sent: 0),
            ])
        let table = """
            {"192.0.2.0/24":[{"nlri":{"prefix":"192.0.2.0/24"},"best":true,"attrs":[{"type":1,"value":0},
            {"type":2,"as_paths":[{"segment_type":2,"num":2,"asns":[4200000002,64500]}]},{"type":3,"nexthop":"10.1.0.5"},
            {"type":4,"metric":7},{"type":5,"value":300}],"source-id":"10.128.1.1","neighbor-ip":"10.1.0.5"}]}
            """
        #expect(
            try dialect.routes([table, "{}"]) == [
                KnownRoute(
                    prefix: try prefix("192.0.2.0/24"), isBest: true, asPath: [4_200_000_002, 64500],
                    nextHop: try address("10.1.0.5"), peer: try address("10.1.0.5"), localPreference: 300,
                    multiExitDiscriminator: 7)
            ])
    }

    /// A daemon that writes something else is an error, and none of ours.
    @Test(arguments: ["", "x", "{", "[]", "null", "{\"routes\":7,\"rib\":{},\"neighbors\":3}", "\u{0}\t:\n[", "[[[["])
    func otherTextIsNoCrash(text: String) throws {
        let dialects: [any Dialect] = [
            BIRDDialect(), FRRDialect(try configuration("frr")), GoBGPDialect(try configuration("gobgp")),
            OpenBGPDDialect(try configuration("openbgpd")),
        ]
        for dialect in dialects {
            #expect((try? dialect.sessions([text]))?.isEmpty ?? true)
            #expect((try? dialect.routes([text]))?.isEmpty ?? true)
        }
    }

    @Test func aConfigurationThatIsNotWholeIsRefused() {
        #expect(throws: AdapterError.self) { try AdapterConfiguration([:]) }
        #expect(throws: AdapterError("quiet_ms: a number up to 86400000 expected")) {
            try AdapterConfiguration([
                "daemon": "bird", "asn": 1, "router_id": "10.0.0.1", "address6": "::1", "quiet_ms": -1,
            ])
        }
    }
}
