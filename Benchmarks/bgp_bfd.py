"""The CPU time of a BFD packet pair, one sent and one received, at one end of a link: our speaker, BIRD, and a bare C loop that does
nothing else, all at the same time."""
import json
import os
import shutil
import subprocess
import tempfile
import time

import bench
from node import Node


class Session:
    """The addresses of a session, by turns of IPv4 and IPv6, as those of a lab are."""

    def __init__(self, number):
        self.family, self.name = ("ipv4", "ipv6")[number % 2], f"s{number}"
        self.length = 127 if number % 2 else 31
        self.ends = [f"2001:db8:{number}::{end}" if number % 2 else f"10.1.{number}.{end}" for end in (2, 3)]


def labd(folder, end, sessions, interval):
    neighbours = [
        {"name": session.name, "address": session.ends[1 - end], "local_address": session.ends[end],
         "asn": 65002 - end, "relation": "peer", "families": [session.family],
         "bfd": {"interval_ms": interval, "multiplier": 3}} for session in sessions]
    file = f"{folder}/labd{end}.json"
    with open(file, "w") as output:
        json.dump({"node": f"n{end}", "asn": 65001 + end, "router_id": f"10.0.0.{end + 1}", "kernel": False,
                   "originate": [], "neighbors": neighbours}, output)
    return [os.path.abspath(".build/release/labd"), "bgp", "--config", file]


def bird(folder, end, sessions, interval):
    text = f"router id 10.0.0.{end + 1};\nprotocol device {{ }}\n"
    text += f"protocol bfd {{ interface \"*\" {{ interval {interval} ms; multiplier 3; }}; }}\n"
    for session in sessions:
        own, other = session.ends[end], session.ends[1 - end]
        text += (f"protocol bgp {session.name} {{ local {own} as {65001 + end}; neighbor {other} as {65002 - end}; direct;\n"
                 f"  bfd on; {session.family} {{ import all; export none; }}; }}\n")
    file = f"{folder}/bird{end}.conf"
    with open(file, "w") as output:
        output.write(text)
    return ["bird", "-f", "-c", file, "-s", f"{folder}/bird{end}.ctl"]


def bare(folder, end, sessions, interval):
    program = f"{folder}/floor{end}"
    subprocess.run(["cc", "-O2", "-o", program, "Benchmarks/BFDInC/floor.c"], check=True)
    addresses = [address for session in sessions for address in (session.ends[end], session.ends[1 - end])]
    return [program, str(interval * 1000), *addresses]


class Pair:
    """Two daemons of a kind on a link."""

    def __init__(self, kind, sessions, interval):
        self.folder = tempfile.mkdtemp()
        nodes = Node(), Node()
        nodes[0].link("left", nodes[1], "right")
        for session in sessions:
            for end, node in enumerate(nodes):
                node.address(("left", "right")[end], f"{session.ends[end]}/{session.length}")
        self.processes = [node.spawn(kind(self.folder, end, sessions, interval), f"{self.folder}/log")
                          for end, node in enumerate(nodes)]

    def figures(self):
        """Nanoseconds of CPU and datagrams in and out, at the first end."""
        pid = self.processes[0].pid
        spent = 0
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                spent += int(file.read().split()[0])
        with open(f"/proc/{pid}/net/snmp") as file:
            udp = [line.split() for line in file if line.startswith("Udp:")][1]
        with open(f"/proc/{pid}/net/snmp6") as file:
            udp6 = dict(line.split() for line in file)
        return spent, int(udp[1]) + int(udp[4]) + int(udp6["Udp6InDatagrams"]) + int(udp6["Udp6OutDatagrams"])

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder)


def packet_pairs():
    for interval, counts in ((10, (1, 2, 4, 8)), (50, (1, 2))):
        for count in counts:
            sessions = [Session(number) for number in range(count)]
            pairs = [Pair(kind, sessions, interval) for kind in (labd, bird, bare)]
            try:
                time.sleep(8)
                costs = [[], [], []]
                for _ in range(bench.rounds(10)):
                    before = [pair.figures() for pair in pairs]
                    time.sleep(2)
                    for (spent, packets), pair, cost in zip(before, pairs, costs):
                        now = pair.figures()
                        cost.append((now[0] - spent) / 1000 / max(1, (now[1] - packets) / 2))
                ours, theirs, least = map(bench.median, costs)
                what = f"BFD {interval} ms x 3, {count} session{'s' * (count > 1)}: CPU a packet pair"
                bench.report(what, ours, theirs, target="40 us", unit="us")
                bench.note(f"a bare C loop: {least:.1f} us")
            finally:
                for pair in pairs:
                    pair.close()
