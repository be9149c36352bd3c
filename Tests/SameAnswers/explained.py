"""Differences that are meant: what differs, from whom, and which sentence we follow."""


class Difference:
    """`test` is asked with the query, our answer and the parts that differ."""

    def __init__(self, title, servers, rule, test):
        self.title, self.servers, self.rule, self.test = title, servers, rule, test

    def fits(self, server, query, ours, found):
        return server in self.servers and self.test(query, ours, found)


EXPLAINED = []
