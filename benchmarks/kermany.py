"""Train recipes on the Kermany chest X-rays, and write the results into README.md and the recipe files.

    python -m benchmarks.kermany DATA [--recipes mlp,cnn-small] [--set train.epochs=3]

The test split is a hold-out by patient from DATA, seed 1. It is not the official test split of that collection, which
comes from other scanners.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.pages import fill

HERE = Path(__file__).parent
RESULTS = HERE / "kermany.json"
README = HERE.parent / "README.md"
RECIPES = HERE.parent / "src" / "chestnut" / "recipes"
SEED = 1
METRICS = ("auroc", "accuracy", "sensitivity", "specificity")


def chestnut(folder: Path, *words: str) -> dict[str, Any]:
    """Run a command and return its JSON."""
    command = [sys.executable, "-c", "from chestnut.cli import main; main()", *words, "--json", "-"]
    answer = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(answer.stdout)


def judge(data: Path, recipe: str, settings: list[str], keep: Path | None = None) -> dict[str, Any]:
    """Train a recipe and evaluate it once on its test split."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        words = [f"--set={setting}" for setting in (f"seed={SEED}", *settings)]
        run = chestnut(folder, "train", str(data.resolve()), "--recipe", recipe, "--name", recipe, *words)
        test = chestnut(folder, "evaluate", run["run"], "--split", "test")
    parts = {"val": run["validation"], "test": test}
    figures = {name: {key: part["metrics"][key] for key in METRICS} for name, part in parts.items()}
    facts = {key: run[key] for key in ("epochs", "best_epoch", "stopped_by", "parameters", "seconds", "device")}
    return {**facts, **figures, "settings": settings, "images": test["images"], "patients": test["patients"]}


def shown(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


def write_tables(results: dict[str, Any]) -> None:
    """Write the results into README.md and each recipe's head."""
    tested = (f"test {name}" for name in ("AUROC", *METRICS[1:]))
    columns = ("recipe", "best epoch", "minutes", "validation AUROC", *tested)
    lines = [f"| {' | '.join(columns)} |", f"| {' | '.join('---' for _ in columns)} |"]
    for name, row in sorted(results.items(), key=lambda item: item[1]["test"]["auroc"]["value"]):
        note = f", {', '.join(row['settings'])}" if row["settings"] else ""
        cells = [f"`{name}`{note}", f"{row['best_epoch']} of {row['epochs']}", f"{row['seconds'] / 60:.1f}"]
        cells += [shown(row["val"]["auroc"]), *(shown(row["test"][key]) for key in METRICS)]
        lines.append(f"| {' | '.join(cells)} |")
        head(RECIPES / f"{name}.toml", row, note)
    first = next(iter(results.values()))
    lines += ["", f"The test split has {first['images']} images of {first['patients']} patients; intervals are 95 %."]
    fill(README, {"kermany": lines, "recipes": recipe_lines()})


def recipe_lines() -> list[str]:
    """Return the table of recipes, from `chestnut recipes`."""
    lines = ["| recipe | parameters | input | what it is |", "| --- | --- | --- | --- |"]
    for row in chestnut(HERE, "recipes")["recipes"]:
        size = f"{row['height']}×{row['width']}×{row['channels']}"
        lines.append(f"| `{row['name']}` | {row['parameters']:,} | {size} | {row['summary']} |")
    return lines


def head(path: Path, row: dict[str, Any], note: str) -> None:
    """Write the time and score of a recipe into its head."""
    measured = (
        f"test AUROC {shown(row['test']['auroc'])}, accuracy {shown(row['test']['accuracy'])}\n"
        f"#           on a hold-out by patient of the Kermany training images, seed {SEED}{note};\n"
        f"#           {row['seconds'] / 60:.1f} minutes on {row['device']}"
    )
    write_head(path, measured)


def write_head(path: Path, measured: str) -> None:
    """Write a result after `# Measured:` in the head of a recipe."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"# Measured: .*?\n(?!#)", lambda _: f"# Measured: {measured}\n", text, flags=re.S)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Train and evaluate recipes one after the other; results of earlier calls stay."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--recipes", default="mlp,cnn-small")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--keep", type=Path, help="a folder in which to keep the runs")
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for recipe in filter(None, given.recipes.split(",")):
        results[recipe] = judge(given.data, recipe, given.settings, given.keep)
        RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    write_tables(results)


if __name__ == "__main__":
    main()
