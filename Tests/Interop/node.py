"""Network namespaces without names, and the processes in them."""

import ctypes
import json
import os
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def system_call(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Node:
    """A network namespace, alive as long as this process; `with node:` is inside it."""

    def __init__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        system_call(LIBC.unshare(CLONE_NEWNET))
        self.descriptor = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        run("ip", "link", "set", "lo", "up")
        # Addresses are usable at once: nobody else could have them.
        with open("/proc/sys/net/ipv6/conf/default/accept_dad", "w") as file:
            file.write("0")
        self.__exit__()

    def __enter__(self):
        system_call(LIBC.setns(self.descriptor, CLONE_NEWNET))
        return self

    def __exit__(self, *_):
        system_call(LIBC.setns(self.home, CLONE_NEWNET))

    def link(self, name, other, other_name):
        """Joins two nodes."""
        path = f"/proc/{os.getpid()}/fd/{other.descriptor}"
        self.run("ip", "link", "add", name, "type", "veth", "peer", "name", other_name, "netns", path)
        self.run("ip", "link", "set", name, "up")
        other.run("ip", "link", "set", other_name, "up")

    def address(self, name, *prefixes):
        for prefix in prefixes:
            self.run("ip", "address", "add", prefix, "dev", name, *(["nodad"] if ":" in prefix else []))

    def run(self, *words, check=True):
        """Runs a program to its end; its output."""
        with self:
            return run(*words, check=check)

    def spawn(self, words, log, **options):
        """Starts a daemon; what it says goes to the file `log`."""
        with self, open(log, "ab") as file:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, **options)

    def turned_away(self):
        """How many segments the kernel has dropped for their signature (RFC 2385) or a TTL that is no proof (RFC 5082)."""
        names, numbers = (line.split() for line in self.run("cat", "/proc/net/netstat").splitlines()
                          if line.startswith("TcpExt:"))
        counts = dict(zip(names, numbers))
        return sum(int(counts[name]) for name in
                   ("TCPMD5NotFound", "TCPMD5Unexpected", "TCPMD5Failure", "TCPMinTTLDrop"))

    def kernel(self, family, protocol):
        """The prefixes that the routing daemon `protocol` has written into the kernel."""
        text = self.run("ip", "-j", "-4" if family == "ipv4" else "-6", "route", "show", "proto", protocol, check=False)
        found = set()
        for route in json.loads(text or "[]"):
            destination = route["dst"]
            if "/" not in destination and destination != "default":
                destination += "/32" if family == "ipv4" else "/128"
            found.add(destination)
        return found


def run(*words, check=True):
    result = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    if check and result.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


class NotYet(Exception):
    """labd does not know the configuration key."""


class Failure(Exception):
    """A check does not hold."""


def eventually(question, what, limit=12.0):
    """Asks until the answer is true; otherwise the check has failed with `what`, a text or a function to make one."""
    end = time.monotonic() + limit
    while True:
        try:
            if question():
                return
            problem = None
        except (RuntimeError, ValueError, KeyError, OSError, subprocess.TimeoutExpired) as error:
            problem = f"{type(error).__name__}: {error}"
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise Failure(f"{text} ({problem})" if problem else text)
        time.sleep(0.05)
