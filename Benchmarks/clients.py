"""`lab catchment` of a world with 1,000 clients: probes, paths and forwarding tables of both families, as one command."""
import subprocess
import time

import bench

ROUNDS = 5
CLIENTS = 1000


def body():
    made = subprocess.run(
        ["scripts/make-world", "--clients", str(CLIENTS), "--name", "hello"],
        check=True, stdout=subprocess.PIPE, text=True)
    lab = bench.Lab("\n" + made.stdout)
    bench.settle()
    bench.lab("up", lab.file.name, "--timeout", "600")
    try:
        times, trips = [], []
        for _ in range(bench.rounds(ROUNDS)):
            start = time.monotonic()
            rows = bench.lab_json("catchment", lab.name)["rows"]
            times.append(time.monotonic() - start)
            silent = [row["client"] for row in rows if row["site"] is None or not row["agrees"]]
            if len(rows) != 2 * CLIENTS or silent:
                raise SystemExit(f"{len(rows)} rows, without an answer or with a finding: {silent[:5]}")
            trips.append(max(row["rtt_ms"] for row in rows))
        longest = bench.median(trips)
        bench.report(f"lab catchment, {CLIENTS} clients, two addresses", bench.median(times), unit="s",
                     target=f"{1 + longest / 1000:.2f} s")
        bench.note(f"{min(times):.2f} to {max(times):.2f} s; the longest RTT has {longest:.0f} ms")
    finally:
        lab.down()


bench.main(body)
