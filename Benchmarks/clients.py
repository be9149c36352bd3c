"""`lab catchment` of a world with 1,000 clients: probes, paths and forwarding tables of both families, as one command; and the
same with a prediction of the whole world beside it, which JSON has."""
import csv
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
        times, trips, predicted = [], [], []
        for _ in range(bench.rounds(ROUNDS)):
            start = time.monotonic()
            rows = list(csv.DictReader(bench.lab("catchment", "--lab", lab.name, "--csv").splitlines()))
            times.append(time.monotonic() - start)
            odd = [row["client"] for row in rows if not row["site"] or row["finding"]]
            if len(rows) != 2 * CLIENTS or odd:
                raise SystemExit(f"{len(rows)} rows, without an answer or with a finding: {odd[:5]}")
            trips.append(max(float(row["rtt_ms"]) for row in rows))
            start = time.monotonic()
            bench.lab("catchment", "--lab", lab.name, "--json")
            predicted.append(time.monotonic() - start)
        longest = bench.median(trips)
        bench.report(f"lab catchment, {CLIENTS} clients, two addresses", bench.median(times), unit="s",
                     target=f"{1 + longest / 1000:.2f} s")
        bench.note(f"{min(times):.2f} to {max(times):.2f} s; the longest RTT has {longest:.0f} ms; "
                   f"with a prediction of all {bench.median(predicted):.2f} s")
    finally:
        lab.down()


bench.main(body)
