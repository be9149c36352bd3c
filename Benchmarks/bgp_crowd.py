"""200 idle speakers in a ring, two neighbours each: how long until all sessions are Established, and how big they are then."""
import json
import os
import shutil
import tempfile
import time

import bench
from node import Node

COUNT = 200


def address(number):
    return f"10.8.0.{number % COUNT + 1}"


def around(number):
    """The AS number and address of both neighbours."""
    return [(65100 + other % COUNT, address(other % COUNT)) for other in (number - 1, number + 1)]


def labd(folder, number):
    neighbours = [
        {"name": f"n{asn}", "address": other, "local_address": address(number), "asn": asn, "relation": "peer",
         "families": ["ipv4"], "timers": {"connect_retry_ms": 1000}} for asn, other in around(number)]
    file = f"{folder}/{number}"
    with open(file, "w") as output:
        json.dump({"node": f"n{number}", "asn": 65100 + number, "router_id": address(number), "kernel": False,
                   "originate": [], "neighbors": neighbours}, output)
    return [os.path.abspath(".build/release/labd"), "bgp", "--config", file]


def bird(folder, number):
    text = f"log stderr all;\nrouter id {address(number)};\nprotocol device {{ }}\n"
    for asn, other in around(number):
        text += (f"protocol bgp n{asn} {{ debug {{ events }}; local {address(number)} as {65100 + number};\n"
                 f"  neighbor {other} as {asn}; multihop; strict bind; connect delay time 1; connect retry time 1;\n"
                 "  ipv4 { import all; export none; }; }\n")
    file = f"{folder}/{number}"
    with open(file, "w") as output:
        output.write(text)
    return ["bird", "-f", "-c", file, "-s", f"{folder}/{number}.ctl"]


def established(log, word):
    """How many ends of sessions have said that they are up."""
    with open(log) as file:
        return file.read().count(word)


def crowd(kind, word):
    """Seconds until all sessions are Established, and kilobytes a speaker."""
    folder, node, processes = tempfile.mkdtemp(), Node(), []
    for number in range(COUNT):
        node.address("lo", f"{address(number)}/32")
    commands = [kind(folder, number) for number in range(COUNT)]
    try:
        start = time.monotonic()
        for words in commands:
            processes.append(node.spawn(words, f"{folder}/log"))
        while established(f"{folder}/log", word) < 2 * COUNT:
            if time.monotonic() - start > 60:
                raise SystemExit("error: not all sessions are Established after a minute")
            time.sleep(0.02)
        took = time.monotonic() - start
        time.sleep(2)
        sizes = []
        for process in processes:
            with open(f"/proc/{process.pid}/smaps_rollup") as file:
                sizes.append(next(int(line.split()[1]) for line in file if line.startswith("Pss:")))
        return took, sum(sizes) / COUNT
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        shutil.rmtree(folder)


def crowds():
    found = [[], []]
    for _ in range(bench.rounds(5)):
        for results, kind, word in zip(found, (labd, bird), (": Established", "BGP session established")):
            results.append(crowd(kind, word))
    (ours, our_size), (theirs, their_size) = [[bench.median(column) for column in zip(*each)] for each in found]
    bench.report(f"{COUNT} speakers started to all sessions Established", ours, theirs, "3 s", "s")
    bench.report(f"PSS of an idle speaker, mean of {COUNT}", our_size, their_size, "750 kB", "kB")
