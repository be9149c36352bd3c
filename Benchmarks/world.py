"""`lab up labs/world.yaml` to converged and probed, its memory, its idle CPU, and `lab down`.

BENCH_SITES=1000 takes a larger world."""
import os
import subprocess
import time

import bench

ROUNDS = 3
SITES = os.environ.get("BENCH_SITES", "339")


def seconds(body):
    start = time.monotonic()
    body()
    return time.monotonic() - start


def available():
    """Memory that the machine has left, in kilobytes: what the lab takes of it counts kernel and processes alike."""
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable:"))


def daemons(lab):
    """The process numbers of the lab's daemons and of its supervisor."""
    status = bench.lab_json("status", lab.name)
    listed = [process["pid"] for node in status["nodes"] for process in node["processes"]]
    listed += [status["wire"]["pid"]] if status["wire"] else []
    with open(f"/proc/{listed[0]}/status") as file:
        parent = next(int(line.split()[1]) for line in file if line.startswith("PPid:"))
    return listed + [parent]


def cpu(processes):
    """Seconds of CPU that the processes have used."""
    ticks = 0
    for pid in processes:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def body():
    made = subprocess.run(
        ["scripts/make-world", "--sites", SITES, "--name", "hello"], check=True, stdout=subprocess.PIPE, text=True)
    lab = bench.Lab("\n" + made.stdout)
    ups, downs, memories, works, idles = [], [], [], [], []
    for _ in range(ROUNDS):
        bench.settle()
        before = available()
        ups.append(seconds(lambda: bench.lab("up", lab.file.name, "--timeout", "600")))
        memories.append((before - available()) / 1024)
        processes = daemons(lab)
        works.append(cpu(processes))
        start = time.monotonic()
        time.sleep(10)
        idles.append((cpu(processes) - works[-1]) / (time.monotonic() - start) * 100)
        downs.append(seconds(lab.down))
    name = f"world of {SITES} sites"
    bench.report(f"lab up, {name}, converged and probed", bench.median(ups), target="12 s", unit="s")
    bench.note(f"of {ROUNDS}: {min(ups):.1f} to {max(ups):.1f} s; {bench.median(works):.1f} s of CPU in its daemons")
    bench.report(f"memory in all, {name}", bench.median(memories), target="2500 MB", unit="MB")
    bench.report(f"CPU of all daemons at rest, {name}", bench.median(idles), target="near 0", unit="%")
    bench.report(f"lab down, {name}", bench.median(downs), target="3 s", unit="s")


bench.main(body)
