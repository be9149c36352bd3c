"""`lab apply` of a lab of 100 nodes: nothing changed, one delay changed, one site more and one less."""
import time

import bench

ROUNDS = 20
ROUTERS = 48
CITIES = ["FRA", "AMS", "LHR", "CDG", "JFK", "SIN", "NRT", "GRU"]


def text(delay="5ms", has_site_more=False):
    """A chain of networks with a client each, and four sites: 100 nodes without the site more."""
    networks = [f"  n{index}: {{ asn: {64512 + index}, cities: [{CITIES[index % 8]}]"
                + (f", providers: [n{index - 1}] }}" if index else " }") for index in range(ROUTERS)]
    sites = [f"  s{index}: {{ service: dns, city: {CITIES[index]}, providers: [n{index * 12}] }}" for index in range(4)]
    if has_site_more:
        sites.append("  s4: { service: dns, city: GRU, providers: [n7] }")
    clients = [f"  c{index}: {{ city: {CITIES[index % 8]}, provider: n{index} }}" for index in range(ROUTERS)]
    return "\n".join([
        "", "lab: hello", "networks:", *networks, "services:", "  dns:", "    asn: 64500", "    addresses: [192.0.2.53]",
        '    zone: { origin: hello.test, records: [ "www 300 A 198.51.100.10" ] }', "sites:", *sites, "clients:", *clients,
        "links:", f"  - {{ between: [c0, n0], delay: {delay} }}", ""])


def milliseconds(body):
    start = time.monotonic()
    body()
    return (time.monotonic() - start) * 1000


def body():
    with bench.Lab(text()) as lab:
        def apply(new):
            with open(lab.file.name, "w") as file:
                file.write(new.replace("\nlab: hello\n", f"\nlab: {lab.name}\n"))
            return milliseconds(lambda: bench.lab("apply", lab.file.name))

        nodes = len(bench.lab_json("status", lab.name)["nodes"])
        rounds = bench.rounds(ROUNDS)
        same = [apply(text()) for _ in range(rounds)]
        bench.report(f"lab apply, {nodes} nodes, nothing changed", bench.median(same), target="100 ms")
        delays = [apply(text(delay=f"{6 + index}ms")) for index in range(rounds)]
        bench.report("the same, one delay changed", bench.median(delays))
        apply(text())
        sites = [apply(text(has_site_more=index % 2 == 0)) for index in range(rounds // 2 * 2)]
        bench.report("the same, a site more, converged", bench.median(sites[::2]))
        bench.report("the same, a site less, converged", bench.median(sites[1::2]))


bench.main(body)
