"""What `labd dns` takes with a small zone, and beside NSD and Knot: queries a second over UDP and TCP, as dnsperf counts them.

One zone, one worker each, each server in a network namespace and dnsperf in another, a veth pair between. The servers take turns
within each round, so that what else the machine does falls on all of them. Nothing is pinned and no buffer is set.
Everything happens in a PID, a mount and network namespaces of its own: the end of this process ends all of it.
"""
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

if os.environ.get("BENCH_ISOLATED") != "1":
    os.environ["BENCH_ISOLATED"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, os.path.abspath(__file__)])

sys.path += ["Tests/Interop", "Tests/Support"]
import bench
import dns_servers
import process_memory
from node import Failure, Node, eventually

ORIGIN = "bench.test"
NAMES = 1000
STARTS = 20
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


LABD = os.path.abspath(".build/release/labd")
SERVERS = {
    "labd": lambda folder, address: dns_servers.labd(folder, LABD, address, ORIGIN, zone(), "bench"),
    "NSD": lambda folder, address: dns_servers.nsd(folder, address, ORIGIN),
    "Knot": lambda folder, address: dns_servers.knot(folder, address, ORIGIN),
}


class Server:
    """A server in a namespace of its own, joined to the client's."""

    def __init__(self, name, number, client, folder):
        self.name, self.address = name, f"10.9.{number}.1"
        self.folder = f"{folder}/{name}"
        os.mkdir(self.folder)
        with open(f"{self.folder}/zone", "w") as file:
            file.write(f"$ORIGIN {ORIGIN}.\n" + zone())
        node = Node()
        node.link("client", client, f"server{number}")
        node.address("client", f"{self.address}/24")
        client.address(f"server{number}", f"10.9.{number}.2/24")
        self.process = node.spawn(SERVERS[name](self.folder, self.address), f"{self.folder}/log")
        self.client, self.questions = client, f"{folder}/questions"
        eventually(lambda: self.dig() == "198.51.0.0\n", lambda: f"{name} does not answer: {self.log()}")

    def dig(self):
        return self.client.run("dig", "+short", "+tries=1", "+time=1", f"@{self.address}", f"www0.{ORIGIN}", check=False)

    def log(self):
        with open(f"{self.folder}/log") as file:
            return file.read()[-2000:]

    def rate(self, transport, seconds):
        """Queries a second, and the processor seconds of the server for a million of them."""
        before = self.processor_time()
        text = self.client.run("dnsperf", "-m", transport, "-s", self.address, "-d", self.questions, "-l", str(seconds),
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


def speeds(folder):
    with open(f"{folder}/questions", "w") as file:
        file.write(questions())
    client = Node()
    servers = [Server(name, number, client, folder) for number, name in enumerate(SERVERS, 1)]
    try:
        for transport in TARGETS:
            for server in servers:
                server.rate(transport, 1)  # Warms up what is mapped late.
            compare(transport, servers)
    finally:
        for server in servers:
            server.process.kill()


def small_zone():
    """Ten records."""
    return (f"@ 3600 IN SOA ns1.{ORIGIN}. hostmaster.{ORIGIN}. 1 3600 600 604800 60\n@ 3600 IN NS ns1\n@ 3600 IN MX 10 mail\n"
            "@ 3600 IN TXT \"ten records\"\nns1 3600 IN A 192.0.2.1\nns1 3600 IN AAAA 2001:db8::1\nmail 300 IN A 192.0.2.2\n"
            "www0 300 IN A 198.51.0.0\nwww0 300 IN AAAA 2001:db8::2\nalias0 300 IN CNAME www0\n")


def started(words, address, folder):
    """A server from nothing to its first answer: the process, and milliseconds."""
    query = struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0) + b"\4www0\5bench\4test\0" + struct.pack("!HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection, open(f"{folder}/log", "ab") as log:
        connection.connect((address, 53))
        connection.settimeout(0.0005)
        start = time.monotonic()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while time.monotonic() < start + 10:
            try:
                connection.send(query)
                if connection.recv(512)[:2] == query[:2]:
                    return process, (time.monotonic() - start) * 1e3
            except (ConnectionRefusedError, TimeoutError):
                pass  # Not yet.
        raise Failure("labd dns does not answer")


def small(folder):
    """What one of many responders takes, beside others with which it shares the program, as in a lab."""
    with Node() as node, open(f"{folder}/few", "w") as file:
        file.write(f"www0.{ORIGIN} A\nalias0.{ORIGIN} A\nnone0.{ORIGIN} A\n{ORIGIN} MX\n")
        file.flush()
        took, processes = [], {}
        for number in range(STARTS):
            own = f"{folder}/small{number}"
            os.mkdir(own)
            address = f"127.0.0.{number + 1}"
            words = dns_servers.labd(own, LABD, address, ORIGIN, small_zone(), "bench")
            processes[address], milliseconds = started(words, address, own)
            took.append(milliseconds)

        def size():
            return bench.median([process_memory.private(process.pid) for process in processes.values()])

        bench.report("labd dns, ten records: start to the first answer", bench.median(took), target="5 ms or less")
        bench.note(f"median of {STARTS} starts, load {load()}: {min(took):.1f} to {max(took):.1f} ms")
        bench.report("labd dns, ten records: private memory, idle", size(), target="400 kB or less", unit="kB")
        for transport in TARGETS:
            for address in processes:
                node.run("dnsperf", "-m", transport, "-s", address, "-d", file.name, "-n", "2000", "-c", "4", "-q", "100")
            bench.report(f"labd dns, ten records: private memory after work ({transport.upper()})", size(), unit="kB")
        for process in processes.values():
            process.kill()


def body():
    # Their fixed paths are nobody else's, and go with this process, however it ends.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "bench", "/run"], check=True)
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        small(folder)
        speeds(folder)


bench.main(body)
