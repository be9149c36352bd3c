"""`labd bgp` beside other BGP daemons: a big table, and the kernel's routes.

The neighbours are a program of our own (bgp_feed.py): it is never what is waited for, since only the CPU time of the daemon counts.
"""
import os
import shutil
import sys
import tempfile
import time

sys.path.append("Tests/Interop")
import bench
import bgp_daemons
import bgp_feed
from node import Node

ROUTES = 500_000
# Seconds after which a daemon is taken as it is.
LONGEST = 120
TICK = 1000 / os.sysconf("SC_CLK_TCK")


def tree(pids):
    """The processes and their children."""
    children = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                children.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(pid))
        except OSError:
            pass  # It ended meanwhile.
    found = list(pids)
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu(pids):
    """Milliseconds of user and system time."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) * TICK
    return total


def pss(pids):
    """Kilobytes, shared pages divided by their users."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total


class Running:
    """A daemon with its neighbours in nodes of their own, inside `with`."""

    def __init__(self, kind, count, kernel=False):
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o755)
        self.ours, self.theirs = Node(), Node()
        self.ours.link("neighbours", self.theirs, "daemon")
        self.ours.address("neighbours", f"{bgp_daemons.ADDRESS}/24")
        self.theirs.address("daemon", *(f"{address}/24" for address, _ in bgp_daemons.neighbours(count)))
        self.processes = []
        for words in bgp_daemons.DAEMONS[kind](self.folder, count, kernel):
            self.processes.append(self.ours.spawn(words, f"{self.folder}/log", start_new_session=True))
            time.sleep(2)
        self.pids = tree([process.pid for process in self.processes])
        with self.theirs:
            self.neighbours = bgp_feed.Neighbours(
                bgp_daemons.ADDRESS, bgp_daemons.FEED, bgp_daemons.sinks(count))
        time.sleep(1)

    def kernel_routes(self):
        return self.ours.run("ip", "-4", "route", "show").count(" via ")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.neighbours.close()
        for pid in self.pids:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.folder)


def load(kind, count, updates, kernel=False):
    """CPU milliseconds, seconds and octets a route until the table is everywhere and the daemon has come to rest."""
    with Running(kind, count, kernel) as daemon:
        before, memory, start = cpu(daemon.pids), pss(daemon.pids), time.monotonic()
        neighbours, last = daemon.neighbours, [0.0, start]
        def is_at_rest():
            spent = cpu(daemon.pids)
            if spent - last[0] > 100:
                last[:] = spent, time.monotonic()
            return time.monotonic() - last[1] > 2

        neighbours.feed.send(updates)
        try:
            neighbours.run(lambda: not neighbours.feed.outgoing, LONGEST)
            neighbours.run(lambda: not count or neighbours.sinks[0].prefixes >= ROUTES, LONGEST)
            neighbours.run(is_at_rest, LONGEST)
        except bgp_feed.Late as error:
            bench.note(f"{kind} with {count} neighbours out was not done: {error}")
        if kernel and (found := daemon.kernel_routes()) != ROUTES:
            bench.note(f"{kind} has {found} routes in the kernel")
        return (cpu(daemon.pids) - before, last[1] - start, (pss(daemon.pids) - memory) * 1024 / ROUTES)


def kernel_routes(updates):
    found = {"labd": [], "BIRD": []}
    for _ in range(bench.rounds(5)):
        for kind in found:
            spent, seconds, _ = load(kind, 0, updates, kernel=True)
            found[kind].append((ROUTES / seconds, spent / 1000))
    rates, costs = zip(*([bench.median(column) for column in zip(*rounds)] for rounds in found.values()))
    bench.report(f"{ROUTES:,} routes to the kernel, a second, beside BIRD", *rates, "90000", "")
    bench.report("the same: CPU", *costs, unit="s")


def tables(updates):
    kinds = list(bgp_daemons.DAEMONS)
    for count in (0, 1) if bench.IS_QUICK else (0, 1, 20):
        found = {kind: [] for kind in kinds}
        for _ in range(bench.rounds(3)):
            for kind in kinds:
                # The slow ones need many minutes for twenty.
                if count < 20 or kind in ("labd", "BIRD"):
                    found[kind].append(load(kind, count, updates))
        middle = {kind: [bench.median(column) for column in zip(*rounds)] for kind, rounds in found.items() if rounds}
        what = f"{ROUTES:,} routes, {count} neighbours out"
        for kind in list(middle)[1:]:
            target = "ratio 2" if kind == "BIRD" else "ratio 1"
            bench.report(f"{what}: CPU, beside {kind}", middle["labd"][0] / 1000, middle[kind][0] / 1000, target, "s")
            bench.report(f"{what}: octets a route, beside {kind}", middle["labd"][2], middle[kind][2],
                         "130" if kind == "BIRD" else "", "B")


def body():
    bench.isolate()
    updates = bgp_feed.table(ROUTES, bgp_daemons.FEED)
    kernel_routes(updates)
    tables(updates)


bench.main(body)
