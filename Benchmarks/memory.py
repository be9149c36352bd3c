"""Private memory of the daemons of labs/hello.yaml, idle after convergence."""
import sys

sys.path.append("Tests/Support")
import bench
from process_memory import private


def parent(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("PPid:"))


def body():
    with bench.Lab.hello() as lab:
        status = bench.lab_json("status", lab.name)
        processes = [process for node in status["nodes"] for process in node["processes"]]
        supervisor = parent(processes[0]["pid"])
        of_role = {role: [private(process["pid"]) for process in processes if process["role"] == role]
                   for role in ("bgp", "dns")}
        together = sum(map(bench.median, of_role.values()))
        bench.report("private memory, labd bgp + labd dns, medians", together, target="1500 kB", unit="kB")
        for role, sizes in of_role.items():
            bench.report(f"private memory, labd {role}, median of {len(sizes)}", bench.median(sizes), unit="kB")
            bench.note(f"most {max(sizes)} kB")
        if status["wire"]:
            bench.report("private memory, labd wire", private(status["wire"]["pid"]), unit="kB")
        bench.report("private memory, labd supervise", private(supervisor), unit="kB")


bench.main(body)
