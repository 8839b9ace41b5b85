"""Count what was survived, and write the table of docs/reliability.md."""

import json
import os
import platform
import re
import subprocess
from collections import Counter
from pathlib import Path

from crash.changes import KINDS

RESULTS = Path(__file__).with_name("results.json")
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
MARKS = "<!-- crash -->", "<!-- /crash -->"

_TITLES = ("command", "changes", *KINDS.values())


def count(changes, verdicts):
    """Return the counts of a command, by kind of stop: points tried and survived."""
    tried = Counter(one.stop.kind for one in verdicts if one.reached or one.faults)
    survived = Counter(one.stop.kind for one in verdicts if one.reached and not one.faults)
    return {"changes": len(changes), **{kind: [tried[kind], survived[kind]] for kind in KINDS}}


def origin(most):
    """Say where and of what a run is, and how many points of each command it tried at most."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    where = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    return {"commit": commit.stdout.strip() or "unknown", "where": where, "most": most}


def store(counts, most):
    """Keep the counts of commands; those of other commands do not change."""
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {"commands": {}}
    for name, found in counts.items():
        results["commands"][name] = found | origin(most)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return results["commands"]


def lines(counts):
    """Return the table of some commands as lines of Markdown."""
    rows = [" | ".join(_TITLES), " | ".join("---" for _ in _TITLES)]
    for name, found in counts.items():
        cells = (_cell(*found[kind]) for kind in KINDS)
        rows.append(" | ".join((f"`{name}`", str(found["changes"]), *cells)))
    totals = [[sum(found[kind][place] for found in counts.values()) for place in (0, 1)] for kind in KINDS]
    rows.append(
        " | ".join(("all", str(sum(found["changes"] for found in counts.values())), *(_cell(*t) for t in totals)))
    )
    return [f"| {row} |" for row in rows]


def verdict(counts):
    """Say whether every point was survived."""
    tried = sum(found[kind][0] for found in counts.values() for kind in KINDS)
    survived = sum(found[kind][1] for found in counts.values() for kind in KINDS)
    return f"{tried:,} points tried, " + ("all survived" if tried == survived else f"{tried - survived:,} not survived")


def write_page(counts):
    """Write the table between the marks of the page."""
    runs = " and ".join(sorted({f"`{found['commit']}` with {found['where']}" for found in counts.values()}))
    limits = {name: found["most"] for name, found in counts.items() if found["most"]}
    named = ", ".join(f"`{name}`" for name in limits)
    chosen = f" Of {named} at most {max(limits.values())} points were tried, chosen at random." if limits else ""
    note = f"{verdict(counts)}, at commit {runs}.{chosen}"
    block = "\n".join([MARKS[0], *lines(counts), "", note, MARKS[1]])
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(f"{MARKS[0]}.*?{MARKS[1]}", lambda _: block, text, flags=re.S), encoding="utf-8")


def _cell(tried, survived):
    if not tried:
        return "–"
    return f"{tried} of {tried}" if tried == survived else f"**{survived} of {tried}**"
