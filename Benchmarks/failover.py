"""How long a client of London gets no answer, or still one from London, when London fails.

The client asks every 10 ms who answers. The gap is from the fault, as the lab's events date it, to the first answer of
another site. The path to that site is no fault of ours: the gap is shown less its round trip too.
"""
import ctypes
import os
import select
import socket
import struct
import subprocess
import time

import bench

ROUNDS = 10
INTERVAL = 10_000_000
PATIENCE = 20_000_000_000
# A question CH TXT id.server (RFC 4892) without its number.
QUESTION = b"\1\0\0\1\0\0\0\0\0\0\2id\6server\0\0\x10\0\3"


def socket_inside(path):
    """A UDP socket of a namespace; it keeps it when the thread goes home."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(descriptor):
        if libc.setns(descriptor, 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(path, os.O_RDONLY)
    enter(there)
    try:
        result = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    finally:
        enter(home)
        os.close(home)
        os.close(there)
    result.setblocking(False)
    result.connect(("192.0.2.53", 53))
    return result


class Client:
    """Asks every 10 ms, and remembers who answered when."""

    def __init__(self, path):
        self.socket = socket_inside(path)
        self.sent = {}
        self.number = 0
        self.next = time.monotonic_ns()

    def step(self):
        """Asks when it is time, and answers what has come: (site, when, round trip) or None."""
        now = time.monotonic_ns()
        if now >= self.next:
            self.next = max(self.next + INTERVAL, now)
            self.number = self.number + 1 & 0xFFFF
            self.sent[self.number] = now
            try:
                self.socket.send(struct.pack(">H", self.number) + QUESTION)
            except OSError:
                pass  # The network says that there is no way now: the next one may be there.
        if not select.select([self.socket], [], [], max(0, self.next - time.monotonic_ns()) / 1e9)[0]:
            return None
        try:
            answer = self.socket.recv(512)
        except OSError:
            return None
        now = time.monotonic_ns()
        number, = struct.unpack(">H", answer[:2])
        record = answer.rfind(b"\0\x10\0\3")  # The TXT record's type and class; then TTL, length, and the text.
        text = answer[record + 11:record + 11 + answer[record + 10]].decode()
        return text, now, now - self.sent[number]

    def until(self, count, wanted):
        """Goes on until `count` answers in a row are `wanted`, and answers them."""
        end = time.monotonic_ns() + PATIENCE
        row = []
        while len(row) < count:
            if time.monotonic_ns() > end:
                raise SystemExit("error: the client waited 20 s for an answer")
            answer = self.step()
            if answer:
                row = row + [answer] if wanted(answer[0]) else []
        return row


def gap(lab, client, how):
    """One fault and its end. Milliseconds to the first answer of another site, and of the path to it and back."""
    client.until(50, lambda site: site == "london")
    fault = subprocess.Popen([bench.LAB, "fail", "london", "--how", how, "--lab", lab.name])
    answers = client.until(30, lambda site: site != "london")
    if fault.wait() != 0:
        raise SystemExit("error: lab fail failed")
    events = bench.lab("events", "--json", "--lab", lab.name).splitlines()
    began = [event for event in map(bench.json.loads, events) if event["event"] == "fail"][-1]["time_ns"]
    bench.lab("heal", "london", "--lab", lab.name)
    client.until(50, lambda site: site == "london")
    return (answers[0][1] - began) / 1e6, bench.median([trip for _, _, trip in answers]) / 1e6


def body():
    with bench.Lab.hello() as lab:
        client = Client(lab.namespace("london-home"))
        for how, target in (("link-down", 200), ("withdraw", 50)):
            rounds = [gap(lab, client, how) for _ in range(ROUNDS)]
            gaps, rest = [total for total, _ in rounds], [total - trip for total, trip in rounds]
            bench.report(f"{how}: fault to answer of another site", bench.median(gaps))
            bench.report(f"{how}: less the round trip to it", bench.median(rest), target=f"{target} ms")
            bench.note(f"round trip {bench.median([trip for _, trip in rounds]):.0f} ms; worst of {ROUNDS}: "
                       f"{max(gaps):.0f} ms, less the round trip {max(rest):.0f} ms")


bench.main(body)
