"""labd and another daemon on a link, and what can be expected of both."""

import os

from bird import Bird
from labd import Labd
from node import Node, eventually
from peer import MARKED, PLAIN, THEIR_IPV6, Session, Setting

FAMILIES = ("ipv4", "ipv6")
OURS = {"ipv4": ["192.0.2.0/24", "192.0.2.128/25"], "ipv6": ["2001:db8:53::/48", "2001:db8:53:8000::/49"]}
OUR_ADDRESS = {"ipv4": "10.1.0.0", "ipv6": "2001:db8:1::"}
THEIR_ADDRESS = {"ipv4": "10.1.0.1", "ipv6": THEIR_IPV6}
LENGTH = {"ipv4": 31, "ipv6": 127}
EXPORT = {"prepend": 2, "med": 70, "communities": ["65001:9"]}


class Bench:
    """labd and the other daemon, each in a node of its own."""

    def __init__(self, kind, folder, setting, our_options=None, with_observer=False, speaker=None):
        self.setting, self.observer = setting, None
        self.ours, self.theirs = Node(), Node()
        self.ours.link("to-them", self.theirs, "to-us")
        for family in FAMILIES:
            self.ours.address("to-them", f"{OUR_ADDRESS[family]}/{LENGTH[family]}")
            self.theirs.address("to-us", f"{THEIR_ADDRESS[family]}/{LENGTH[family]}")
        os.makedirs(folder)
        neighbours = [self.neighbour(each, our_options or {}) for each in setting.sessions]
        if with_observer:
            neighbours += self.make_observer(folder)
        self.labd = None
        self.peer = kind(self.theirs, f"{folder}/peer", setting)
        try:
            self.labd = Labd(self.ours, folder, {
                "node": "ours", "asn": setting.our_asn, "router_id": "10.0.0.1",
                "originate": OURS["ipv4"] + OURS["ipv6"],
                "timers": {"hold_ms": 90_000, "connect_retry_ms": 1000}, "neighbors": neighbours,
                **(speaker or {}),
            })
            if self.observer:
                self.observer.start()
            self.peer.start()
        except BaseException:
            self.close()
            raise

    def neighbour(self, session, options):
        return {
            "name": session.name, "address": session.theirs, "local_address": session.ours,
            "asn": self.setting.their_asn, "interface": "to-them", "relation": "peer", "families": session.families,
            "export": EXPORT, **options,
        }

    def make_observer(self, folder):
        """A BIRD of a third AS, a customer of ours, that shows what we pass on."""
        node = Node()
        self.ours.link("to-observer", node, "to-us")
        self.ours.address("to-observer", "10.2.0.0/31", "2001:db8:2::/127")
        node.address("to-us", "10.2.0.1/31", "2001:db8:2::1/127")
        sessions = [
            Session("observer4", "10.2.0.0", "10.2.0.1", ["ipv4"]),
            Session("observer6", "2001:db8:2::", "2001:db8:2::1", ["ipv6"]),
        ]
        setting = Setting(self.setting.our_asn, 65003, sessions, "10.0.0.3", is_silent=True)
        self.observer = Bird(node, f"{folder}/observer", setting)
        return [
            {
                "name": each.name, "address": each.theirs, "local_address": each.ours, "asn": 65003,
                "interface": "to-observer", "relation": "customer", "families": each.families,
            }
            for each in sessions
        ]

    def close(self):
        for daemon in (self.labd, self.peer, self.observer):
            if daemon:
                daemon.kill()

    # Questions

    def is_up(self, session):
        return self.labd.is_established(session.name) and self.peer.is_established(session)

    def expect_up(self, session, patience=12):
        state = lambda: self.labd.session(session.name)["state"]
        eventually(lambda: self.is_up(session), lambda: f"{session.name} is {state()}", patience)

    def their_paths(self, family):
        asn = self.setting.their_asn
        return {PLAIN[family]: [asn], MARKED[family]: [asn] * 3}

    def our_paths(self, family):
        return {prefix: [self.setting.our_asn] * 3 for prefix in OURS[family]}

    def learned(self, session, family):
        """The prefixes of a family that labd has from them, with AS paths, and those in its kernel."""
        # Not those that labd takes no account of: FRR sends our own routes back to us, with our number in the path.
        routes = {prefix: each for prefix, each in self.labd.routes(session.name).items() if each["best"]}
        paths = {prefix: each["as_path"] for prefix, each in routes.items() if (":" in prefix) == (family == "ipv6")}
        return paths, self.ours.kernel(family, "bgp")

    def told(self, session, family):
        """The same of what they have from labd."""
        paths = {prefix: each.as_path for prefix, each in self.peer.routes(session, family).items()}
        protocol = self.peer.kernel_protocol
        return paths, self.theirs.kernel(family, protocol) if protocol else set(paths)

    def expect_learned(self, session, family, paths=None):
        paths = self.their_paths(family) if paths is None else paths
        eventually(lambda: self.learned(session, family) == (paths, set(paths)),
                   lambda: f"expected {paths}, found {self.learned(session, family)}")

    def expect_told(self, session, family, paths=None):
        paths = self.our_paths(family) if paths is None else paths
        eventually(lambda: self.told(session, family) == (paths, set(paths)),
                   lambda: f"expected {paths}, found {self.told(session, family)}")

    def expect_everything(self, patience=12):
        """Sessions up, and all routes both ways."""
        for session in self.setting.sessions:
            self.expect_up(session, patience)
            for family in session.families:
                self.expect_told(session, family)
            for family in session.families:
                self.expect_learned(session, family)


def two_sessions():
    return [Session(f"them{family[-1]}", OUR_ADDRESS[family], THEIR_ADDRESS[family], [family]) for family in FAMILIES]
