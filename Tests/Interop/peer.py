"""What every other daemon can be asked for."""

import os
import shutil
import string
from dataclasses import dataclass, field


@dataclass
class Session:
    """One session as the other daemon sees it: `ours` is labd's address, `theirs` its own."""

    name: str
    ours: str
    theirs: str
    families: list
    password: str = None
    is_ttl_secure: bool = False
    role: str = None
    # The AS at the other end, where it is not that of the setting.
    asn: int = None
    # Several routes to a prefix both ways (RFC 7911), IPv4 with IPv6 next hops (RFC 8950), a route server at the other end.
    has_paths: bool = False
    is_extended: bool = False
    is_route_server: bool = False
    # What it does in graceful restart (RFC 4724): "helper" or "restarter". Left out, it is as the daemon has it.
    graceful: str = None


@dataclass
class Seen:
    """A route as a daemon has received it."""

    as_path: list
    med: int = None
    communities: list = field(default_factory=list)


@dataclass
class Setting:
    """The numbers of both sides and the sessions; a silent side announces nothing, and a transit side what it has learned."""

    our_asn: int
    their_asn: int
    sessions: list
    identifier: str = "10.0.0.2"
    is_silent: bool = False
    is_transit: bool = False


# The second prefix of each family carries attributes: two more of its own ASN, MED 50, a community and a large one.
PLAIN = {"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:99::/48"}
MARKED = {"ipv4": "203.0.113.128/25", "ipv6": "2001:db8:9a:8000::/49"}
# The other side's address on the link, for those who have to be told it as the next hop of IPv6.
THEIR_IPV6 = "2001:db8:1::1"
MED, COMMUNITY, LARGE = 50, "65002:7", "65002:1:2"


class Peer:
    """A daemon in a node. Subclasses say how."""

    name = package = program = None
    # Whether it writes routes into the kernel here, and the name of their origin there.
    kernel_protocol = None
    # How long a session may take to come back after a reset, in seconds.
    patience = 12
    # Whether it has to be told what to announce when it runs, and could say End-of-RIB before.
    announces_late = False
    # Checks that it cannot take part in, and why.
    lacks = {}

    def __init__(self, node, folder, setting):
        self.node, self.folder, self.setting, self.processes = node, folder, setting, []
        os.makedirs(folder, exist_ok=True)

    @classmethod
    def is_installed(cls):
        return shutil.which(cls.program) is not None

    def template(self, name, **values):
        """Writes templates/NAME with the values into the folder; its path."""
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates", name)) as file:
            text = string.Template(file.read()).substitute(values)
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def spawn(self, *words, **options):
        self.processes.append(self.node.spawn(words, f"{self.folder}/log", start_new_session=True, **options))

    def start(self, is_restart=False):
        """Starts it; `is_restart` tells it that it has run before, for a graceful restart."""
        raise NotImplementedError

    def kill(self):
        """Ends it as a crash does."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.processes = []

    def kept(self, session, family):
        """What it has from a neighbour whose session is down."""
        return self.routes(session, family)

    def as_paths(self, session, prefix):
        """The AS paths of all IPv4 routes to a prefix that came over a session."""
        raise NotImplementedError

    def feed(self, lab, number, is_announced):
        """Has one of the feeders of a lab announce the shared prefix, or withdraw it."""
        lab.feeders[number].send("announce" if is_announced else "withdraw")
