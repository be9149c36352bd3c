"""Sessions of `labd bgp` beside BIRD's: many idle speakers, failures until the kernel's route has moved, and what BFD costs."""
import sys

sys.path.append("Tests/Interop")
import bench
from bgp_bfd import packet_pairs
from bgp_crowd import crowds, multitude
from bgp_failover import failovers


def body():
    bench.isolate()
    crowds()
    failovers()
    packet_pairs()
    multitude()


bench.main(body)
