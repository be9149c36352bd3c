"""100 consecutive `up`, check and `down` of labs/hello.yaml: what fails, and what the kernel keeps."""
import os
import subprocess
import time

import bench

ROUNDS = 30 if bench.IS_QUICK else 100
# What the kernel sets up once, such as its caches, is there after so many rounds.
WARM = 10


def kernel():
    """What the kernel has of things that a lab makes, with its caches given back."""
    bench.settle()
    os.sync()
    for place, word in (("/proc/sys/vm/drop_caches", "3"),):
        with open(place, "w") as file:
            file.write(word)
    counts = {}
    with open("/proc/meminfo") as file:
        counts["unreclaimable slab, kB"] = next(int(line.split()[1]) for line in file if line.startswith("SUnreclaim"))
    with open("/proc/slabinfo") as file:
        for line in file:
            if line.split()[0] in ("net_namespace", "mnt_cache", "task_struct", "TCP", "pid_namespace"):
                counts[line.split()[0]] = int(line.split()[1])
    counts["processes"] = sum(map(str.isdigit, os.listdir("/proc")))
    with open("/proc/self/mountinfo") as file:
        counts["mounts"] = sum(1 for _ in file)
    return counts


def is_right(lab):
    """Whether London is served in London."""
    answer = subprocess.run(
        ["ip", "netns", "exec", f"{lab.name}.london-home", "dig", "+short", "@192.0.2.53", "CH", "TXT", "id.server"],
        capture_output=True, text=True)
    return answer.stdout == '"london"\n'


def body():
    lab = bench.Lab.hello()
    wrong = 0
    times = []
    for index in range(ROUNDS):
        if index == WARM:
            before = kernel()
        start = time.monotonic()
        lab.up()
        wrong += not is_right(lab)
        lab.down()
        times.append((time.monotonic() - start) * 1000)
    after = kernel()
    bench.report(f"up, check and down of hello, {ROUNDS} rounds", bench.median(times))
    bench.note(f"{min(times):.0f} to {max(times):.0f} ms; wrong answers: {wrong}")
    for name, count in after.items():
        bench.note(f"{name}: {before[name]} after {WARM} rounds, {count} after {ROUNDS}")


bench.main(body)
