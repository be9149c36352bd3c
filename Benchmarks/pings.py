"""`pings.py LAB NAME netem|wire`: 10,000 pings over 20 links of 10 ms each way at once. Prints JSON: how much more than 20 ms the
round trips took, in milliseconds. Runs directly and inside User-Mode Linux."""
import json
import re
import subprocess
import sys
import tempfile

LINKS, PINGS = 20, 500


def main(lab, name, backend):
    clients = [f"home{number}" for number in range(LINKS)]
    text = f"lab: {name}\nnetworks:\n  carrier: {{ asn: 65010, cities: [LHR] }}\nclients:\n"
    text += "".join(f"  {client}: {{ city: LHR, provider: carrier }}\n" for client in clients)
    text += "links:\n" + "".join(f"  - {{ between: [{client}, carrier], delay: 10ms }}\n" for client in clients)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        subprocess.run([lab, "up", file.name, "--links", backend], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        try:
            running = [subprocess.Popen(
                ["ip", "netns", "exec", f"{name}.{client}", "ping", "-n", "-i", "0.01", "-c", str(PINGS),
                 # Each client's router is at the lower address of its link.
                 f"10.1.0.{2 * number + 2}"], stdout=subprocess.PIPE, text=True)
                for number, client in enumerate(clients)]
            texts = [process.communicate()[0] for process in running]
        finally:
            subprocess.run([lab, "down", name], check=True, stdout=subprocess.DEVNULL)
    late = sorted(float(time) - 20 for text in texts for time in re.findall(r"time=([0-9.]+)", text))
    print(json.dumps({"answered": len(late), "least": late[0], "median": late[len(late) // 2],
                      "p99": late[int(len(late) * 0.99)], "most": late[-1]}))


main(*sys.argv[1:4])
