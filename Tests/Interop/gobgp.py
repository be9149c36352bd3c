"""GoBGP."""

import json

from node import eventually
from peer import COMMUNITY, LARGE, MARKED, MED, PLAIN, THEIR_IPV6, Peer, Seen


class GoBGP(Peer):
    name, title, package, program = "gobgp", "GoBGP", "gobgpd", "gobgpd"
    # It closes every connection for 30 s after a reset, whatever idle-hold-time-after-reset says.
    patience = 45
    announces_late = True
    lacks = {
        "refresh": "softresetin is answered from the Adj-RIB-In that it keeps; ROUTE-REFRESH (RFC 2918) is never sent",
        "roles": "GoBGP 3.10 has no RFC 9234",
    }

    def start(self, is_restart=False):
        setting, neighbours = self.setting, ""
        for session in setting.sessions:
            neighbours += (
                "[[neighbors]]\n  [neighbors.config]\n"
                f'    neighbor-address = "{session.ours}"\n    peer-as = {session.asn or setting.our_asn}\n'
                + (f'    auth-password = "{session.password}"\n' if session.password else "")
                + f'  [neighbors.transport.config]\n    local-address = "{session.theirs}"\n'
                "  [neighbors.timers.config]\n    connect-retry = 1\n    idle-hold-time-after-reset = 1\n"
            )
            if session.is_ttl_secure:
                neighbours += "  [neighbors.ttl-security.config]\n    enabled = true\n    ttl-min = 255\n"
            if session.graceful:
                neighbours += "  [neighbors.graceful-restart.config]\n    enabled = true\n    restart-time = 120\n"
                neighbours += f"    helper-only = {'true' if session.graceful == 'helper' else 'false'}\n"
            for family in session.families:
                neighbours += "  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n"
                neighbours += f'      afi-safi-name = "{family}-unicast"\n'
                if session.has_paths:
                    neighbours += "    [neighbors.afi-safis.add-paths.config]\n      receive = true\n      send-max = 8\n"
                if session.graceful:
                    neighbours += "    [neighbors.afi-safis.mp-graceful-restart.config]\n      enabled = true\n"
        file = self.template(
            "gobgpd.toml", identifier=setting.identifier, asn=setting.their_asn, neighbours=neighbours,
            addresses=", ".join(sorted({f'"{each.theirs}"' for each in setting.sessions})))
        words = ["-r"] if is_restart else []
        self.spawn("gobgpd", *words, "-f", file, "--api-hosts", "127.0.0.1:50051", "--pprof-disable")
        eventually(lambda: self.command("global") and True, "gobgpd does not start")
        self.announce()

    def command(self, *words):
        return self.node.run("gobgp", "-u", "127.0.0.1", "-p", "50051", *words)

    def is_established(self, session):
        state = json.loads(self.command("neighbor", session.ours, "-j"))["state"]
        return state.get("session_state") in (6, "ESTABLISHED")

    def routes(self, session, family):
        if not self.is_established(session):
            return {}
        return self.seen(self.command("neighbor", session.ours, "adj-in", "-a", family, "-j"))

    def kept(self, session, family):
        # The Adj-RIB-In of a session that is down is not shown.
        found = self.seen(self.command("global", "rib", "-a", family, "-j"))
        return {prefix: each for prefix, each in found.items() if each.as_path[:1] == [self.setting.our_asn]}

    @staticmethod
    def seen(text):
        found = {}
        for paths in json.loads(text).values():
            for path in paths if isinstance(paths, list) else [paths]:
                attributes = {each["type"]: each for each in path["attrs"]}
                segments = attributes.get(2, {}).get("as_paths", [])
                seen = Seen([number for segment in segments for number in segment["asns"]])
                seen.med = attributes.get(4, {}).get("metric")
                for number in attributes.get(8, {}).get("communities", []):
                    seen.communities.append(f"{number >> 16}:{number & 0xFFFF}")
                found[path["nlri"]["prefix"]] = seen
        return found

    def as_paths(self, session, prefix):
        if not self.is_established(session):
            return []
        tables = json.loads(self.command("neighbor", session.ours, "adj-in", "-a", "ipv4", "-j"))
        paths = [path for each in tables.values() for path in (each if isinstance(each, list) else [each])]
        return [
            [number for attribute in path["attrs"] if attribute["type"] == 2
             for segment in attribute["as_paths"] for number in segment["asns"]]
            for path in paths if path["nlri"]["prefix"] == prefix
        ]

    def change(self, verb):
        asn = self.setting.their_asn
        for family in ("ipv4", "ipv6"):
            # Left to itself it names the IPv4 address, mapped, as the next hop of IPv6 over an IPv4 session.
            hop = ["nexthop", THEIR_IPV6] if family == "ipv6" else []
            self.command("global", "rib", verb, PLAIN[family], *hop, "-a", family)
            self.command("global", "rib", verb, MARKED[family], *hop, "aspath", f"{asn},{asn}", "med", str(MED),
                         "community", COMMUNITY, "large-community", LARGE, "-a", family)

    def announce(self):
        self.change("add")

    def withdraw(self):
        self.change("del")

    def reset(self, session):
        self.command("neighbor", session.ours, "reset")

    def refresh(self, session):
        self.command("neighbor", session.ours, "softresetin")
