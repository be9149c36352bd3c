"""More than one route to a prefix, next hops of another family, and a route server: labs of their own."""

import os

from bench import EXPORT, FAMILIES, OUR_ADDRESS, THEIR_ADDRESS, Bench
from labd import Labd
from node import Failure, Node, eventually
from peer import Session, Setting

SHARED = "203.0.113.0/25"
FEEDERS = {1: 65011, 2: 65012}


def neighbour(name, address, local, asn, relation, **more):
    return {"name": name, "address": address, "local_address": local, "asn": asn, "relation": relation,
            "families": ["ipv4"], **more}


def speaker(node, folder, asn, identifier, originate, neighbours, **more):
    """A labd with these neighbours."""
    os.makedirs(folder)
    return Labd(node, folder, {
        "node": "n", "asn": asn, "router_id": identifier, "originate": originate,
        "timers": {"hold_ms": 90_000, "connect_retry_ms": 1000}, "neighbors": neighbours, **more,
    })


class Diamond:
    """Two feeders that announce one prefix to labd and to the other daemon, which send each other all routes to it."""

    def __init__(self, kind, folder):
        self.nodes = {name: Node() for name in ("ours", "theirs", "feeders")}
        ours, theirs, feeders = self.nodes.values()
        ours.link("to-them", theirs, "to-us")
        ours.address("to-them", "10.1.0.0/31")
        theirs.address("to-us", "10.1.0.1/31")
        for number, node in ((3, ours), (4, theirs)):
            node.link("to-feeders", feeders, f"feed{number}")
            node.address("to-feeders", f"10.{number}.0.1/24")
            feeders.address(f"feed{number}", *(f"10.{number}.0.1{each}/24" for each in FEEDERS))
        self.session = Session("them", "10.1.0.0", "10.1.0.1", ["ipv4"], has_paths=True)
        sessions = [self.session] + [
            Session(f"feeder{each}", f"10.4.0.1{each}", "10.4.0.1", ["ipv4"], asn=asn) for each, asn in FEEDERS.items()
        ]
        self.daemons = []
        try:
            self.feeders = {each: self.feeder(folder, each) for each in FEEDERS}
            self.labd = self.keep(speaker(
                ours, f"{folder}/ours", 65001, "10.0.0.1", [],
                [neighbour("them", "10.1.0.1", "10.1.0.0", 65002, "peer", add_path={"receive": True, "send": "all"})]
                + [neighbour(f"feeder{each}", f"10.3.0.1{each}", "10.3.0.1", asn, "customer")
                   for each, asn in FEEDERS.items()]))
            self.peer = self.keep(kind(theirs, f"{folder}/peer", Setting(65001, 65002, sessions, is_transit=True)))
            self.peer.start()
        except BaseException:
            self.close()
            raise

    def keep(self, daemon):
        self.daemons.append(daemon)
        return daemon

    def feeder(self, folder, number):
        return self.keep(speaker(
            self.nodes["feeders"], f"{folder}/feeder{number}", FEEDERS[number], f"10.0.1.{number}", [SHARED],
            [neighbour(f"to{each}", f"10.{each}.0.1", f"10.{each}.0.1{number}", asn, "provider")
             for each, asn in ((3, 65001), (4, 65002))], kernel=False))

    def told(self):
        """The AS paths that they have from labd."""
        return sorted(self.peer.as_paths(self.session, SHARED))

    def learned(self):
        """The AS paths that labd has from them; not those that went through it."""
        return sorted(
            each["as_path"] for each in self.labd.ask("show", view="accepted", peer="10.1.0.1")["routes"]
            if each["prefix"] == SHARED)

    def expect(self, question, paths):
        eventually(lambda: question() == paths, lambda: f"expected {paths}, found {question()}", 20)

    def close(self):
        for daemon in reversed(self.daemons):
            daemon.kill()


def run_paths(kind, folder, report):
    """RFC 7911, both ways."""
    names = ("paths_told", "paths_learned")
    if all(name in kind.lacks for name in names):
        return
    lab = Diamond(kind, f"{folder}/paths")
    try:
        for name, question, asn in (("paths_told", lab.told, 65001), ("paths_learned", lab.learned, 65002)):
            if name in kind.lacks:
                continue
            with report.check(name):
                lab.expect(question, [[asn, feeder] for feeder in FEEDERS.values()])
        for number in FEEDERS:
            lab.peer.feed(lab, number, False)
            left = [asn for each, asn in FEEDERS.items() if each != number]
            for name, question, asn in (("paths_told", lab.told, 65001), ("paths_learned", lab.learned, 65002)):
                if report.holds(name):
                    with report.check(name):
                        lab.expect(question, [[asn, feeder] for feeder in left])
            lab.peer.feed(lab, number, True)
            for name, question, asn in (("paths_told", lab.told, 65001), ("paths_learned", lab.learned, 65002)):
                if report.holds(name):
                    with report.check(name):
                        lab.expect(question, [[asn, feeder] for feeder in FEEDERS.values()])
    finally:
        lab.close()


def run_extended(kind, folder, report):
    """IPv4 and IPv6 over one IPv6 session, with IPv6 next hops (RFC 8950)."""
    session = Session(
        "them", OUR_ADDRESS["ipv6"], THEIR_ADDRESS["ipv6"], list(FAMILIES), is_extended=True)
    with report.check("extended"):
        bench = Bench(kind, f"{folder}/extended", Setting(65001, 65002, [session]), {"extended_next_hop": True})
        try:
            bench.expect_everything()
            routes = bench.labd.routes("them")
            hops = {each["next_hop"] for each in routes.values()}
            if hops != {THEIR_ADDRESS["ipv6"]}:
                raise Failure(f"their next hops are {hops}")
        finally:
            bench.close()


class Exchange:
    """labd as route server on the network of an exchange point, the other daemon and another labd as its clients."""

    ADDRESS = {"server": "10.5.0.100", "theirs": "10.5.0.1", "member": "10.5.0.2"}

    def __init__(self, kind, folder):
        self.nodes = {name: Node() for name in self.ADDRESS}
        server, theirs, member = self.nodes.values()
        server.run("ip", "link", "add", "lan", "type", "bridge")
        server.run("ip", "link", "set", "lan", "up")
        server.address("lan", f"{self.ADDRESS['server']}/24")
        for name in ("theirs", "member"):
            server.link(name, self.nodes[name], "ix")
            server.run("ip", "link", "set", name, "master", "lan")
            self.nodes[name].address("ix", f"{self.ADDRESS[name]}/24")
        self.session = Session(
            "server", self.ADDRESS["server"], self.ADDRESS["theirs"], ["ipv4"], asn=65100, is_route_server=True)
        address = self.ADDRESS
        self.daemons = []
        try:
            self.server = self.keep(speaker(
                server, f"{folder}/server", 65100, "10.0.0.100", [],
                [neighbour(name, address[name], address["server"], asn, "route_server_client")
                 for name, asn in (("theirs", 65002), ("member", 65003))]))
            self.member = self.keep(speaker(
                member, f"{folder}/member", 65003, "10.0.0.3", ["192.0.2.0/24"],
                [neighbour("server", address["server"], address["member"], 65100, "route_server", export=EXPORT)]))
            self.peer = self.keep(kind(theirs, f"{folder}/peer", Setting(65100, 65002, [self.session])))
            self.peer.start()
        except BaseException:
            self.close()
            raise

    def keep(self, daemon):
        self.daemons.append(daemon)
        return daemon

    def told(self):
        seen = self.peer.routes(self.session, "ipv4").get("192.0.2.0/24")
        return (seen.as_path, seen.med) if seen else None

    def learned(self):
        return {
            prefix: (each["as_path"], each["next_hop"], each["med"] or None)
            for prefix, each in self.member.routes("server").items()
        }

    def close(self):
        for daemon in reversed(self.daemons):
            daemon.kill()


def run_route_server(kind, folder, report):
    """RFC 7947: what clients say to each other passes, next hops and MED included, and the server is not seen."""
    with report.check("route_server"):
        lab = Exchange(kind, f"{folder}/exchange")
        try:
            wanted = ([65003] * 3, EXPORT["med"])
            eventually(lambda: lab.told() == wanted, lambda: f"expected {wanted}, found {lab.told()}", 20)
            hop = Exchange.ADDRESS["theirs"]
            theirs = {"198.51.100.0/24": ([65002], hop, None), "203.0.113.128/25": ([65002] * 3, hop, 50)}
            eventually(lambda: lab.learned() == theirs, lambda: f"expected {theirs}, found {lab.learned()}", 20)
            if lab.peer.kernel_protocol:
                eventually(lambda: "192.0.2.0/24" in lab.nodes["theirs"].kernel("ipv4", lab.peer.kernel_protocol),
                           "the member's route is not in their kernel")
            if lab.nodes["member"].kernel("ipv4", "bgp") != set(theirs):
                raise Failure(f"the member's kernel has {lab.nodes['member'].kernel('ipv4', 'bgp')}")
        finally:
            lab.close()
