"""The chain of Benchmarks/Wiring by Mininet's Python API. Prints the nanoseconds that COUNT hosts took.

Mininet has no words for IPv6, neighbours and kernel settings: it does less than the others, not more.

  wiring_in_mininet.py COUNT
"""
import resource
import sys
import time

from mininet.net import Mininet


def main():
    count = int(sys.argv[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Mininet would raise limits of the whole machine first, and leave them so.
    Mininet.inited = True
    net = Mininet(controller=None)
    try:
        start = time.monotonic_ns()
        hosts = [net.addHost(f"n{number}", ip=None) for number in range(1, count + 1)]
        for link, (a, b) in enumerate(zip(hosts, hosts[1:])):
            block = f"10.{link + 1 >> 8}.{link + 1 & 255}"
            net.addLink(
                a, b, intfName1=b.name, intfName2=a.name,
                addr1=f"02:00:00:00:{link >> 7:02x}:{link << 1 & 255:02x}",
                addr2=f"02:00:00:00:{link >> 7:02x}:{link << 1 & 255 | 1:02x}",
                params1={"ip": f"{block}.2/31"}, params2={"ip": f"{block}.3/31"})
        print(time.monotonic_ns() - start)
    finally:
        net.stop()


main()
