"""The servers, and how each is told to serve the zone at 127.0.0.1."""

import dns_servers
from zones import ORIGIN, ZONE

ADDRESS = "127.0.0.1"


def labd(folder, program):
    return dns_servers.labd(folder, program, ADDRESS, ORIGIN, ZONE, "london")


def nsd(folder, _):
    # It adds authority records unless it is told not to.
    return dns_servers.nsd(
        folder, ADDRESS, ORIGIN, ("minimal-responses: yes", 'identity: "london"', 'version: "anycast-lab"'))


def knot(folder, _):
    return dns_servers.knot(
        folder, ADDRESS, ORIGIN, ("identity: london", "version: anycast-lab", "nsid: london"), ("semantic-checks: off",))


SERVERS = {"labd": labd, "Knot": knot, "NSD": nsd}
