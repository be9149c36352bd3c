"""OpenBGPD, the portable one."""

import json
import os
import pwd

from node import eventually
from peer import COMMUNITY, LARGE, MARKED, MED, PLAIN, Peer, Seen


class OpenBGPD(Peer):
    name, title, package, program = "openbgpd", "OpenBGPD", "openbgpd", "/usr/sbin/bgpd"

    lacks = {
        "extended": "OpenBGPD 7.7 has no RFC 8950",
        "their_graceful": "OpenBGPD helps others, but its own restart is not graceful",
    }

    def start(self, is_restart=False):
        setting, neighbours = self.setting, ""
        for session in setting.sessions:
            neighbours += f"neighbor {session.ours} {{\n  remote-as {session.asn or setting.our_asn}\n"
            neighbours += f"  local-address {session.theirs}\n"
            for family, title in (("ipv4", "IPv4"), ("ipv6", "IPv6")):
                neighbours += f"  announce {title} {'unicast' if family in session.families else 'none'}\n"
            if session.graceful:
                # OpenBGPD 7.7 keeps an OPEN that it could not send, and sends it before that of the next connection. Two OPENs
                # are an error (RFC 6608, section 4), and the NOTIFICATION is the end of a graceful restart (RFC 4724, section
                # 4). It happens when it connects to us in the moment of our end; so we are the one who connects.
                neighbours += "  passive\n"
            if session.password:
                neighbours += f"  tcp md5sig password {session.password}\n"
            if session.is_ttl_secure:
                neighbours += "  ttl-security yes\n"
            if session.has_paths:
                neighbours += "  announce add-path recv yes\n  announce add-path send all\n"
            if session.is_route_server:
                neighbours += "  enforce neighbor-as no\n"
            if session.role:
                neighbours += f"  announce policy {session.role}\n"
            neighbours += "}\n"
        file = self.template(
            "bgpd.conf", identifier=setting.identifier, asn=setting.their_asn, neighbours=neighbours,
            socket=f"{self.folder}/socket",
            listen="\n".join(sorted({f"listen on {session.theirs}" for session in setting.sessions})))
        # It refuses a file that others may write.
        os.chmod(file, 0o600)
        # Its children shut themselves in here; the service makes it.
        os.makedirs(pwd.getpwnam("_openbgpd").pw_dir, exist_ok=True)
        self.spawn("/usr/sbin/bgpd", "-d", "-f", file)
        eventually(lambda: self.command("show", "neighbor") and True, "bgpd does not start")
        eventually(self.announces_own_asn, "bgpd does not read its configuration")

    def announces_own_asn(self):
        """Announces; whether it knows its AS number. A moment after the start it prepends AS 0, which RFC 7607 forbids."""
        self.announce()
        routes = json.loads(self.command("-j", "show", "rib", MARKED["ipv4"])).get("rib", [])
        return any(route["aspath"].split() == [str(self.setting.their_asn)] * 2 for route in routes)

    def kill(self):
        # The parent's end ends its two children.
        super().kill()
        if os.path.exists(f"{self.folder}/socket"):
            os.remove(f"{self.folder}/socket")

    def command(self, *words):
        return self.node.run("bgpctl", "-s", f"{self.folder}/socket", *words)

    def is_established(self, session):
        found = json.loads(self.command("-j", "show", "neighbor", session.ours))
        return found["neighbors"][0]["state"] == "Established"

    def routes(self, session, family):
        found = {}
        text = self.command("-j", "show", "rib", "in", "neighbor", session.ours)
        for route in json.loads(text).get("rib", []):
            if (":" in route["prefix"]) != (family == "ipv6"):
                continue
            detail = self.command("-j", "show", "rib", "in", "detail", "neighbor", session.ours, route["prefix"])
            for entry in json.loads(detail).get("rib", []):
                seen = Seen([int(number) for number in entry["aspath"].split()], entry.get("metric"))
                for attribute in entry.get("attributes", []):
                    seen.communities += attribute.get("communities", []) + attribute.get("large_communities", [])
                seen.communities += entry.get("communities", []) + entry.get("large_communities", [])
                found[entry["prefix"]] = seen
        return found

    def as_paths(self, session, prefix):
        text = self.command("-j", "show", "rib", "in", "detail", "neighbor", session.ours, prefix)
        return [[int(number) for number in entry["aspath"].split()] for entry in json.loads(text).get("rib", [])]

    def announce(self):
        for family in ("ipv4", "ipv6"):
            self.command("network", "add", PLAIN[family])
            self.command("network", "add", MARKED[family], "prepend-self", "2", "med", str(MED),
                         "community", COMMUNITY, "large-community", LARGE)

    def withdraw(self):
        for family in ("ipv4", "ipv6"):
            for prefix in (PLAIN[family], MARKED[family]):
                self.command("network", "delete", prefix)

    def reset(self, session):
        self.command("neighbor", session.ours, "clear")

    def refresh(self, session):
        self.command("neighbor", session.ours, "refresh")
