"""`labd dns` beside NSD and Knot: queries a second over UDP and TCP, as dnsperf counts them.

One zone, one worker each, each server in a network namespace and dnsperf in another, a veth pair between. The servers take turns
within each round, so that what else the machine does falls on all of them. Nothing is pinned and no buffer is set.
Everything happens in a PID, a mount and network namespaces of its own: the end of this process ends all of it.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

if os.environ.get("BENCH_ISOLATED") != "1":
    os.environ["BENCH_ISOLATED"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, os.path.abspath(__file__)])

sys.path.append("Tests/Interop")
import bench
from node import Node, eventually

ORIGIN = "bench.test"
NAMES = 1000
ROUNDS = 3 if bench.IS_QUICK else 5
SECONDS = 3 if bench.IS_QUICK else 5
TARGETS = {"udp": "at least 1.0", "tcp": "at least 0.9"}


def zone():
    lines = [f"@ 3600 IN SOA ns1.{ORIGIN}. hostmaster.{ORIGIN}. 1 3600 600 604800 60",
             f"@ 3600 IN NS ns1.{ORIGIN}.", "ns1 3600 IN A 192.0.2.1",
             "sub 3600 IN NS ns.sub", "ns.sub 3600 IN A 192.0.2.2", "*.wild 300 IN TXT \"any of them\""]
    for number in range(NAMES):
        lines.append(f"www{number} 300 IN A 198.51.{number // 250}.{number % 250}")
        lines.append(f"www{number} 300 IN AAAA 2001:db8:{number:x}::1")
        lines.append(f"mail{number} 300 IN MX 10 www{number}")
        lines.append(f"alias{number} 300 IN CNAME www{number}")
    return "\n".join(lines) + "\n"


def questions():
    """Of ten: four A, two AAAA, one MX, one alias, one name that is not there, and one of referral, wildcard or SOA in turn."""
    seldom = [f"host.sub.{ORIGIN} A", f"some.wild.{ORIGIN} TXT", f"{ORIGIN} SOA"]
    lines = []
    for number in range(NAMES):
        lines.append((
            f"www{number}.{ORIGIN} A", f"www{number * 7 % NAMES}.{ORIGIN} A", f"www{number}.{ORIGIN} AAAA",
            f"mail{number}.{ORIGIN} MX", f"www{number * 3 % NAMES}.{ORIGIN} A", f"alias{number}.{ORIGIN} A",
            f"none{number}.{ORIGIN} A", f"www{number * 13 % NAMES}.{ORIGIN} A",
            f"www{number * 11 % NAMES}.{ORIGIN} AAAA", seldom[number % 3])[number % 10])
    return "\n".join(lines) + "\n"


def labd(folder, address):
    configuration = {"node": "bench", "addresses": [address], "zones": [{"origin": ORIGIN, "text": zone()}]}
    with open(f"{folder}/labd.json", "w") as file:
        json.dump(configuration, file)
    return [os.path.abspath(".build/release/labd"), "dns", "--config", f"{folder}/labd.json"]


def nsd(folder, address):
    # Debian's build answers 200 queries a second of a kind unless rate limiting is turned off.
    text = (f"server:\n  server-count: 1\n  ip-address: {address}\n  username: \"\"\n  zonesdir: \"{folder}\"\n"
            f"  pidfile: \"{folder}/nsd.pid\"\n  xfrdfile: \"{folder}/xfrd\"\n  zonelistfile: \"{folder}/zones\"\n"
            f"  xfrdir: \"{folder}\"\n  database: \"\"\n  rrl-ratelimit: 0\n  rrl-whitelist-ratelimit: 0\n"
            f"remote-control:\n  control-enable: no\nzone:\n  name: {ORIGIN}\n  zonefile: {folder}/zone\n")
    with open(f"{folder}/nsd.conf", "w") as file:
        file.write(text)
    return ["/usr/sbin/nsd", "-d", "-c", f"{folder}/nsd.conf"]


def knot(folder, address):
    text = (f"server:\n  listen: {address}@53\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
            f"  rundir: {folder}\ndatabase:\n  storage: {folder}\n"
            f"zone:\n  - domain: {ORIGIN}\n    storage: {folder}\n    file: zone\n    zonefile-sync: -1\n"
            "    journal-content: none\n")
    with open(f"{folder}/knot.conf", "w") as file:
        file.write(text)
    return ["/usr/sbin/knotd", "-c", f"{folder}/knot.conf"]


class Server:
    """A server in a namespace of its own, joined to the client's."""

    def __init__(self, name, make, number, client):
        self.name, self.address = name, f"10.9.{number}.1"
        self.folder = tempfile.mkdtemp()
        with open(f"{self.folder}/zone", "w") as file:
            file.write(f"$ORIGIN {ORIGIN}.\n" + zone())
        node = Node()
        node.link("client", client, f"server{number}")
        node.address("client", f"{self.address}/24")
        client.address(f"server{number}", f"10.9.{number}.2/24")
        self.process = node.spawn(make(self.folder, self.address), f"{self.folder}/log")
        self.client = client
        eventually(lambda: self.dig() == "198.51.0.0\n", lambda: f"{name} does not answer: {self.log()}")

    def dig(self):
        return self.client.run("dig", "+short", "+tries=1", "+time=1", f"@{self.address}", f"www0.{ORIGIN}", check=False)

    def log(self):
        with open(f"{self.folder}/log") as file:
            return file.read()[-2000:]

    def rate(self, transport, seconds):
        """Queries a second, and the processor seconds of the server for a million of them."""
        before = self.processor_time()
        text = self.client.run("dnsperf", "-m", transport, "-s", self.address, "-d", QUESTIONS, "-l", str(seconds),
                               "-c", "8", "-T", "1", "-q", "100")
        spent = self.processor_time() - before
        answered = int(re.search(r"Queries completed:\s+(\d+)", text).group(1))
        lost = int(re.search(r"Queries lost:\s+(\d+)", text).group(1))
        if lost > answered / 1000:
            bench.note(f"{self.name} over {transport} lost {lost} of {answered}")
        return float(re.search(r"Queries per second:\s+([0-9.]+)", text).group(1)), spent / answered * 1e6

    def processor_time(self):
        """Seconds of the server and its children."""
        total, parents = 0, {self.process.pid}
        for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
            try:
                with open(f"/proc/{pid}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue  # It ended meanwhile.
            if pid in parents or int(fields[1]) in parents:
                parents.add(pid)
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return total


def load():
    with open("/proc/loadavg") as file:
        return file.read().split()[0]


def compare(transport, servers):
    rounds = []
    for number in range(ROUNDS):
        # Who begins changes from round to round.
        turn = servers[number % len(servers):] + servers[:number % len(servers)]
        found = {server.name: server.rate(transport, SECONDS) for server in turn}
        rounds.append(found)
        bench.note(f"{transport} round {number + 1}, load {load()}: " + ", ".join(
            f"{server.name} {found[server.name][0] / 1000:.1f} k ({found[server.name][1]:.2f} us)"
            for server in servers))
    middle = {server.name: bench.median([found[server.name][0] for found in rounds]) for server in servers}
    spent = {server.name: bench.median([found[server.name][1] for found in rounds]) for server in servers}
    # The ratio of each round, against the faster of the two in that round: both had the same machine.
    ratios = [found["labd"][0] / max(rate for name, (rate, _) in found.items() if name != "labd") for found in rounds]
    for name in middle:
        if name != "labd":
            bench.report(f"DNS over {transport.upper()}, queries a second, beside {name}", middle["labd"] / 1000,
                         middle[name] / 1000, TARGETS[transport], "k")
            bench.report(f"DNS over {transport.upper()}, processor time a query, beside {name}", spent["labd"],
                         spent[name], "", "us")
    bench.note(f"{transport}, beside the faster of both in each round: " + ", ".join(f"{one:.2f}" for one in ratios)
               + f"; median {bench.median(ratios):.2f}")


def body():
    # Their fixed paths are nobody else's.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "bench", "/run"], check=True)
    with open(QUESTIONS, "w") as file:
        file.write(questions())
    client = Node()
    servers = [Server(name, make, number, client)
               for number, (name, make) in enumerate((("labd", labd), ("NSD", nsd), ("Knot", knot)), 1)]
    try:
        for transport in TARGETS:
            for server in servers:
                server.rate(transport, 1)  # Warms up what is mapped late.
            compare(transport, servers)
    finally:
        for server in servers:
            server.process.kill()


QUESTIONS = tempfile.mkstemp()[1]
bench.main(body)
