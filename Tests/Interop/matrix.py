"""The table."""

from scenarios import CHECKS, NO, NOT_THERE, NOT_YET

# Why a check that says no, or that a daemon cannot take part in, is as it should be: (check, daemon) to the reason.
EXPLAINED = {}


def markdown(results, kinds):
    """The table in Markdown, with a line below it for each cell that is not yes."""
    lines = ["| check | " + " | ".join(kinds[name].title for name in results) + " |"]
    lines.append("| --- |" + " --- |" * len(results))
    for check, title in CHECKS.items():
        lines.append(f"| {title} | " + " | ".join(results[name][check][0] for name in results) + " |")
    notes = [
        f"- {kinds[name].title}, {CHECKS[check]}: {word}: {EXPLAINED.get((check, name), why)}"
        for name, cells in results.items()
        for check, (word, why) in cells.items()
        if word in (NO, NOT_THERE)
    ]
    missing = sorted({why.split(": ")[-2] for cells in results.values() for word, why in cells.values() if word == NOT_YET})
    if missing:
        notes.append("- not yet: labd does not know " + ", ".join(key.split(".")[-1] for key in missing))
    return "\n".join(lines + [""] + notes) + "\n"


def is_explained(results):
    """Whether every no has a reason in a standard."""
    return all(
        word != NO or (check, name) in EXPLAINED for name, cells in results.items() for check, (word, _) in cells.items()
    )
