"""Idle speakers in a ring, two neighbours each: how long until all sessions are Established, and what they cost then."""
import json
import os
import shutil
import subprocess
import tempfile
import time

import bench
from node import Node

COUNT = 200
# As many as one machine is to carry.
MULTITUDE = 1500
# Seconds that an idle multitude is looked at: more than a KEEPALIVE takes to come.
IDLE = 30


def address(number):
    return f"10.8.{(number + 1) >> 8}.{(number + 1) & 255}"


def asn(number):
    return 4_200_000_000 + number


def around(number, count):
    """The AS number and address of both neighbours."""
    return [(asn(other % count), address(other % count)) for other in (number - 1, number + 1)]


def labd(folder, number, count):
    neighbours = [
        {"name": f"n{remote}", "address": other, "local_address": address(number), "asn": remote, "relation": "peer",
         "families": ["ipv4"], "timers": {"connect_retry_ms": 1000}} for remote, other in around(number, count)]
    file = f"{folder}/{number}"
    with open(file, "w") as output:
        json.dump({"node": f"n{number}", "asn": asn(number), "router_id": address(number), "kernel": False,
                   "originate": [], "neighbors": neighbours}, output)
    return [os.path.abspath(".build/release/labd"), "bgp", "--config", file]


def bird(folder, number, count):
    text = f"log stderr all;\nrouter id {address(number)};\nprotocol device {{ }}\n"
    for remote, other in around(number, count):
        text += (f"protocol bgp n{remote} {{ debug {{ events }}; local {address(number)} as {asn(number)};\n"
                 f"  neighbor {other} as {remote}; multihop; strict bind; connect delay time 1; connect retry time 1;\n"
                 "  ipv4 { import all; export none; }; }\n")
    file = f"{folder}/{number}"
    with open(file, "w") as output:
        output.write(text)
    return ["bird", "-f", "-c", file, "-s", f"{folder}/{number}.ctl"]


class Crowd:
    """So many daemons of a kind, started and with all their sessions Established; gone after `with`."""

    def __init__(self, kind, word, count):
        self.folder, self.processes = tempfile.mkdtemp(), []
        node = Node()
        with node:
            subprocess.run(["ip", "-batch", "-"], check=True, text=True, input="".join(
                f"address add {address(number)}/32 dev lo\n" for number in range(count)))
        commands = [kind(self.folder, number, count) for number in range(count)]
        try:
            start = time.monotonic()
            for words in commands:
                self.processes.append(node.spawn(words, f"{self.folder}/log"))
            while self.established(word) < 2 * count:
                if time.monotonic() - start > 120:
                    raise SystemExit("error: not all sessions are Established after two minutes")
                time.sleep(0.02)
            self.took = time.monotonic() - start
        except BaseException:
            self.__exit__()
            raise

    def established(self, word):
        """How many ends of sessions have said that they are up."""
        with open(f"{self.folder}/log") as file:
            return file.read().count(word)

    def pss(self):
        """Kilobytes of all, shared pages divided by their users."""
        total = 0
        for process in self.processes:
            with open(f"/proc/{process.pid}/smaps_rollup") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        return total

    def cpu(self):
        """Seconds that all have run."""
        total = 0
        for process in self.processes:
            with open(f"/proc/{process.pid}/schedstat") as file:
                total += int(file.read().split()[0])
        return total / 1e9

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.folder)


def crowds():
    found = [[], []]
    for _ in range(bench.rounds(5)):
        for results, kind, word in zip(found, (labd, bird), (": Established", "BGP session established")):
            with Crowd(kind, word, COUNT) as crowd:
                time.sleep(2)
                results.append((crowd.took, crowd.pss() / COUNT))
    (ours, our_size), (theirs, their_size) = [[bench.median(column) for column in zip(*each)] for each in found]
    bench.report(f"{COUNT} speakers started to all sessions Established", ours, theirs, "3 s", "s")
    bench.report(f"PSS of an idle speaker, mean of {COUNT}", our_size, their_size, "750 kB", "kB")


def multitude():
    with Crowd(labd, ": Established", MULTITUDE) as crowd:
        bench.report(f"{MULTITUDE:,} speakers started to all sessions Established", crowd.took, unit="s")
        before = crowd.cpu()
        time.sleep(IDLE)
        spent = crowd.cpu() - before
        bench.report(f"{MULTITUDE:,} idle speakers: PSS of all", crowd.pss() / 1024, unit="MB")
        bench.report(f"{MULTITUDE:,} idle speakers: of a core", 100 * spent / IDLE, unit="%")
