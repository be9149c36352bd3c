"""BIRD 2."""

import re

from peer import COMMUNITY, LARGE, MARKED, MED, PLAIN, Peer, Seen

GRACEFUL = {"helper": "graceful restart aware;", "restarter": "graceful restart on;"}


class Bird(Peer):
    name, title, package, program = "bird", "BIRD 2", "bird2", "bird"
    kernel_protocol = "bird"

    def start(self, is_restart=False):
        setting = self.setting
        options = {
            "password": lambda session: f'password "{session.password}";' if session.password else "",
            "ttl": lambda session: "ttl security on;" if session.is_ttl_secure else "",
            "role": lambda session: f"local role {session.role};" if session.role else "",
            "graceful": lambda session: GRACEFUL.get(session.graceful, ""),
        }
        protocols = ""
        for session in setting.sessions:
            export = "none" if setting.is_silent else "all" if setting.is_transit else "filter ours"
            extra = "add paths on; " if session.has_paths else "extended next hop on; " if session.is_extended else ""
            channels = " ".join(
                f"{family} {{ {extra if family == 'ipv4' else ''}import all; export {export}; }};"
                for family in session.families)
            protocols += (
                f"protocol bgp {session.name} {{ local {session.theirs} as {setting.their_asn};"
                f" neighbor {session.ours} as {session.asn or setting.our_asn};"
                " connect retry time 1; connect delay time 1; error wait time 1, 2;"
                f" {' '.join(option(session) for option in options.values())} {channels} }}\n"
            )
        recovery = "graceful restart on;" if any(each.graceful == "restarter" for each in setting.sessions) else ""
        file = self.template(
            "bird.conf", recovery=recovery, identifier=setting.identifier, asn=setting.their_asn, protocols=protocols,
            plain4=PLAIN["ipv4"], plain6=PLAIN["ipv6"], marked4=MARKED["ipv4"], marked6=MARKED["ipv6"],
            med=MED, community=COMMUNITY.replace(":", ","), large=LARGE.replace(":", ","))
        words = ["-R"] if is_restart else []
        self.spawn("bird", "-f", *words, "-c", file, "-s", f"{self.folder}/socket", "-P", f"{self.folder}/pid")

    def command(self, *words):
        return self.node.run("birdc", "-s", f"{self.folder}/socket", *words)

    def is_established(self, session):
        return "Established" in self.command("show", "protocols", session.name)

    def routes(self, session, family):
        text = self.command("show", "route", "table", "master4" if family == "ipv4" else "master6",
                            "protocol", session.name, "all")
        found, prefix = {}, None
        for line in text.splitlines():
            if match := re.match(r"([0-9a-f:.]+/\d+)\s", line):
                prefix = match[1]
                found[prefix] = Seen([])
            elif match := re.match(r"\tBGP\.as_path: (.*)", line):
                found[prefix].as_path = [int(number) for number in match[1].split()]
            elif match := re.match(r"\tBGP\.med: (\d+)", line):
                found[prefix].med = int(match[1])
            elif match := re.match(r"\tBGP\.(?:large_)?community: (.*)", line):
                numbers = re.findall(r"\(([^)]*)\)", match[1])
                found[prefix].communities += [re.sub(r", ?", ":", each) for each in numbers]
        return found

    def as_paths(self, session, prefix):
        text = self.command("show", "route", prefix, "table", "master4", "protocol", session.name, "all")
        return [[int(number) for number in path.split()] for path in re.findall(r"BGP\.as_path: (.*)", text)]

    def announce(self):
        self.command("enable", '"static*"')

    def withdraw(self):
        self.command("disable", '"static*"')

    def reset(self, session):
        self.command("restart", session.name)

    def refresh(self, session):
        self.command("reload", "in", session.name)
