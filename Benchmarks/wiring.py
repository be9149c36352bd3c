"""Namespaces, veth, addresses and up for a chain of 1,000 nodes: LabRuntime, a bare C program, and Mininet."""
import os
import subprocess

import bench

COUNT = 1000
ROUNDS = 5


def seconds(*words):
    return int(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout) / 1e9


def in_swift():
    try:
        return seconds(".build/release/Wiring", str(COUNT), bench.NAME)
    finally:
        bench.lab("down", bench.NAME)
        bench.settle()


def in_c():
    program, folder = os.environ["bench_wiring_in_c"], "/run/" + bench.NAME
    try:
        return seconds(program, "up", str(COUNT), folder)
    finally:
        subprocess.run([program, "down", str(COUNT), folder], check=True)
        bench.settle()


def in_mininet():
    try:
        return seconds("/usr/bin/python3", "Benchmarks/wiring_in_mininet.py", str(COUNT))
    finally:
        bench.settle()


def body():
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(in_swift())
        bare.append(in_c())
    target = "ratio 1.5"
    bench.report(f"wiring of {COUNT} nodes, beside bare C", bench.median(ours), bench.median(bare), target, "s")
    bench.note(f"of {ROUNDS}: {min(ours):.2f} to {max(ours):.2f} s, C {min(bare):.2f} to {max(bare):.2f} s")
    bench.report(f"wiring of {COUNT} nodes, beside Mininet", bench.median(ours), in_mininet(), "ratio 1", "s")
    bench.note("Mininet once: hosts and links with IPv4 only, without settings and neighbours")


bench.main(body)
