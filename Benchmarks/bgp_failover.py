"""How long the kernel of a router keeps a route whose neighbour is gone, while another neighbour has one, too.

The time is from just before the fault is asked for to when the kernel tells of the route over the other neighbour.
"""
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time

import bench
from node import Node

PREFIX, GATEWAYS = "192.0.2.0", ("10.1.0.1", "10.2.0.1")
RTMGRP_IPV4_ROUTE, RTM_NEWROUTE = 0x40, 24
# Seconds after which something is wrong.
LIMIT = 60


class Batch:
    """`ip` or `bridge`, started already, that does what it is told."""

    def __init__(self, node, program):
        with node:
            self.process = subprocess.Popen([program, "-batch", "-"], stdin=subprocess.PIPE)

    def do(self, words):
        self.process.stdin.write(words.encode() + b"\n")
        self.process.stdin.flush()


class Routes:
    """What a node's kernel tells of its routes."""

    def __init__(self, node):
        with node:
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.bind((0, RTMGRP_IPV4_ROUTE))
        self.gateway = None

    def receive(self):
        """Takes one notification: where the route to the prefix goes from now on, if it is about that."""
        data = self.socket.recv(65536)
        if int.from_bytes(data[4:6], "little") == RTM_NEWROUTE and socket.inet_aton(PREFIX) in data:
            self.gateway = next((each for each in GATEWAYS if socket.inet_aton(each) in data), None)

    def wait(self, gateway):
        """When the route to the prefix goes that way."""
        self.socket.settimeout(LIMIT)
        self.gateway = None
        while self.gateway != gateway:
            self.receive()
        return time.monotonic_ns()

    def current(self):
        """Where it goes now."""
        self.socket.setblocking(False)
        try:
            while True:
                self.receive()
        except BlockingIOError:
            return self.gateway


class Router:
    """A router with two neighbours; on the way to the first, which it prefers, is a bridge."""

    def __init__(self, bfd):
        self.folder, self.bfd = tempfile.mkdtemp(), bfd
        self.router, self.bridge, self.first, self.second = Node(), Node(), Node(), Node()
        run = self.bridge.run
        run("ip", "link", "add", "bridge", "type", "bridge")
        run("ip", "link", "set", "bridge", "up")
        for number, node in enumerate((self.router, self.first)):
            # Devices with the number of their peer would hear of a lost carrier late.
            path = f"/proc/{os.getpid()}/fd/{node.descriptor}"
            run("ip", "link", "add", f"port{number}", "index", str(300 + number), "type", "veth", "peer", "name", "one",
                "index", str(100 + number), "netns", path)
            run("ip", "link", "set", f"port{number}", "master", "bridge", "up")
            node.run("ip", "link", "set", "one", "up")
        self.router.link("two", self.second, "one")
        self.router.address("one", "10.1.0.0/31")
        self.first.address("one", "10.1.0.1/31")
        self.router.address("two", "10.2.0.0/31")
        self.second.address("one", "10.2.0.1/31")
        self.ip, self.ports, self.routes = Batch(self.bridge, "ip"), Batch(self.bridge, "bridge"), Routes(self.router)
        self.ports.do("link set dev port0 isolated on")
        self.processes = [
            self.start(self.router, "router", 65001, [("10.1.0.0", "10.1.0.1", 65002, "one", {}),
                                                      ("10.2.0.0", "10.2.0.1", 65003, "two", {})]),
            self.start(self.second, "second", 65003, [("10.2.0.1", "10.2.0.0", 65001, "one", {"prepend": 2})])]
        self.start_first()

    def start_first(self):
        self.processes.append(
            self.start(self.first, "first", 65002, [("10.1.0.1", "10.1.0.0", 65001, "one", {})]))

    def start(self, node, name, asn, neighbours):
        file = f"{self.folder}/{name}"
        with open(file, "w") as output:
            json.dump({
                "node": name, "asn": asn, "router_id": f"10.0.0.{asn - 65000}",
                "originate": [] if name == "router" else [f"{PREFIX}/24"], "timers": {"connect_retry_ms": 200},
                "neighbors": [
                    {"name": other, "address": other, "local_address": own, "asn": remote, "interface": interface,
                     "relation": "peer", "export": export, **({"bfd": self.bfd} if self.bfd else {})}
                    for own, other, remote, interface, export in neighbours]}, output)
        return node.spawn([os.path.abspath(".build/release/labd"), "bgp", "--config", file], f"{self.folder}/log")

    def settle(self):
        """Waits until the route goes by the first neighbour, and BFD runs at full speed: its slow start takes about a second."""
        end = time.monotonic() + LIMIT
        while self.routes.current() != GATEWAYS[0] or not self.is_watched() or self.routes.current() != GATEWAYS[0]:
            if time.monotonic() > end:
                with open(f"{self.folder}/log") as file:
                    raise SystemExit(f"error: the route is not back after {LIMIT} s\n{file.read()[-2000:]}")
            time.sleep(0.02)
        # Anywhere between two packets.
        time.sleep(random.random() * 0.1)

    def is_watched(self):
        """Whether packets of BFD go both ways over both links as often as they shall."""
        if not self.bfd:
            return True
        before, pause = self.packets(), 0.2
        time.sleep(pause)
        least = 0.5 * pause * 1000 / self.bfd["interval_ms"]
        return all(now - then >= least for now, then in zip(self.packets(), before))

    def packets(self):
        """What was received and sent on each link of the router."""
        with open(f"/proc/{self.processes[0].pid}/net/dev") as file:
            fields = [line.split() for line in file if line.split()[0] in ("one:", "two:")]
        return [int(each[column]) for each in fields for column in (2, 10)]

    def time(self, fault):
        """Milliseconds."""
        start = time.monotonic_ns()
        fault()
        return (self.routes.wait(GATEWAYS[1]) - start) / 1e6

    def silent_cut(self):
        took = self.time(lambda: self.ports.do("link set dev port1 isolated on"))
        self.ports.do("link set dev port1 isolated off")
        return took

    def carrier_loss(self):
        took = self.time(lambda: self.ip.do("link set dev port0 down"))
        self.ip.do("link set dev port0 up")
        return took

    def kill(self):
        took = self.time(self.processes[-1].kill)
        self.processes.pop().wait()
        self.start_first()
        return took

    def close(self):
        for process in [*self.processes, self.ip.process, self.ports.process]:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder)


def failovers():
    for what, bfd, fault, count, target in (
            ("silent cut, BFD 10 ms x 3", {"interval_ms": 10, "multiplier": 3}, Router.silent_cut, 50, "40 ms"),
            ("silent cut, BFD 50 ms x 3", {"interval_ms": 50, "multiplier": 3}, Router.silent_cut, 50, "160 ms"),
            ("neighbour killed", None, Router.kill, 20, "10 ms"),
            ("carrier lost", None, Router.carrier_loss, 20, "5 ms")):
        router = Router(bfd)
        try:
            times = []
            for _ in range(bench.rounds(count)):
                router.settle()
                times.append(fault(router))
            times.sort()
            bench.report(f"{what}: to the kernel's route, p99 of {len(times)}", times[-1 - len(times) // 100],
                         target=target)
            bench.note(f"median {bench.median(times):.1f} ms, most {times[-1]:.1f} ms")
        finally:
            router.close()
