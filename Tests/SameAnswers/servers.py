"""The servers, and how each is told to serve the zone at 127.0.0.1."""

import json

from zones import ORIGIN, ZONE


def labd(folder, program):
    configuration = {"node": "london", "addresses": ["127.0.0.1"], "zones": [{"origin": ORIGIN, "text": ZONE}]}
    with open(f"{folder}/labd.json", "w") as file:
        json.dump(configuration, file)
    return [program, "dns", "--config", f"{folder}/labd.json"]


def nsd(folder, _):
    # Debian's build limits the rate of responses and adds authority records unless it is told not to.
    text = (f"server:\n  server-count: 1\n  ip-address: 127.0.0.1\n  username: \"\"\n  zonesdir: \"{folder}\"\n"
            f"  pidfile: \"{folder}/nsd.pid\"\n  xfrdfile: \"{folder}/xfrd\"\n  zonelistfile: \"{folder}/zones\"\n"
            f"  xfrdir: \"{folder}\"\n  database: \"\"\n  rrl-ratelimit: 0\n  rrl-whitelist-ratelimit: 0\n"
            f"  minimal-responses: yes\n  identity: \"london\"\n  version: \"anycast-lab\"\n"
            f"remote-control:\n  control-enable: no\nzone:\n  name: {ORIGIN}\n  zonefile: {folder}/zone\n")
    with open(f"{folder}/nsd.conf", "w") as file:
        file.write(text)
    return ["/usr/sbin/nsd", "-d", "-c", f"{folder}/nsd.conf"]


def knot(folder, _):
    text = (f"server:\n  listen: 127.0.0.1@53\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
            f"  identity: london\n  version: anycast-lab\n  nsid: london\n  rundir: {folder}\ndatabase:\n"
            f"  storage: {folder}\nzone:\n  - domain: {ORIGIN}\n    storage: {folder}\n    file: zone\n"
            "    zonefile-sync: -1\n    journal-content: none\n    semantic-checks: off\n")
    with open(f"{folder}/knot.conf", "w") as file:
        file.write(text)
    return ["/usr/sbin/knotd", "-c", f"{folder}/knot.conf"]


SERVERS = {"labd": labd, "Knot": knot, "NSD": nsd}
