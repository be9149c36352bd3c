"""FRR: zebra for the kernel's routes, and bgpd."""

import json
import os
import shutil

from node import eventually
from peer import COMMUNITY, LARGE, MARKED, MED, PLAIN, Peer, Seen


class FRR(Peer):
    name, title, package, program = "frr", "FRR", "frr", "/usr/lib/frr/bgpd"
    kernel_protocol = "bgp"

    def start(self, is_restart=False):
        setting, neighbours, blocks = self.setting, "", ""
        for session in setting.sessions:
            neighbours += f" neighbor {session.ours} remote-as {session.asn or setting.our_asn}\n"
            neighbours += f" neighbor {session.ours} timers connect 1\n"
            neighbours += f" neighbor {session.ours} advertisement-interval 0\n"
            if session.password:
                neighbours += f" neighbor {session.ours} password {session.password}\n"
            if session.is_ttl_secure:
                neighbours += f" neighbor {session.ours} ttl-security hops 1\n"
            if session.is_extended:
                neighbours += f" neighbor {session.ours} capability extended-nexthop\n"
            if session.role:
                neighbours += f" neighbor {session.ours} local-role {session.role}\n"
        if any(each.graceful == "restarter" for each in setting.sessions):
            neighbours += " bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n"
        for family in ("ipv4", "ipv6"):
            active = [f"  neighbor {each.ours} activate\n" for each in setting.sessions if family in each.families]
            active += [f"  neighbor {each.ours} addpath-tx-all-paths\n" for each in setting.sessions
                       if family in each.families and each.has_paths]
            blocks += f" address-family {family} unicast\n  {self.networks(family, '')}\n{''.join(active)}"
            blocks += " exit-address-family\n"
        file = self.template(
            "frr.conf", identifier=setting.identifier, asn=setting.their_asn, neighbours=neighbours, families=blocks,
            med=MED, community=COMMUNITY, large=LARGE)
        empty = self.template("zebra.conf")
        # They run as the user frr, who may not write elsewhere.
        shutil.chown(self.folder, "frr", "frr")
        common = ["--vty_socket", self.folder, "-z", f"{self.folder}/zserv"]
        keep = ["-K", "60"] if is_restart else []
        self.spawn("/usr/lib/frr/zebra", *common, *keep, "-f", empty, "-i", f"{self.folder}/zebra.pid")
        eventually(lambda: os.path.exists(f"{self.folder}/zserv"), "zebra does not start")
        self.spawn("/usr/lib/frr/bgpd", *common, "-f", file, "-i", f"{self.folder}/bgpd.pid")

    def kill(self):
        super().kill()
        for name in ("zserv", "zebra.vty", "bgpd.vty", "zebra.pid", "bgpd.pid"):
            if os.path.exists(f"{self.folder}/{name}"):
                os.remove(f"{self.folder}/{name}")

    @staticmethod
    def networks(family, word):
        return f"{word}network {PLAIN[family]}\n  {word}network {MARKED[family]} route-map marked"

    def command(self, *lines):
        words = [word for line in lines for word in ("-c", line)]
        return self.node.run("vtysh", "--vty_socket", self.folder, *words)

    def is_established(self, session):
        found = json.loads(self.command(f"show bgp neighbors {session.ours} json"))
        return found[session.ours]["bgpState"] == "Established"

    def routes(self, session, family):
        found = {}
        for prefix in json.loads(self.command(f"show bgp {family} unicast json"))["routes"]:
            for path in json.loads(self.command(f"show bgp {family} unicast {prefix} json"))["paths"]:
                if path["peer"].get("peerId") != session.ours:
                    continue
                words = path.get("community", {}).get("list", []) + path.get("largeCommunity", {}).get("list", [])
                numbers = [int(number) for number in path["aspath"]["string"].split()]
                found[prefix] = Seen(numbers, path.get("metric"), words)
        return found

    def as_paths(self, session, prefix):
        paths = json.loads(self.command(f"show bgp ipv4 unicast {prefix} json")).get("paths", [])
        return [[int(number) for number in path["aspath"]["string"].split()] for path in paths
                if path["peer"].get("peerId") == session.ours]

    def change(self, word):
        for family in ("ipv4", "ipv6"):
            lines = [line.strip() for line in self.networks(family, word).split("\n")]
            self.command("configure terminal", f"router bgp {self.setting.their_asn}",
                         f"address-family {family} unicast", *lines)

    def announce(self):
        self.change("")

    def withdraw(self):
        self.change("no ")

    def reset(self, session):
        self.command(f"clear bgp {session.ours}")

    def refresh(self, session):
        self.command(f"clear bgp {session.families[0]} unicast {session.ours} in")
