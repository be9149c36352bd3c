"""Reads what a server answers."""

import struct

# Types whose data has names that may be compressed: octets before the first, and how many.
NAMES = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1), 33: (6, 1), 39: (0, 1)}


class Answer:
    """A message, in parts that can be compared."""

    PARTS = ("id", "opcode", "code", "flags", "questions", "edns", "answer", "authority", "additional")

    def __init__(self, octets):
        self.octets = octets
        self.id, flags, *counts = struct.unpack("!HHHHHH", octets[:12])
        self.opcode, self.flags = flags >> 11 & 15, f"{flags & 0x87f0:04x}"
        self.code, self.edns, offset = flags & 15, None, 12
        self.questions = []
        for _ in range(counts[0]):
            name, offset = self.name(offset)
            self.questions.append((name, *struct.unpack("!HH", octets[offset:offset + 4])))
            offset += 4
        sections = []
        for count in counts[1:]:
            records = []
            for _ in range(count):
                record, offset = self.record(offset)
                if record:
                    records.append(record)
            sections.append(sorted(records))
        self.answer, self.authority, self.additional = sections

    def name(self, offset):
        labels, end = [], None
        while True:
            length = self.octets[offset]
            if length >= 0xC0:
                end = end or offset + 2
                offset = struct.unpack("!H", self.octets[offset:offset + 2])[0] & 0x3FFF
            elif length == 0:
                return ".".join(labels) + ".", end or offset + 1
            else:
                labels.append(self.octets[offset + 1:offset + 1 + length].decode("latin-1").lower())
                offset += 1 + length

    def record(self, offset):
        owner, offset = self.name(offset)
        kind, record_class, ttl, size = struct.unpack("!HHIH", self.octets[offset:offset + 10])
        start, end = offset + 10, offset + 10 + size
        if kind == 41:
            self.code |= ttl >> 24 << 4
            self.edns = f"version {ttl >> 16 & 255}, DO {ttl >> 15 & 1}"
            return None, end
        prefix, count = NAMES.get(kind, (0, 0))
        data, position = [self.octets[start:start + prefix].hex()], start + prefix
        for _ in range(count):
            name, position = self.name(position)
            data.append(name)
        # Text in names within other data is compared in lower case too.
        rest = self.octets[position:end]
        data.append((rest.lower() if kind in (64, 65) else rest).hex())
        return (owner, kind, record_class, ttl, *data), end
