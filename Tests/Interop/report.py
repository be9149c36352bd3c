"""The checks in the order of the table, and what was found."""

import contextlib
import sys
import time

from node import Failure, NotYet

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
    "paths_told": "several of our routes to a prefix seen by them (RFC 7911), and each withdrawn alone",
    "paths_learned": "several of their routes to a prefix seen by us (RFC 7911), and each withdrawn alone",
    "extended": "IPv4 with IPv6 next hops, both ways over one IPv6 session (RFC 8950)",
    "route_server": "they as a client of our route server: next hop, AS path and MED untouched (RFC 7947)",
    "their_graceful": "they are killed and restart gracefully (RFC 4724): their routes never leave our kernel",
    "our_graceful": "we are killed and restart gracefully: our routes stay in their table and never leave their kernel",
    "our_kernel": "we are killed and restart gracefully: their routes never leave our kernel",
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
