"""What the kernel says of the memory of a process, in kB."""


def private(pid):
    """What no other process shares."""
    return sum(size for name, size in sizes(pid) if name in ("Private_Clean", "Private_Dirty"))


def proportional(pid):
    """PSS: of what is shared, its part."""
    return sum(size for name, size in sizes(pid) if name == "Pss")


def sizes(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if rest.endswith(" kB\n"):
                yield name, int(rest.split()[0])
