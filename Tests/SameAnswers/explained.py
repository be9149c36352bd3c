"""Differences that are meant: what differs, from whom, and which sentence we follow."""


class Difference:
    """`test` is asked with the query, the names of the parts that differ, and these parts: (ours, theirs) by name."""

    def __init__(self, title, servers, rule, test):
        self.title, self.servers, self.rule, self.test = title, servers, rule, test

    def fits(self, server, query, ours, found):
        return server in self.servers and self.test(query, set(found), found)


def code(found, ours, theirs):
    return found.get("code") == (ours, theirs)


EXPLAINED = [
    Difference(
        "addresses of MX, SRV, SVCB and HTTPS targets", ["NSD"],
        "RFC 1034, 4.3.2, step 6: \"attempt to add other RRs which may be useful to the additional section\"",
        lambda query, parts, found: parts == {"additional"} and not found["additional"][1]),
    Difference(
        "ANY", ["Knot", "NSD"],
        "RFC 8482, 4.1: \"A DNS responder can choose to select one or a larger subset of the available RRsets at the QNAME\"",
        lambda query, parts, found: query.kind == "any" and parts in ({"answer"}, {"additional"})
        and all(found.get("answer", (True, True)))),
    Difference(
        "RCODE in a query", ["NSD"],
        "RFC 1035, 4.1.1: \"this 4 bit field is set as part of responses\"",
        lambda query, parts, found: query.kind == "flags" and query.octets[3] & 15 != 0 and code(found, 0, 1)),
    Difference(
        "errors without the question or the OPT record", ["Knot", "NSD"],
        "RFC 6891, 6.1.1: \"compliant responders MUST include an OPT record in their respective responses\"",
        lambda query, parts, found: parts and parts <= {"edns", "questions"} and query.kind in ("opcode", "malformed", "class")),
    Difference(
        "UPDATE", ["Knot"],
        "RFC 1035, 4.1.1, RCODE 4: \"The name server does not support the requested kind of query\"",
        lambda query, parts, found: query.kind == "opcode" and parts == {"code"} and code(found, 4, 9)),
    Difference(
        "AA for QCLASS *", ["Knot"],
        "RFC 1035, 6.2: \"the response should never be authoritative unless the server can guarantee that the response covers "
        "all classes\"",
        lambda query, parts, found: query.kind == "class" and parts == {"flags"}),
    Difference(
        "AA in class CHAOS", ["Knot", "NSD"],
        "RFC 1035, 4.1.1, AA: \"the responding name server is an authority for the domain name in question section\"",
        lambda query, parts, found: query.kind == "chaos" and parts == {"flags"}),
    Difference(
        "queries that cannot be read", ["Knot"],
        "RFC 1035, 4.1.1, RCODE 1: \"The name server was unable to interpret the query\": an answer, not silence",
        lambda query, parts, found: query.kind == "malformed" and parts == {"silence"}),
    Difference(
        "an OPT record with a name", ["Knot"], "RFC 6891, 6.1.2, NAME: \"MUST be 0 (root domain)\"",
        lambda query, parts, found: query.text == "option record with a name" and code(found, 1, 0)),
    Difference(
        "octets behind the message", ["NSD"],
        "RFC 1035, 4.1.1, RCODE 1: the counts and the length contradict each other",
        lambda query, parts, found: query.text == "trailing octet" and code(found, 1, 0)),
    Difference(
        "records in the answer section of a query", ["NSD"],
        "RFC 1035, 4.1.1: ANCOUNT has no range of its own in queries; the question is clear, and answered",
        lambda query, parts, found: query.text == "an answer in the query" and code(found, 0, 1)),
]
