"""What the benchmarks share: labs that are gone afterwards, medians, and one form of a result line."""
import json
import os
import subprocess
import sys
import tempfile
import time

# What the benchmarks make bears this name, so that no lab of the user is touched.
NAME = os.environ["bench_name"]
# scripts/bench runs all this in the root of the project.
LAB = ".build/release/lab"
IS_QUICK = os.environ.get("bench_quick") == "1"


def rounds(count):
    """How many rounds to take, where `count` make a figure to rely on."""
    return max(1, count // 3) if IS_QUICK else count


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def report(name, ours, peer=None, target="", unit="ms"):
    """One line: our figure, the peer's if there is one, ours by the peer's, and the target."""
    def figure(value):
        return "-" if value is None else f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"
    ratio = f"{ours / peer:.2f}" if peer else "-"
    print(f"{name:<58} {figure(ours):>10} {figure(peer):>10} {ratio:>6}  {target}", flush=True)


def note(text):
    print(f"  {text}", flush=True)


def lab(*words):
    """Runs `lab` and answers what it printed."""
    result = subprocess.run([LAB, *words], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(result.stderr)
    return result.stdout


def lab_json(*words):
    return json.loads(lab(*words, "--json"))


class Lab:
    """A lab that is up inside `with`."""

    def __init__(self, text):
        self.name = NAME
        self.file = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.file.write(text.replace("\nlab: hello\n", f"\nlab: {NAME}\n"))
        self.file.flush()

    @classmethod
    def hello(cls):
        with open("labs/hello.yaml") as file:
            return cls(file.read())

    def up(self):
        lab("up", self.file.name)

    def down(self):
        lab("down", self.name)

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.down()

    def namespace(self, node):
        return f"/run/netns/{self.name}.{node}"


def settle():
    """Waits until the kernel has cleared away the namespaces of the round before, which it does behind our back: its
    workers carry a + before what they are busy with."""
    quiet = 0
    end = time.monotonic() + 60
    while quiet < 5 and time.monotonic() < end:
        quiet = 0 if any(name.endswith("+netns") for name in workers()) else quiet + 1
        time.sleep(0.02)


def workers():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as file:
                yield file.read().strip()
        except OSError:
            pass  # It ended meanwhile.


def isolate():
    """Starts the benchmark anew in a PID, a mount and network namespaces of its own: the end of the process ends all of it."""
    if os.environ.get("BENCH_ISOLATED") != "1":
        os.environ["BENCH_ISOLATED"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                              sys.executable, os.path.abspath(sys.argv[0])])
    for folder in ("/run", "/var/tmp"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "bench", folder], check=True)


def main(body):
    try:
        body()
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {error}")
