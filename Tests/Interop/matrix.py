"""The table."""

from report import CHECKS, NO, NOT_THERE, NOT_YET

# A no that is as it should be: (check, daemon) to what must have been found, and the reason.
EXPLAINED = {
    ("both", "openbgpd"): (
        "found ({}, set())",
        "OpenBGPD 7.7 names ::1 as the next hop of IPv6 over an IPv4 session. RFC 4760, section 3: the field holds"
        " the address \"of the next router on the path to the destination system\"; RFC 4271, section 6.3: a next hop that"
        " is semantically incorrect is logged and \"the route SHOULD be ignored\". The session and IPv4 live on; over an"
        " IPv6 session its IPv6 routes are right."
    ),
    ("our_kernel", "frr"): (
        "left our kernel: ",
        "FRR 8.4 sets the Restart State bit for the first 120 s of its life. RFC 4724, section 4.1: a speaker that"
        " restarts waits for the End-of-RIB of all its peers \"excluding the ones with the 'Restart State' bit set\"."
    ),
}


def markdown(results, kinds):
    """The table in Markdown, with a line below it for each cell that is not yes."""
    lines = ["| check | " + " | ".join(kinds[name].title for name in results) + " |"]
    lines.append("| --- |" + " --- |" * len(results))
    for check, title in CHECKS.items():
        lines.append(f"| {title} | " + " | ".join(results[name][check][0] for name in results) + " |")
    notes = [
        f"- {kinds[name].title}, {CHECKS[check]}: {word}: {explanation(check, name, why) or why}"
        for name, cells in results.items()
        for check, (word, why) in cells.items()
        if word in (NO, NOT_THERE)
    ]
    words = [cell for cells in results.values() for cell in cells.values()]
    missing = sorted({why.split(": ")[-2] for word, why in words if word == NOT_YET})
    if missing:
        notes.append("- not yet: labd does not know " + ", ".join(key.split(".")[-1] for key in missing))
    return "\n".join(lines + [""] + notes) + "\n"


def explanation(check, name, why):
    """Why a no is right, if what was found is what has been explained."""
    found, reason = EXPLAINED.get((check, name), (None, None))
    return reason if found is not None and found in why else None


def is_explained(results):
    """Whether every no has a reason in a standard."""
    return all(
        word != NO or explanation(check, name, why)
        for name, cells in results.items()
        for check, (word, why) in cells.items()
    )
