"""The zone that is asked about, and the 500 questions: the same in every run."""

import random
import struct

ORIGIN = "same.test"
SEED = 53

LONG = " ".join(f'"{letter * 200}"' for letter in "abcdefgh")
LABEL = "l" * 60

ZONE = f"""\
$ORIGIN {ORIGIN}.
$TTL 300
@ 600 IN SOA ns1 hostmaster ( 2026010101 1h 10m 1w 60 )
@ NS ns1
@ NS ns2.example.
@ MX 10 mail
@ MX 20 mail.example.
@ TXT "v=spf1 -all" "two" "strings"
@ CAA 0 issue "ca.example"
ns1 A 192.0.2.53
ns1 AAAA 2001:db8:53::53
mail A 192.0.2.25
www 60 A 198.51.100.10
www 60 A 198.51.100.11
www 60 AAAA 2001:db8::10
alias CNAME www
chain1 CNAME chain2
chain2 CNAME chain3
chain3 CNAME alias
away CNAME www.example.com.
dangling CNAME nothing
tosub CNAME host.sub
towild CNAME any.wild
todname CNAME x.old
*.wild TXT "any of them"
*.wild MX 5 mail
present.wild A 192.0.2.61
deep.present.wild A 192.0.2.62
*.cwild CNAME www
*.star.under A 192.0.2.63
a.b.c TXT "below two empty names"
_dns._udp SRV 0 5 53 ns1
_sip._tcp SRV 1 2 5060 sip.example.
ptr PTR www
old DNAME new
x.new A 192.0.2.64
www.new CNAME x
tail DNAME {LABEL}.{LABEL}.{LABEL}
outdn DNAME example.net.
svc SVCB 1 ns1 alpn=h2,h3 port=8443 ipv4hint=192.0.2.1
web HTTPS 1 . alpn=h2
webalias HTTPS 0 www
naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
host HINFO "PDP-11" "UNIX"
ssh SSHFP 4 2 {"0f" * 32}
_443._tcp.www TLSA 3 1 1 {"ab" * 32}
unknown TYPE65280 \\# 4 01020304
big TXT {LONG}
many A 192.0.2.100
{chr(10).join(f"many A 192.0.2.{number}" for number in range(101, 160))}
sub NS ns1.sub
sub NS ns2.sub
sub NS ns.example.
sub DS 60485 8 2 {"cd" * 32}
ns1.sub A 192.0.2.101
ns1.sub AAAA 2001:db8:101::1
ns2.sub A 192.0.2.102
beside NS ns1
beside NS mail
"""

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "AAAA": 28, "LOC": 29,
         "SRV": 33, "NAPTR": 35, "DNAME": 39, "DS": 43, "SSHFP": 44, "TLSA": 52, "SVCB": 64, "HTTPS": 65, "ANY": 255,
         "CAA": 257, "TYPE65280": 65280, "TYPE999": 999}
QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x400, 0x200, 0x100, 0x80, 0x40, 0x20, 0x10


class Query:
    """Octets, how they go, and what is special about them."""

    def __init__(self, kind, octets, text, tcp=False):
        self.kind, self.octets, self.text, self.tcp = kind, octets, text, tcp


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def option_record(size=1232, version=0, flags=0, options=(), name=b"\0", extended=0):
    data = b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)
    return name + struct.pack("!HHBBHH", 41, size, extended, version, flags, len(data)) + data


def message(name, kind, flags=0, edns=True, question_class=1, extra=b"", counts=None, flag_bits=0,
            **options):
    question = wire(name) + struct.pack("!HH", TYPES.get(kind, kind), question_class)
    additional = option_record(flags=flag_bits, **options) if edns else b""
    counts = counts or (1, 0, 0, (1 if edns else 0) + (1 if extra else 0))
    return struct.pack("!HHHHHH", 0, flags, *counts) + question + additional + extra


def owner(line):
    first = line.split()[0]
    return ORIGIN if first == "@" else f"{first}.{ORIGIN}"


def owners():
    return sorted({owner(line) for line in ZONE.splitlines() if line and line[0] != "$"})


def questions():
    """500 queries: existing names and types, then each special kind."""
    random.seed(SEED)
    result = []

    def ask(kind, name, qtype, tcp=False, **options):
        text = f"{name} {qtype} {options or ''}{' tcp' if tcp else ''}"
        result.append(Query(kind, message(name, qtype, **options), text, tcp))

    names, types = owners(), [name for name in TYPES if name != "ANY"]
    pairs = [(name, qtype) for name in names for qtype in types]
    for name, qtype in random.sample(pairs, 200):
        ask("plain", name, qtype, edns=random.random() < 0.7, tcp=random.random() < 0.2)
    for name in names:  # each name with a type that it has
        line = next(line for line in ZONE.splitlines() if line and owner(line) == name)
        ask("there", name, next(word for word in line.split()[1:] if word in TYPES))
    for number in range(30):
        below = random.choice(names)
        ask("negative", f"no{number}.{below}".lstrip("*."), random.choice(types))
    for name in ("any.wild", "a.b.wild", "present.wild", "x.present.wild", "*.wild", "x.*.wild", "q.cwild", "z.star.under",
                 "star.under", "under", "x.under", "b.c", "c", "x.b.c", "WiLd"):
        for qtype in ("TXT", "A", "MX"):
            ask("wildcard", f"{name}.{ORIGIN}", qtype)
    for name in ("sub", "host.sub", "ns1.sub", "a.b.sub", "beside", "x.beside"):
        for qtype in ("A", "NS", "DS", "SOA"):
            ask("delegation", f"{name}.{ORIGIN}", qtype, edns=qtype != "SOA")
    for name in ("chain1", "away", "dangling", "tosub", "towild", "todname", "x.old", "y.old", "www.old", "old", "x.outdn",
                 f"{LABEL}.tail", "a.b.old"):
        for qtype in ("A", "CNAME"):
            ask("chain", f"{name}.{ORIGIN}", qtype)
    for name in (ORIGIN, f"www.{ORIGIN}", f"alias.{ORIGIN}", f"b.c.{ORIGIN}", f"sub.{ORIGIN}", f"no.{ORIGIN}"):
        ask("any", name, "ANY")
    for flags in (0, RD, AD, CD, Z, RD | CD, AD | CD, AA, TC, RA, 0x7, RD | AD | CD | Z):
        ask("flags", f"www.{ORIGIN}", "A", flags=flags)
    for opcode in (1, 2, 5, 6, 15):
        ask("opcode", ORIGIN, "SOA", flags=opcode << 11)
    for question_class in (2, 4, 254, 255):
        ask("class", f"www.{ORIGIN}", "A", question_class=question_class)
    for name in ("id.server", "hostname.bind", "version.bind", "version.server", "other.server", ORIGIN):
        ask("chaos", name, "TXT", question_class=3)
    for name in ("example.com", "test", "x.test", "."):
        ask("outside", name, "A")
    for size in (0, 100, 511, 512, 513, 700, 1000, 1231, 1232, 1233, 4096, 65535):
        for name, qtype in ((f"big.{ORIGIN}", "TXT"), (f"many.{ORIGIN}", "A")):
            ask("size", name, qtype, size=size)
    ask("size", f"big.{ORIGIN}", "TXT", edns=False)
    ask("size", f"big.{ORIGIN}", "TXT", tcp=True)
    ask("size", f"many.{ORIGIN}", "A", edns=False, tcp=True)
    for version in (1, 2, 255):
        ask("version", f"www.{ORIGIN}", "A", version=version)
    for flags in (0x8000, 0x4000, 0x0001):
        octets = message(f"www.{ORIGIN}", "A", flag_bits=flags)
        result.append(Query("edns flags", octets, f"www.{ORIGIN} A edns flags {flags:x}"))
    for options in (((3, b""),), ((65001, b"abc"),), ((12, bytes(20)),), ((65002, b""), (65003, b"x"))):
        ask("options", f"www.{ORIGIN}", "A", options=options)
    result += malformed()
    rest = [(name, qtype) for name, qtype in pairs if qtype in ("A", "AAAA", "TXT", "MX")]
    for name, qtype in random.sample(rest, 500 - len(result)):
        ask("case", "".join(random.choice((letter.upper(), letter)) for letter in name), qtype)
    for number, query in enumerate(result):
        query.octets = struct.pack("!H", number + 1) + query.octets[2:]
    assert len(result) == 500
    return result


def malformed():
    name = f"www.{ORIGIN}"
    good = message(name, "A")
    bare = message(name, "A", edns=False)
    cases = {
        "trailing octet": good + b"\0",
        "question cut off": bare[:-2],
        "name cut off": bare[:20],
        "two questions": struct.pack("!HHHHHH", 0, 0, 2, 0, 0, 0) + bare[12:] * 2,
        "no question": struct.pack("!HHHHHH", 0, 0, 0, 0, 0, 0),
        "two option records": message(name, "A", extra=option_record()),
        "option record with a name": message(name, "A", edns=False, counts=(1, 0, 0, 1),
                                             extra=option_record(name=wire("x"))),
        "option cut off": message(name, "A", edns=False, counts=(1, 0, 0, 1),
                                  extra=option_record(options=((3, b"abcd"),))[:-2]),
        "counts too high": struct.pack("!HHHHHH", 0, 0, 1, 0, 0, 2) + good[12:],
        "label too long": struct.pack("!HHHHHH", 0, 0, 1, 0, 0, 0) + b"\x41" + b"a" * 65 + b"\0\0\1\0\1",
        "compressed question": struct.pack("!HHHHHH", 0, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
        "an answer in the query": struct.pack("!HHHHHH", 0, 0, 1, 1, 0, 0) + bare[12:] + b"\xc0\x0c"
                                  + struct.pack("!HHIH", 1, 1, 60, 4) + b"\1\2\3\4",
    }
    return [Query("malformed", octets, text) for text, octets in cases.items()]
