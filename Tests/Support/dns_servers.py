"""How each DNS server is told to serve one zone at one address: `labd dns`, NSD and Knot, one worker each.

A function writes the configuration into a folder, in which NSD and Knot expect the zone as the file `zone`, and answers the words of the
command that runs the server in the foreground.
"""

import json


def labd(folder, program, address, origin, text, node):
    configuration = {"node": node, "addresses": [address], "zones": [{"origin": origin, "text": text}]}
    with open(f"{folder}/labd.json", "w") as file:
        json.dump(configuration, file)
    return [program, "dns", "--config", f"{folder}/labd.json"]


def nsd(folder, address, origin, options=()):
    """`options` are further lines of the section `server`."""
    # Debian's build answers 200 queries a second of a kind unless rate limiting is turned off.
    server = ("server-count: 1", f"ip-address: {address}", 'username: ""', f'zonesdir: "{folder}"',
              f'pidfile: "{folder}/nsd.pid"', f'xfrdfile: "{folder}/xfrd"', f'zonelistfile: "{folder}/zones"',
              f'xfrdir: "{folder}"', 'database: ""', "rrl-ratelimit: 0", "rrl-whitelist-ratelimit: 0", *options)
    with open(f"{folder}/nsd.conf", "w") as file:
        file.write(sections({"server": server, "remote-control": ("control-enable: no",),
                             "zone": (f"name: {origin}", f"zonefile: {folder}/zone")}))
    return ["/usr/sbin/nsd", "-d", "-c", f"{folder}/nsd.conf"]


def knot(folder, address, origin, options=(), zone_options=()):
    """`options` are further lines of the section `server`, `zone_options` of the zone's."""
    server = (f"listen: {address}@53", "udp-workers: 1", "tcp-workers: 1", "background-workers: 1", f"rundir: {folder}",
              *options)
    zone = (f"- domain: {origin}", f"  storage: {folder}", "  file: zone", "  zonefile-sync: -1",
            "  journal-content: none", *(f"  {line}" for line in zone_options))
    with open(f"{folder}/knot.conf", "w") as file:
        file.write(sections({"server": server, "database": (f"storage: {folder}",), "zone": zone}))
    return ["/usr/sbin/knotd", "-c", f"{folder}/knot.conf"]


def sections(lines):
    return "".join(f"{name}:\n" + "".join(f"  {line}\n" for line in each) for name, each in lines.items())
