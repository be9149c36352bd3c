"""The checks, in the order of the table, and the labs in which they are made."""

import contextlib
import os
import sys
import time

from bird import Bird
from labd import Labd
from node import Failure, Node, NotYet, eventually
from peer import COMMUNITY, LARGE, MARKED, MED, PLAIN, THEIR_IPV6, Session, Setting

FAMILIES = ("ipv4", "ipv6")
OURS = {"ipv4": ["192.0.2.0/24", "192.0.2.128/25"], "ipv6": ["2001:db8:53::/48", "2001:db8:53:8000::/49"]}
OUR_ADDRESS = {"ipv4": "10.1.0.0", "ipv6": "2001:db8:1::"}
THEIR_ADDRESS = {"ipv4": "10.1.0.1", "ipv6": THEIR_IPV6}
LENGTH = {"ipv4": 31, "ipv6": 127}
EXPORT = {"prepend": 2, "med": 70, "communities": ["65001:9"]}

CHECKS = {
    "session4": "IPv4 session Established",
    "session6": "IPv6 session Established",
    "learn4": "their IPv4 routes in our RIB and kernel, AS paths exact",
    "learn6": "their IPv6 routes in our RIB and kernel, AS paths exact",
    "tell4": "our IPv4 routes in their table (and kernel), AS paths exact",
    "tell6": "our IPv6 routes in their table (and kernel), AS paths exact",
    "our_attributes": "our communities, MED and prepend seen by them",
    "their_attributes": "their MED and prepend seen by us",
    "passed_on": "their communities, large ones too, passed on to a third AS; their MED not",
    "our_withdraw": "our withdrawal, and the routes again",
    "their_withdraw": "their withdrawal, and the routes again",
    "refresh": "route refresh asked for by them",
    "their_reset": "hard reset by them",
    "our_stop": "Cease from us, then we start again",
    "their_restart": "their process killed and started again",
    "our_restart": "our process killed and started again",
    "both": "both families on one IPv4 session",
    "asn4": "4-octet AS numbers on both sides",
    "md5": "TCP-MD5 (RFC 2385), and no session with a wrong password",
    "ttl": "GTSM (RFC 5082)",
    "roles": "roles (RFC 9234): peer with peer, and no session of provider with provider",
}

YES, NO, NOT_THERE, NOT_YET = "yes", "no", "not there", "not yet"


class Report:
    """What was found with one daemon: for each check a word and, where it is not yes, why."""

    def __init__(self, daemon, is_verbose):
        self.daemon, self.is_verbose, self.cells = daemon, is_verbose, {}
        self.began = time.monotonic()

    def set(self, check, word, why=""):
        self.cells[check] = (word, why)
        if self.is_verbose:
            seconds = time.monotonic() - self.began
            print(f"{seconds:6.1f} s  {self.daemon}: {check}: {word} {why}", file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def check(self, name):
        """The body makes one check; what it raises becomes the cell."""
        try:
            yield
            self.set(name, YES)
        except NotYet as error:
            self.set(name, NOT_YET, str(error))
        except (Failure, RuntimeError, OSError, ValueError, KeyError) as error:
            self.set(name, NO, f"{type(error).__name__}: {error}".removeprefix("Failure: "))

    def holds(self, name):
        return self.cells.get(name, (NO, ""))[0] == YES

    def skip(self, names, why):
        for name in names:
            if name not in self.cells:
                self.set(name, NO, why)


class Bench:
    """labd and the other daemon, each in a node of its own."""

    def __init__(self, kind, folder, setting, our_options=None, with_observer=False):
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
                self.expect_learned(session, family)
                self.expect_told(session, family)


def two_sessions():
    return [Session(f"them{family[-1]}", OUR_ADDRESS[family], THEIR_ADDRESS[family], [family]) for family in FAMILIES]


def check_exchange(bench, report):
    """A session and its routes, both ways, for each family."""
    for session, family in zip(bench.setting.sessions, FAMILIES):
        with report.check(f"session{family[-1]}"):
            bench.expect_up(session)
        if not report.holds(f"session{family[-1]}"):
            return report.skip(CHECKS_OF_MAIN, f"no {family} session")
        with report.check(f"learn{family[-1]}"):
            bench.expect_learned(session, family)
        with report.check(f"tell{family[-1]}"):
            bench.expect_told(session, family)


def check_attributes(bench, report):
    with report.check("our_attributes"):
        for session, family in zip(bench.setting.sessions, FAMILIES):
            for prefix, seen in bench.peer.routes(session, family).items():
                wanted = (EXPORT["med"], EXPORT["communities"], bench.our_paths(family)[prefix])
                if (seen.med, seen.communities, seen.as_path) != wanted:
                    raise Failure(f"{prefix}: expected {wanted}, found {seen}")
    with report.check("their_attributes"):
        for session, family in zip(bench.setting.sessions, FAMILIES):
            routes = bench.labd.routes(session.name)
            found = [(routes[prefix]["med"], routes[prefix]["as_path"]) for prefix in (PLAIN[family], MARKED[family])]
            wanted = list(zip((None, MED), bench.their_paths(family).values()))
            # FRR announces MED 0 where there is none.
            if [(med or None, path) for med, path in found] != wanted:
                raise Failure(f"expected {wanted}, found {found}")
    with report.check("passed_on"):
        for session, family in zip(bench.observer.setting.sessions, FAMILIES):
            seen = lambda: bench.observer.routes(session, family).get(MARKED[family])
            path = [bench.setting.our_asn] + bench.their_paths(family)[MARKED[family]]
            eventually(
                lambda: (seen().as_path, seen().med, seen().communities) == (path, None, [COMMUNITY, LARGE])
                if seen() else False,
                lambda: f"{family}: expected {path}, [{COMMUNITY} {LARGE}], found {seen()}")


def check_withdrawals(bench, report):
    with report.check("our_withdraw"):
        bench.labd.send("withdraw")
        for session in bench.setting.sessions:
            bench.expect_told(session, session.families[0], {})
        bench.labd.send("announce")
        bench.expect_everything()
    with report.check("their_withdraw"):
        bench.peer.withdraw()
        for session in bench.setting.sessions:
            bench.expect_learned(session, session.families[0], {})
        bench.peer.announce()
        bench.expect_everything()


def check_refresh(bench, report):
    if not bench.peer.has_refresh:
        return report.set("refresh", NOT_THERE)
    with report.check("refresh"):
        for session in bench.setting.sessions:
            ends = len(bench.labd.ends(session.name))
            sent = bench.labd.session(session.name)["sent"]
            bench.peer.refresh(session)
            eventually(lambda: bench.labd.session(session.name)["sent"] > sent, f"{session.name}: nothing sent again")
            if len(bench.labd.ends(session.name)) != ends:
                raise Failure(f"{session.name} has ended: {bench.labd.ends(session.name)}")
        bench.expect_everything()


def check_restarts(bench, report):
    with report.check("their_reset"):
        for session in bench.setting.sessions:
            ends = len(bench.labd.ends(session.name))
            bench.peer.reset(session)
            eventually(lambda: len(bench.labd.ends(session.name)) > ends, f"{session.name} has not ended")
        bench.expect_everything(bench.peer.patience)
    with report.check("our_stop"):
        bench.labd.stop()
        for session in bench.setting.sessions:
            eventually(lambda: not bench.peer.is_established(session), f"{session.name} stays Established for them")
            eventually(lambda: bench.peer.routes(session, session.families[0]) == {}, "our routes stay with them")
            if bench.ours.kernel(session.families[0], "bgp"):
                raise Failure("routes stay in our kernel")
        bench.labd.start()
        bench.expect_everything()
    with report.check("their_restart"):
        bench.peer.kill()
        for session in bench.setting.sessions:
            bench.expect_learned(session, session.families[0], {})
        bench.peer.start()
        bench.expect_everything()
    with report.check("our_restart"):
        bench.labd.kill()
        bench.labd.start()
        bench.expect_everything()


CHECKS_OF_MAIN = [name for name in CHECKS if name not in ("both", "asn4", "md5", "ttl", "roles")]


def run_main(kind, folder, report):
    """A session for each family, as labs have them."""
    bench = Bench(kind, f"{folder}/main", Setting(65001, 65002, two_sessions()), with_observer=True)
    try:
        check_exchange(bench, report)
        if "refresh" in report.cells:
            return
        check_attributes(bench, report)
        check_withdrawals(bench, report)
        check_refresh(bench, report)
        check_restarts(bench, report)
    finally:
        bench.close()


def run_both(kind, folder, report):
    """One session for both families, between 4-octet AS numbers of which no 2-octet field shows anything."""
    session = Session("them", OUR_ADDRESS["ipv4"], THEIR_ADDRESS["ipv4"], list(FAMILIES))
    bench = Bench(kind, f"{folder}/both", Setting(4_200_000_001, 4_200_000_002, [session]))
    try:
        with report.check("asn4"):
            bench.expect_up(session)
            bench.expect_learned(session, "ipv4")
            bench.expect_told(session, "ipv4")
        with report.check("both"):
            bench.expect_everything()
    finally:
        bench.close()


def run_option(kind, folder, report, name, our_options, **theirs):
    """Sessions with an option on both sides: up, and routes both ways."""
    sessions = two_sessions()
    for session in sessions:
        for key, value in theirs.items():
            setattr(session, key, value)
    with report.check(name):
        bench = Bench(kind, f"{folder}/{name}", Setting(65001, 65002, sessions), our_options)
        try:
            bench.expect_everything()
        finally:
            bench.close()


def run_refused(kind, folder, report, name, our_options, **theirs):
    """Sessions whose ends contradict each other never come up. Only worth looking at where agreeing ones do."""
    if not report.holds(name):
        return
    sessions = two_sessions()
    for session in sessions:
        for key, value in theirs.items():
            setattr(session, key, value)
    with report.check(name):
        bench = Bench(kind, f"{folder}/{name}-refused", Setting(65001, 65002, sessions), our_options)
        try:
            # Both ends try at least twice in this time.
            end = time.monotonic() + 3
            while time.monotonic() < end:
                for session in sessions:
                    if bench.labd.is_established(session.name):
                        raise Failure(f"{session.name} is Established against what was configured")
                time.sleep(0.1)
        finally:
            bench.close()


def run_all(kind, is_verbose):
    """All checks with one daemon: check to (word, why)."""
    report = Report(kind.name, is_verbose)
    if not kind.is_installed():
        for name in CHECKS:
            report.set(name, NOT_THERE, f"{kind.package} is not installed")
        return report.cells
    folder = f"/run/interop/{kind.name}"
    parts = [
        lambda: run_main(kind, folder, report),
        lambda: run_both(kind, folder, report),
        lambda: option_checks(kind, folder, report),
    ]
    for part in parts:
        try:
            part()
        except (Failure, RuntimeError, OSError, ValueError) as error:
            print(f"{kind.name}: {error}", file=sys.stderr)
            report.skip(CHECKS_OF_MAIN, str(error))
    report.skip(CHECKS, "not reached")
    if is_verbose:
        show_logs(folder)
    return report.cells


def show_logs(folder):
    """What the daemons said."""
    for place, _, files in sorted(os.walk(folder)):
        for name in files:
            if name in ("log", "labd.log", "messages"):
                with open(f"{place}/{name}", errors="replace") as file:
                    print(f"== {place}/{name}\n{file.read()}", file=sys.stderr)


def option_checks(kind, folder, report):
    if kind.has_md5:
        run_option(kind, folder, report, "md5", {"md5_password": "correct"}, password="correct")
        run_refused(kind, folder, report, "md5", {"md5_password": "wrong"}, password="correct")
    else:
        report.set("md5", NOT_THERE)
    if kind.has_ttl_security:
        run_option(kind, folder, report, "ttl", {"ttl_security": True}, is_ttl_secure=True)
    else:
        report.set("ttl", NOT_THERE)
    if kind.has_roles:
        run_option(kind, folder, report, "roles", {"strict_role": True}, role="peer")
        run_refused(kind, folder, report, "roles", {"strict_role": True}, role="provider")
    else:
        report.set("roles", NOT_THERE)
