"""Round trip over a link that was declared as 10 ms each way, beside what was declared."""
import re
import subprocess

import bench

LAB = """
lab: hello
networks:
  carrier: { asn: 65010, cities: [LHR] }
clients:
  home: { city: LHR, provider: carrier }
links:
  - { between: [home, carrier], delay: 10ms }
"""


def body():
    with bench.Lab(LAB) as lab:
        backend = bench.lab_json("status", lab.name)["links"]
        routes = subprocess.run(
            ["ip", "-n", f"{lab.name}.home", "route", "show", "default"], check=True, stdout=subprocess.PIPE, text=True)
        router = routes.stdout.split()[2]
        pings = subprocess.run(
            ["ip", "netns", "exec", f"{lab.name}.home", "ping", "-n", "-c", "50", "-i", "0.05", router], check=True,
            stdout=subprocess.PIPE, text=True)
        times = [float(text) for text in re.findall(r"time=([0-9.]+)", pings.stdout)]
        bench.report(f"round trip of a link of 2 x 10 ms, {backend}", bench.median(times), 20.0, "20.0 to 21.0 ms")
        bench.note(f"median of {len(times)}; {min(times):.2f} to {max(times):.2f} ms")


bench.main(body)
