"""Graceful restart (RFC 4724): one side is killed and started again, the other one helps."""

import re

from bench import FAMILIES, OURS, Bench, two_sessions
from node import Failure, eventually
from peer import MARKED, PLAIN, Setting

THEIRS = {PLAIN[family] for family in FAMILIES} | {MARKED[family] for family in FAMILIES}


class RouteWatch:
    """What the kernel of a node says of its routes, as `ip monitor` hears it."""

    def __init__(self, node, file):
        self.node, self.file, self.marks = node, file, 0
        self.process = node.spawn(["ip", "monitor", "route"], file)

    def __enter__(self):
        eventually(self.has_mark, "ip monitor does not start")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def text(self):
        with open(self.file) as file:
            return file.read()

    def has_mark(self):
        """Makes a route that nobody else has; whether the watch has seen one."""
        self.marks += 1
        self.node.run("ip", "route", "add", "blackhole", f"198.18.{self.marks >> 8}.{self.marks & 255}")
        return "blackhole 198.18." in self.text()

    def expect_kept(self, whose, prefixes):
        """None of the prefixes was deleted until now."""
        self.marks += 1
        mark = f"198.18.{self.marks >> 8}.{self.marks & 255}"
        self.node.run("ip", "route", "add", "blackhole", mark)
        eventually(lambda: f"blackhole {mark} " in self.text(), "ip monitor does not follow")
        gone = prefixes & set(re.findall(r"^Deleted (?:[a-z]+ )?([0-9a-f:.]+/\d+)", self.text(), re.MULTILINE))
        if gone:
            raise Failure(f"left {whose} kernel: {', '.join(sorted(gone))}")


def their_restart(bench, folder, report):
    before = {each.name: len(bench.labd.ends(each.name)) for each in bench.setting.sessions}
    with report.check("their_graceful"), RouteWatch(bench.ours, f"{folder}/ours.routes") as watch:
        bench.peer.kill()
        for name, ends in before.items():
            eventually(lambda: len(bench.labd.ends(name)) > ends, f"{name} has not ended")
        bench.peer.start(is_restart=True)
        bench.expect_everything(bench.peer.patience)
        watch.expect_kept("our", THEIRS)


def our_restart(bench, folder, report):
    ours = RouteWatch(bench.ours, f"{folder}/ours.routes")
    theirs = RouteWatch(bench.theirs, f"{folder}/theirs.routes")
    with ours, theirs:
        with report.check("our_graceful"):
            bench.labd.kill()
            for session, family in zip(bench.setting.sessions, FAMILIES):
                eventually(lambda: not bench.peer.is_established(session), f"{session.name} stays Established for them")
                expect_kept(bench, session, family)
            bench.labd.start()
            bench.expect_everything(bench.peer.patience)
            theirs.expect_kept("their", set(OURS["ipv4"] + OURS["ipv6"]))
        with report.check("our_kernel"):
            bench.expect_everything(bench.peer.patience)
            ours.expect_kept("our", THEIRS)


def expect_kept(bench, session, family):
    paths = {prefix: each.as_path for prefix, each in bench.peer.kept(session, family).items()}
    if paths != bench.our_paths(family):
        raise Failure(f"expected {bench.our_paths(family)} to be kept, found {paths}")


def run_graceful(kind, folder, report):
    # Who announces late gets the time for it: we wait until they connect.
    options = {"passive": True} if kind.announces_late else {}
    for restart, role, checks in (
            (our_restart, "helper", ("our_graceful", "our_kernel")), (their_restart, "restarter", ("their_graceful",))):
        if all(name in kind.lacks for name in checks):
            continue
        sessions = two_sessions()
        for session in sessions:
            session.graceful = role
        place = f"{folder}/graceful-{role}"
        bench = Bench(kind, place, Setting(65001, 65002, sessions), options, speaker={"graceful_restart": {}})
        try:
            bench.expect_everything(kind.patience)
            restart(bench, place, report)
        finally:
            bench.close()
