"""The CPU time of a BFD packet pair, one sent and one received, at one end of a link; both daemons at the same time."""
import json
import os
import shutil
import tempfile
import time

import bench
from node import Node

ADDRESSES = {"ipv4": ("10.1.0.0", "10.1.0.1"), "ipv6": ("2001:db8:1::", "2001:db8:1::1")}


def labd(folder, end, families, interval):
    neighbours = [
        {"name": family, "address": ADDRESSES[family][1 - end], "local_address": ADDRESSES[family][end],
         "asn": 65002 - end, "relation": "peer", "families": [family],
         "bfd": {"interval_ms": interval, "multiplier": 3}} for family in families]
    file = f"{folder}/labd{end}.json"
    with open(file, "w") as output:
        json.dump({"node": f"n{end}", "asn": 65001 + end, "router_id": f"10.0.0.{end + 1}", "kernel": False,
                   "originate": [], "neighbors": neighbours}, output)
    return [os.path.abspath(".build/release/labd"), "bgp", "--config", file]


def bird(folder, end, families, interval):
    text = f"router id 10.0.0.{end + 1};\nprotocol device {{ }}\n"
    text += f"protocol bfd {{ interface \"*\" {{ interval {interval} ms; multiplier 3; }}; }}\n"
    for family in families:
        own, other = ADDRESSES[family][end], ADDRESSES[family][1 - end]
        text += (f"protocol bgp {family}s {{ local {own} as {65001 + end}; neighbor {other} as {65002 - end}; direct;\n"
                 f"  bfd on; {family} {{ import all; export none; }}; }}\n")
    file = f"{folder}/bird{end}.conf"
    with open(file, "w") as output:
        output.write(text)
    return ["bird", "-f", "-c", file, "-s", f"{folder}/bird{end}.ctl"]


class Pair:
    """Two daemons of a kind on a link."""

    def __init__(self, kind, families, interval):
        self.folder = tempfile.mkdtemp()
        nodes = Node(), Node()
        nodes[0].link("left", nodes[1], "right")
        for family, length in (("ipv4", 31), ("ipv6", 127)):
            for end, node in enumerate(nodes):
                node.address(("left", "right")[end], f"{ADDRESSES[family][end]}/{length}")
        self.processes = [node.spawn(kind(self.folder, end, families, interval), f"{self.folder}/log")
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
    for interval in (10, 50):
        for families in (["ipv4"], ["ipv4", "ipv6"]):
            pairs = [Pair(labd, families, interval), Pair(bird, families, interval)]
            try:
                time.sleep(8)
                costs = [[], []]
                for _ in range(bench.rounds(15)):
                    before = [pair.figures() for pair in pairs]
                    time.sleep(2)
                    for (spent, count), pair, cost in zip(before, pairs, costs):
                        now = pair.figures()
                        cost.append((now[0] - spent) / 1000 / max(1, (now[1] - count) / 2))
                what = f"BFD {interval} ms x 3, {len(families)} session{'s' * (len(families) - 1)}: CPU a packet pair"
                bench.report(what, *map(bench.median, costs), target="40 us", unit="us")
            finally:
                for pair in pairs:
                    pair.close()
