"""Plant label errors, look for them, and write the tables of docs/errors.md.

    python -m benchmarks.label_errors DATA

DATA are the Kermany training images. Some of their own labels may be wrong too; they
count as right, so that the figures are rather too low. It takes about ten minutes on one core. Results are stored in
benchmarks/label_errors.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.label_errors.measure import measure_all
from benchmarks.label_errors.tables import auroc_lines, first_lines, suspect_lines
from benchmarks.pages import fill

HERE = Path(__file__).parent
RESULTS = HERE.parent / "label_errors.json"
PAGE = HERE.parent.parent / "docs" / "errors.md"


def main() -> None:
    """Measure, unless no data are given, and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, nargs="?", help="the images; leave out to write the tables again")
    data = parser.parse_args().data
    if data is not None:
        RESULTS.write_text(json.dumps(measure_all(data), indent=1) + "\n", encoding="utf-8")
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    lines = {"first": first_lines(rows), "auroc": auroc_lines(rows), "suspects": suspect_lines(rows)}
    fill(PAGE, {f"label-{name}": one for name, one in lines.items()})


if __name__ == "__main__":
    main()
