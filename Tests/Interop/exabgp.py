"""ExaBGP, with `exabgp-process` as the program that hears of routes and announces them."""

import json
import os

from peer import COMMUNITY, LARGE, MARKED, MED, PLAIN, THEIR_IPV6, Peer, Seen


class ExaBGP(Peer):
    name, title, package, program = "exabgp", "ExaBGP", "exabgp", "exabgp"
    lacks = {
        "our_graceful": "ExaBGP has no table whose routes it could keep",
        "our_kernel": "ExaBGP 4.2 sets the Restart State bit in every OPEN, and RFC 4724, section 4.1, waits for nobody who does",
        "roles": "ExaBGP 4.2 has no RFC 9234",
    }

    def start(self, is_restart=False):
        setting, neighbours = self.setting, ""
        for session in setting.sessions:
            families = "".join(f"    {family} unicast;\n" for family in session.families)
            extra = ""
            if session.password:
                extra += f"  md5-password '{session.password}';\n"
            if session.is_ttl_secure:
                extra += "  outgoing-ttl 255;\n  incoming-ttl 255;\n"
            capabilities = "    add-path send/receive;\n" if session.has_paths else ""
            if session.graceful:
                # What it announces stands in its file, too: it would say End-of-RIB before it has heard of it.
                capabilities += "    graceful-restart 120;\n"
                extra += "  static {\n" + "".join(f"    {route};\n" for route in self.static(session)) + "  }\n"
            if session.is_extended:
                capabilities += "    nexthop enable;\n"
                extra += "  nexthop {\n    ipv4 unicast ipv6;\n  }\n"
            neighbours += (
                f"neighbor {session.ours} {{\n  router-id {setting.identifier};\n  local-address {session.theirs};\n"
                f"  local-as {setting.their_asn};\n  peer-as {session.asn or setting.our_asn};\n{extra}"
                f"  capability {{\n    route-refresh enable;\n    asn4 enable;\n{capabilities}  }}\n"
                f"  family {{\n{families}  }}\n"
                "  api {\n    processes [ driver ];\n    neighbor-changes;\n"
                "    receive {\n      parsed;\n      update;\n    }\n  }\n}\n"
            )
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exabgp-process")
        self.messages, self.commands = f"{self.folder}/messages", f"{self.folder}/commands"
        for path in (self.messages, self.commands):
            if os.path.exists(path):
                os.remove(path)
        open(self.messages, "w").close()
        os.mkfifo(self.commands)
        file = self.template("exabgp.conf", neighbours=neighbours,
                             program=f"{program} {self.messages} {self.commands}")
        environment = {
            "exabgp.daemon.user": "root", "exabgp.daemon.drop": "false", "exabgp.api.cli": "false",
            "exabgp.api.ack": "false", "exabgp.log.destination": "stdout", "exabgp.log.level": "INFO",
        }
        self.spawn("exabgp", file, env={**os.environ, **environment})
        self.announce()

    def command(self, *lines):
        with open(self.commands, "w") as file:
            file.write("".join(line + "\n" for line in lines))

    def heard(self, session):
        """The messages of a session since it was last connected, and whether it is up."""
        found, is_up = [], False
        with open(self.messages) as file:
            for line in file:
                if not line.endswith("\n"):
                    break
                # The text of a NOTIFICATION is written as it came, control characters too.
                message = json.loads(line, strict=False)
                if message.get("neighbor", {}).get("address", {}).get("peer") != session.ours:
                    continue
                if message["type"] == "state":
                    found, is_up = [], message["neighbor"]["state"] == "up"
                elif message["type"] == "update":
                    found.append(message["neighbor"]["message"].get("update", {}))
        return found, is_up

    def is_established(self, session):
        return self.heard(session)[1]

    def routes(self, session, family):
        found = {}
        for update in self.heard(session)[0]:
            for route in update.get("withdraw", {}).get(f"{family} unicast", []):
                found.pop(route["nlri"], None)
            attributes = update.get("attribute", {})
            for routes in update.get("announce", {}).get(f"{family} unicast", {}).values():
                for route in routes:
                    words = attributes.get("community", []) + attributes.get("large-community", [])
                    seen = Seen(attributes.get("as-path", []), attributes.get("med"))
                    seen.communities = [":".join(str(number) for number in each) for each in words]
                    found[route["nlri"]] = seen
        return found

    def as_paths(self, session, prefix):
        found = {}
        for update in self.heard(session)[0]:
            for route in update.get("withdraw", {}).get("ipv4 unicast", []):
                if route["nlri"] == prefix:
                    found.pop(route.get("path-information"), None)
            for routes in update.get("announce", {}).get("ipv4 unicast", {}).values():
                for route in routes:
                    if route["nlri"] == prefix:
                        found[route.get("path-information")] = update["attribute"].get("as-path", [])
        return list(found.values())

    def feed(self, lab, number, is_announced):
        super().feed(lab, number, is_announced)
        self.say_path(lab.session, number, "announce" if is_announced else "withdraw")

    def say_path(self, session, number, verb):
        """It passes nothing on that it hears, so it says what the feeders say."""
        self.command(
            f"neighbor {session.ours} {verb} route 203.0.113.0/25 next-hop {session.theirs}"
            f" path-information 0.0.0.{number} as-path [ {self.setting.their_asn} 6501{number} ]")

    def static(self, session):
        """The routes that it announces over a session, as it writes them."""
        asn = self.setting.their_asn
        for family in session.families:
            # ExaBGP sends a given path as it is; its own number is for whoever writes it.
            hop = THEIR_IPV6 if family == "ipv6" or session.is_extended else session.theirs
            marks = f"as-path [ {asn} {asn} {asn} ] med {MED} community [ {COMMUNITY} ] large-community [ {LARGE} ]"
            yield f"route {PLAIN[family]} next-hop {hop} as-path [ {asn} ]"
            yield f"route {MARKED[family]} next-hop {hop} {marks}"

    def change(self, verb):
        for session in self.setting.sessions:
            if session.has_paths:
                for number in (1, 2):
                    self.say_path(session, number, verb)
                continue
            self.command(*[f"neighbor {session.ours} {verb} {route}" for route in self.static(session)])

    def announce(self):
        self.change("announce")

    def withdraw(self):
        self.change("withdraw")

    def reset(self, session):
        self.command(f"neighbor {session.ours} teardown 4")

    def refresh(self, session):
        self.command(f"neighbor {session.ours} announce route-refresh {session.families[0]} unicast")
