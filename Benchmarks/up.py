"""`lab up labs/hello.yaml` to converged and probed, and `lab down`."""
import time

import bench

ROUNDS = 10


def milliseconds(body):
    start = time.monotonic_ns()
    body()
    return (time.monotonic_ns() - start) / 1e6


def body():
    lab = bench.Lab.hello()
    ups, downs = [], []
    for _ in range(ROUNDS):
        bench.settle()
        with_lab = milliseconds(lab.up)
        ups.append(with_lab)
        downs.append(milliseconds(lab.down))
    bench.report("lab up labs/hello.yaml, converged and probed", bench.median(ups), target="1500 ms")
    bench.note(f"of {ROUNDS}: {min(ups):.0f} to {max(ups):.0f} ms")
    bench.report("lab down", bench.median(downs), target="300 ms")
    bench.note(f"of {ROUNDS}: {min(downs):.0f} to {max(downs):.0f} ms")


bench.main(body)
