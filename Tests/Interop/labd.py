"""Our speaker under test, and what it is told."""

import json
import os
import signal
import socket
import subprocess

from node import NotYet

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/release/labd")


class Labd:
    """`labd bgp` in a node, with a control channel."""

    def __init__(self, node, folder, configuration):
        self.node, self.folder = node, folder
        self.file = f"{folder}/labd.json"
        with open(self.file, "w") as file:
            json.dump(configuration, file)
        self.process = None
        self.start()

    def start(self):
        ours, theirs = socket.socketpair()
        words = [PROGRAM, "bgp", "--config", self.file, "--control", str(theirs.fileno())]
        # The part of the log since this start tells of a refused key.
        log = f"{self.folder}/labd.log"
        before = os.path.getsize(log) if os.path.exists(log) else 0
        self.process = self.node.spawn(words, log, pass_fds=[theirs.fileno()])
        theirs.close()
        ours.settimeout(20)
        self.control, self.lines, self.events, self.number = ours, ours.makefile("rb"), [], 0
        first = self.lines.readline()
        if json.loads(first or "{}").get("event") != "ready":
            self.process.wait()
            with open(log) as file:
                file.seek(before)
                said = file.read().strip()
            if self.process.returncode == 2 and "unknown key" in said:
                raise NotYet(said)
            raise RuntimeError(f"labd ended with {self.process.returncode}: {said}")
        self.send("start")

    def send(self, verb, **members):
        self.control.sendall(json.dumps({"do": verb, **members}).encode() + b"\n")

    def ask(self, verb, **members):
        self.number += 1
        self.send(verb, id=self.number, **members)
        while True:
            line = self.lines.readline()
            if not line:
                raise RuntimeError(f"labd has ended: {self.process.wait()}")
            message = json.loads(line)
            if message.get("reply") == self.number:
                return message
            self.events.append(message)

    def session(self, name):
        return next(each for each in self.ask("counters")["sessions"] if each["name"] == name)

    def is_established(self, name):
        return self.session(name)["state"] == "Established"

    def ends(self, name):
        """How often a session has ended, by the events until now."""
        self.ask("counters")
        return [
            each["reason"] for each in self.events
            if each.get("event") == "session" and each["name"] == name and each["state"] != "Established"
        ]

    def routes(self, name):
        """What came from a neighbour and is accepted: prefix to route."""
        peer = next(each["peer"] for each in self.ask("counters")["sessions"] if each["name"] == name)
        found, place = {}, 0
        while place is not None:
            page = self.ask("show", view="accepted", peer=peer, **{"from": place})
            found.update({each["prefix"]: each for each in page["routes"]})
            place = page.get("next")
        return found

    def stop(self):
        """Ends it in good order: Cease, and nothing left in the kernel."""
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise RuntimeError("labd does not end on a signal")
        self.lines.close()
        self.control.close()
