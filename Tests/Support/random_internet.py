"""Random internets without valleys, as lab files: what the runners of Tests/SameChoice and Tests/SamePrediction bring up."""

import random


def internet(name, seed, size=(20, 30), daemon=None, clients=0, policies=False, servers=False):
    """A lab file. Providers have a lower number than their customers; the order in the file, by which addresses and so
    BGP Identifiers are given, is another one. With `policies`, some relations say prepend, MED or LOCAL_PREF; with
    `servers`, some sites have several."""
    dice = random.Random(seed)
    count = dice.randint(*size)
    core = dice.randint(1, 4)
    providers, peers, joined = {}, {}, set()
    for number in range(count):
        providers[number], peers[number] = [], []
        if number < core:
            peers[number] = list(range(number))
            continue
        for other in dice.sample(range(number), min(number, dice.randint(1, 3))):
            providers[number].append(other)
            joined.add((other, number))
    for _ in range(dice.randint(0, count)):
        pair = tuple(sorted(dice.sample(range(core, count), 2)))
        if pair not in joined:
            joined.add(pair)
            peers[pair[0]].append(pair[1])

    def place():
        return f"[{dice.uniform(36, 60):.2f}, {dice.uniform(-10, 30):.2f}]"

    cities = {number: [place() for _ in range(dice.choice([1, 1, 1, 1, 2, 3]))] for number in range(count)}
    def relation(name):
        bends = ["prepend: 1", "prepend: 2", "med: 10", "local-preference: 250", "local-preference: 80"]
        if not policies or dice.random() > 0.2:
            return name
        return f"{{ network: {name}, {dice.choice(bends)} }}"

    lines = [f"lab: {name}", "timers: fast", "networks:"]
    for number in dice.sample(range(count), count):
        neighbours = ", ".join(relation(f"n{each}") for each in providers[number])
        sides = ", ".join(relation(f"n{each}") for each in peers[number])
        lines.append(f"  n{number}: {{ asn: {64600 + number}, cities: [{', '.join(cities[number])}],"
                     f" providers: [{neighbours}], peers: [{sides}]{f', daemon: {daemon}' if daemon else ''} }}")
    lines += ["services:", "  dns: { asn: 64500, addresses: [192.0.2.53, 2001:db8:53::53] }", "sites:"]
    for number in range(dice.randint(1, 3)):
        homes = ", ".join(relation(f"n{each}") for each in dice.sample(range(count), dice.randint(1, 2)))
        several = f", servers: {dice.randint(2, 4)}" if servers and dice.random() < 0.4 else ""
        lines.append(f"  site{number}: {{ city: {place()}, providers: [{homes}]{several} }}")
    if clients:
        lines.append("clients:")
    for number, network in enumerate(dice.sample(range(count), min(clients, count))):
        lines.append(f"  user{number}: {{ city: {place()}, provider: n{network} }}")
    return "\n".join(lines) + "\n"
