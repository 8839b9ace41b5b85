"""Measure what an evaluation shows in more detail, of three networks, and write the table of docs/evaluation.md.

    python -m benchmarks.details DATA --weights MOBILENET_V2.weights.h5 [--runs FOLDER] [--no-train]

DATA are the Kermany training images, split by patient with seed 1; the figures are those of the test split. A run that
is in FOLDER already is not trained again; one without a temperature is calibrated. Earlier results stay in
details.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import chestnut as cn
from benchmarks.generalise import table
from benchmarks.kermany import SEED
from benchmarks.pages import fill
from benchmarks.trained import NETWORKS, trained_runs
from chestnut.evaluation.details.details import Details
from chestnut.evaluation.details.rows import detail_rows

HERE = Path(__file__).parent
RESULTS = HERE / "details.json"
PAGE = HERE.parent / "docs" / "evaluation.md"


def judge(folder: Path) -> dict[str, Any]:
    """Return the details of a run's test split."""
    run = cn.open_run(folder)
    if run.calibration is None:
        run.calibrate(quiet=True)
    found = run.evaluate("test", quiet=True)
    assert found.details is not None
    return {"images": found.images, "patients": found.patients, "details": found.details.to_dict()}


def table_lines(results: dict[str, Any]) -> list[str]:
    """Return the table: a row for each figure, a column for each run."""
    chosen = {name: results[name] for name in NETWORKS if name in results}
    columns = [list(detail_rows(Details.from_dict(row["details"]), short=True)) for row in chosen.values()]
    rows = [[same[0].name, *(str(one.cells[0]) for one in same)] for same in zip(*columns, strict=True)]
    first = next(iter(chosen.values()))
    size = f"{first['images']} images of {first['patients']} patients"
    return [
        f"On the test split of the Kermany images ({size}, split by patient with seed {SEED}); positive is PNEUMONIA:",
        "",
        *table(("figure", *(f"`{name}`" for name in chosen)), rows),
    ]


def main() -> None:
    """Train what is missing, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, help="a weights file of MobileNetV2; else it is downloaded")
    parser.add_argument("--runs", type=Path, help="the folder of the runs; else they are not kept")
    parser.add_argument("--no-train", action="store_true", help="only measure the runs that are in the folder")
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.runs or Path(temporary)
        if given.no_train:
            runs = {name: folder / name for name in NETWORKS if (folder / name).exists()}
        else:
            runs = trained_runs(given.data, given.weights, folder)
        for name, run in runs.items():
            results[name] = judge(run)
            body = ",\n".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in results.items())
            RESULTS.write_text(f"{{\n{body}\n}}\n", encoding="utf-8")
    fill(PAGE, {"details": table_lines(results)})


if __name__ == "__main__":
    main()
