"""Compare three trained networks with each other on held-out images, and write the table of docs/compare.md.

    python -m benchmarks.paired DATA --weights MOBILENET_V2.weights.h5 [--runs FOLDER] [--no-train]

DATA are the Kermany training images, split by patient with seed 1; the networks are compared on the test split. A run
that is in FOLDER already is not trained again; it is copied, so that its ledger stays as it is.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import chestnut as cn
from benchmarks.generalise import table
from benchmarks.pages import fill
from benchmarks.trained import NETWORKS, trained_runs
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import heading

HERE = Path(__file__).parent
RESULTS = HERE / "paired.json"
PAGE = HERE.parent / "docs" / "compare.md"
METRICS = ("auroc", "sensitivity", "specificity", "accuracy", "brier", "auprc")
MARGIN = 0.02


def measure(folders: dict[str, Path]) -> list[dict[str, Any]]:
    """Compare every two runs."""
    found = []
    for first, second in itertools.combinations(folders, 2):
        compared = cn.compare_runs(folders[first], folders[second], metrics=METRICS, margin=MARGIN, quiet=True)
        found.append(compared.to_dict() | {"first": first, "second": second})
    return found


def lines(results: list[dict[str, Any]]) -> list[str]:
    """Return the table of the differences."""
    rows = []
    for pair in results:
        for one in pair["verdicts"]:
            value, low, high, p = (one["difference"][key] for key in ("value", "low", "high", "p"))
            written = "under 0.001" if p < 0.001 else f"{p:.3f}"
            safe = "yes" if one["not_inferior"] else "no" if high < -MARGIN else "open"
            name = f"`{pair['first']}` over `{pair['second']}`"
            rows.append([name, heading(one["metric"]), str(Estimate(value, low, high)), written, safe])
    return table(("networks", "metric", "ahead by", "p", f"not inferior by {MARGIN:g}"), rows)


def main() -> None:
    """Compare the networks, store the results and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, help="a weights file of MobileNetV2; else it is downloaded")
    parser.add_argument("--runs", type=Path, default=Path(tempfile.gettempdir()) / "chestnut-trained")
    parser.add_argument("--no-train", action="store_true", help="the runs are in FOLDER")
    given = parser.parse_args()
    runs = {name: given.runs / name for name in NETWORKS}
    if not given.no_train:
        runs = trained_runs(given.data, given.weights, given.runs)
    with tempfile.TemporaryDirectory() as copies:
        results = measure({name: shutil.copytree(run, Path(copies) / name) for name, run in runs.items()})
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fill(PAGE, {"paired": lines(results)})


if __name__ == "__main__":
    main()
