"""A table like that of the Internet, and the neighbours that announce it and take it.

The table is made up, and the same each time: prefix lengths, path lengths, prepending and communities are spread as in a real
one, where about seven prefixes share their attributes and a few origins have hundreds. AS numbers are private ones.
"""
import itertools
import random
import selectors
import socket
import struct
import time

OUR_ASN, FEED_ASN, FIRST_SINK_ASN = 65001, 65002, 65100
LENGTHS = {24: 60, 23: 12, 22: 11, 21: 5, 20: 5, 19: 4, 18: 1.5, 16: 1.5}
MARKER = b"\xff" * 16
OPEN, UPDATE, KEEPALIVE = 1, 2, 4


def message(kind, body=b""):
    return MARKER + struct.pack(">HB", 19 + len(body), kind) + body


def open_message(asn, identifier):
    """With IPv4 unicast and 4-octet AS numbers."""
    capabilities = b"\x01\x04\x00\x01\x00\x01" + b"\x41\x04" + struct.pack(">I", asn)
    parameters = bytes([2, len(capabilities)]) + capabilities
    return message(OPEN, struct.pack(">BHH4sB", 4, asn, 240, socket.inet_aton(identifier), len(parameters)) + parameters)


def attribute(flags, kind, value):
    return struct.pack(">BBH", flags | 0x10, kind, len(value)) + value


def prefixes(count, generator):
    """Prefixes side by side from 1.0.0.0 on, as NLRI."""
    lengths = generator.choices(list(LENGTHS), LENGTHS.values(), k=count)
    address = 0x01000000
    for length in lengths:
        size = 1 << 32 - length
        address = address + size - 1 & -size
        for low, high in ((0x0A000000, 0x0AFFFFFF), (0x7F000000, 0x7FFFFFFF)):
            if low <= address <= high:
                address = high + 1
        yield bytes([length]) + address.to_bytes(4, "big")[:length + 7 >> 3]
        address += size


def attributes(generator, origin, next_hop):
    transits = [generator.choice(range(64512, 65000)) for _ in range(generator.choices((0, 1, 2, 3, 4), (3, 22, 40, 25, 10))[0])]
    path = [FEED_ASN, *transits] + [4_200_000_000 + origin] * generator.choices((1, 2, 3, 5), (80, 10, 7, 3))[0]
    result = attribute(0x40, 1, b"\0")
    result += attribute(0x40, 2, bytes([2, len(path)]) + struct.pack(f">{len(path)}I", *path))
    result += attribute(0x40, 3, socket.inet_aton(next_hop))
    if generator.random() < 0.6:
        values = [generator.choice(range(64512, 65000)) << 16 | generator.randrange(1000)
                  for _ in range(generator.choice((1, 2, 3, 5, 8, 12)))]
        result += attribute(0xC0, 8, struct.pack(f">{len(values)}I", *sorted(values)))
    return result


def table(count, next_hop):
    """The UPDATE messages of a table, End-of-RIB included."""
    generator = random.Random(count)
    rest = prefixes(count, generator)
    updates = []
    while True:
        # Of an origin's prefixes those that are engineered alike share their attributes.
        origin = generator.randrange(60_000)
        for _ in range(generator.choice((1, 1, 2, 3))):
            group = list(itertools.islice(rest, min(700, int(generator.paretovariate(1.05)))))
            if not group:
                generator.shuffle(updates)
                return b"".join(updates) + message(UPDATE, b"\0\0\0\0")
            share = attributes(generator, origin, next_hop)
            updates.append(message(UPDATE, struct.pack(">HH", 0, len(share)) + share + b"".join(group)))


class Late(Exception):
    """Something has not happened in time."""


class Neighbour:
    """A session that this program opens."""

    def __init__(self, selector, local, remote, asn, counts):
        self.local, self.asn, self.counts = local, asn, counts
        self.incoming, self.outgoing, self.is_up, self.prefixes, self.bytes = bytearray(), memoryview(b""), False, 0, 0
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        self.socket.bind((local, 0))
        self.socket.connect((remote, 179))
        self.socket.setblocking(False)
        self.socket.sendall(open_message(asn, local))
        self.selector = selector
        selector.register(self.socket, selectors.EVENT_READ, self)

    def send(self, data):
        self.outgoing = memoryview(data)
        self.selector.modify(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def handle(self, events):
        if events & selectors.EVENT_WRITE:
            self.outgoing = self.outgoing[self.socket.send(self.outgoing[:1 << 20]):]
            if not self.outgoing:
                self.selector.modify(self.socket, selectors.EVENT_READ, self)
        if events & selectors.EVENT_READ:
            data = self.socket.recv(1 << 20)
            if not data:
                raise SystemExit(f"error: the session of {self.local} was closed")
            self.bytes += len(data)
            if self.counts or not self.is_up:
                self.incoming += data
                self.parse()

    def parse(self):
        start = 0
        while len(self.incoming) - start >= 19:
            length, kind = struct.unpack_from(">HB", self.incoming, start + 16)
            if len(self.incoming) - start < length:
                break
            self.take(kind, start, length)
            start += length
        del self.incoming[:start]

    def take(self, kind, start, length):
        if kind == OPEN:
            self.socket.sendall(message(KEEPALIVE))
        elif kind == KEEPALIVE:
            self.is_up = True
        elif kind == UPDATE:
            withdrawn, = struct.unpack_from(">H", self.incoming, start + 19)
            shared, = struct.unpack_from(">H", self.incoming, start + 21 + withdrawn)
            at, end = start + 23 + withdrawn + shared, start + length
            while at < end:
                at += 1 + (self.incoming[at] + 7 >> 3)
                self.prefixes += 1
        else:
            raise SystemExit(f"error: {self.local} got message {kind}: {bytes(self.incoming[start + 19:start + length])}")


class Neighbours:
    """A neighbour that announces a table and some that take it; the first of them counts."""

    def __init__(self, remote, feed, sinks):
        self.selector = selectors.DefaultSelector()
        self.feed = Neighbour(self.selector, feed, remote, FEED_ASN, False)
        self.sinks = [Neighbour(self.selector, address, remote, FIRST_SINK_ASN + number, number == 0)
                      for number, address in enumerate(sinks)]
        self.keepalive = time.monotonic() + 30
        self.run(lambda: all(each.is_up for each in self.all()), 60)

    def all(self):
        return [self.feed, *self.sinks]

    def run(self, is_done, limit):
        """Serves the sessions until something is true."""
        end = time.monotonic() + limit
        while not is_done():
            if time.monotonic() > end:
                raise Late(f"after {limit} s: {[(each.is_up, each.prefixes) for each in self.all()]}")
            if time.monotonic() > self.keepalive:
                self.keepalive = time.monotonic() + 30
                for each in self.all():
                    if not each.outgoing:
                        each.socket.sendall(message(KEEPALIVE))
            for key, events in self.selector.select(0.05):
                key.data.handle(events)

    def close(self):
        for each in self.all():
            each.socket.close()
