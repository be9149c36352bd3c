"""The wire: how late its packets are, how many it carries, and how fast TCP is through it. Beside it netem, in User-Mode Linux."""
import json
import os
import subprocess
import time

import bench

LAB = """
lab: hello
networks:
  carrier: { asn: 65010, cities: [LHR] }
clients:
  home: { city: LHR, provider: carrier }
links:
  - { between: [home, carrier], delay: 0ms }
"""
ROUNDS = 5


def pings(backend, *within):
    words = [*within, "/usr/bin/python3", "Benchmarks/pings.py", os.path.abspath(bench.LAB), bench.NAME, backend]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)


def late():
    found = [pings("wire") for _ in range(ROUNDS)]
    bench.report("wire: error of 10,000 pings over 20 links, p99", bench.median([one["p99"] for one in found]),
                 target="1 ms")
    bench.note("p99 of each round: " + ", ".join(f"{one['p99']:.2f}" for one in found)
               + f"; median error {bench.median([one['median'] for one in found]):.2f} ms")
    inside = [pings("netem", "Tests/UserModeLinux/run") for _ in range(3)]
    bench.report("netem in User-Mode Linux: the same, median", bench.median([one["median"] for one in inside]),
                 target="0.5 ms")


def received(lab):
    """Packets that the router's end of the link has received."""
    text = subprocess.run(["ip", "-n", f"{lab.name}.carrier-lhr", "-s", "-j", "link", "show"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return next(link["stats64"]["rx"]["packets"] for link in json.loads(text) if link["ifname"] == "home")


def iperf(lab, *options):
    inside = ["ip", "netns", "exec", f"{lab.name}.carrier-lhr"]
    server = subprocess.Popen([*inside, "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    # What it writes to a pipe may stay in its buffer.
    while not subprocess.run([*inside, "ss", "-Hltn", "sport = :5201"], check=True, stdout=subprocess.PIPE).stdout:
        time.sleep(0.01)
    before, start = received(lab), time.monotonic()
    client = subprocess.run(["ip", "netns", "exec", f"{lab.name}.home", "iperf3", "-J", "-c", "10.1.0.2", "-t", "4",
                             *options], stdout=subprocess.PIPE, text=True)
    rate = (received(lab) - before) / (time.monotonic() - start)
    server.wait()
    return json.loads(client.stdout)["end"], rate


def carried():
    with bench.Lab(LAB) as lab:
        if bench.lab_json("status", lab.name)["links"] != "wire":
            return bench.note("this machine's links are no wire")
        rates = [iperf(lab, "-u", "-b", "0", "-l", "64")[1] / 1000 for _ in range(ROUNDS)]
        bench.report("wire: packets of 64 octets a second, one link", bench.median(rates), target="150 k", unit="k")
        bench.note(f"thousands, of {ROUNDS}: {min(rates):.0f} to {max(rates):.0f}")
        speeds = [iperf(lab)[0]["sum_received"]["bits_per_second"] / 1e9 for _ in range(ROUNDS)]
        bench.report("wire: TCP through an undelayed link", bench.median(speeds), target="2 Gbit/s", unit="Gbit/s")
        bench.note(f"of {ROUNDS}: {min(speeds):.1f} to {max(speeds):.1f}")


def body():
    late()
    carried()


bench.main(body)
