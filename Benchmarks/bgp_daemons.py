"""BGP daemons with one neighbour that announces and some that take, all passive, without the kernel's routes unless asked.

`ADDRESS` is the daemon's; the neighbours have the addresses behind it.
"""
import json
import os
import pwd
import shutil

from bgp_feed import FEED_ASN, FIRST_SINK_ASN, OUR_ASN

ADDRESS, FEED = "10.9.0.1", "10.9.0.2"


def sinks(count):
    return [f"10.9.0.{3 + number}" for number in range(count)]


def neighbours(count):
    return [(FEED, FEED_ASN)] + [(address, FIRST_SINK_ASN + number) for number, address in enumerate(sinks(count))]


def write(folder, name, text):
    path = f"{folder}/{name}"
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


def labd(folder, count, kernel):
    file = write(folder, "labd.json", json.dumps({
        "node": "bench", "asn": OUR_ASN, "router_id": ADDRESS, "kernel": kernel, "originate": [],
        "timers": {"hold_ms": 240_000},
        "neighbors": [
            # A sibling gets everything: others have no relations.
            {"name": address, "address": address, "local_address": ADDRESS, "asn": asn, "relation": "sibling",
             "families": ["ipv4"], "passive": True} for address, asn in neighbours(count)],
    }))
    return [[os.path.abspath(".build/release/labd"), "bgp", "--config", file]]


def bird(folder, count, kernel):
    text = f"log \"{folder}/bird.log\" all;\nrouter id {ADDRESS};\nprotocol device {{ }}\n"
    if kernel:
        text += "protocol kernel { ipv4 { import none; export all; }; }\n"
    for number, (address, asn) in enumerate(neighbours(count)):
        text += (f"protocol bgp n{number} {{ local {ADDRESS} as {OUR_ASN}; neighbor {address} as {asn}; direct; passive;\n"
                 f"  hold time 240; ipv4 {{ import {'none' if number else 'all'}; export {'all' if number else 'none'}; }}; }}\n")
    return [["bird", "-f", "-c", write(folder, "bird.conf", text), "-s", f"{folder}/bird.ctl"]]


def openbgpd(folder, count, kernel):
    text = f"AS {OUR_ASN}\nrouter-id {ADDRESS}\nlisten on {ADDRESS}\nfib-update no\nsocket \"{folder}/socket\"\nholdtime 240\n"
    for address, asn in neighbours(count):
        text += f"neighbor {address} {{\n  remote-as {asn}\n  passive\n}}\n"
    os.makedirs(pwd.getpwnam("_openbgpd").pw_dir, exist_ok=True)
    return [["/usr/sbin/bgpd", "-d", "-f", write(folder, "bgpd.conf", text + "allow from any\nallow to any\n")]]


def frr(folder, count, kernel):
    text = f"router bgp {OUR_ASN}\n bgp router-id {ADDRESS}\n no bgp ebgp-requires-policy\n timers bgp 80 240\n"
    for address, asn in neighbours(count):
        text += f" neighbor {address} remote-as {asn}\n neighbor {address} passive\n"
        text += f" neighbor {address} advertisement-interval 0\n"
    file = write(folder, "frr.conf", text)
    empty = write(folder, "zebra.conf", "")
    for path in (folder, file, empty):
        shutil.chown(path, "frr", "frr")
    common = ["--vty_socket", folder, "-z", f"{folder}/zserv"]
    return [["/usr/lib/frr/zebra", *common, "-f", empty, "-i", f"{folder}/zebra.pid"],
            ["/usr/lib/frr/bgpd", *common, "-n", "-f", file, "-i", f"{folder}/bgpd.pid"]]


def gobgp(folder, count, kernel):
    text = f"[global.config]\nas = {OUR_ASN}\nrouter-id = \"{ADDRESS}\"\nlocal-address-list = [\"{ADDRESS}\"]\n"
    for address, asn in neighbours(count):
        text += (f"[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{address}\"\npeer-as = {asn}\n"
                 "[neighbors.transport.config]\npassive-mode = true\n[neighbors.timers.config]\nhold-time = 240\n"
                 "[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"ipv4-unicast\"\n")
    return [["gobgpd", "-f", write(folder, "gobgpd.toml", text), "--api-hosts", "127.0.0.1:50051", "--pprof-disable"]]


DAEMONS = {"labd": labd, "BIRD": bird, "OpenBGPD": openbgpd, "FRR": frr, "GoBGP": gobgp}
