"""Run the benchmarks, and write their results into the tables of README.md and docs/performance.md.

    python -m benchmarks [--only train,transfer,decode,tune,engines,bootstrap,startup,memory,lungs,frame]

All results are stored in benchmarks/results.json; those of benchmarks that are left out do not change.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGES = (HERE.parent / "README.md", HERE.parent / "docs" / "performance.md")
MARKS = "<!-- benchmarks -->", "<!-- /benchmarks -->"

Row = tuple[str, str, str]


def machine() -> str:
    """Describe the machine in words."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.is_file() else []
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, {platform.system()}"


def train_rows(found: dict[str, Any]) -> list[Row]:
    rows = []
    for recipe, row in found.items():
        ratio, torch = row["times_as_fast_as_keras"], row["times_as_fast_as_torch"]
        measured = f"{ratio:.2f} times plain Keras" + (f", {torch:.2f} times plain PyTorch" if torch else "")
        met = "met" if ratio >= 1.5 and (torch is None or torch >= 0.95) else "missed"
        rows.append((f"an epoch of `{recipe}`", measured, f"1.5 times, level with PyTorch: {met}"))
    return rows


def transfer_rows(found: dict[str, Any]) -> list[Row]:
    names = {"head": "its head, the rest frozen", "top": "its head and the top 30 %"}
    aims = {"head": 20, "top": 2.5}
    rows = []
    for stage, row in found.items():
        ratio = row["times_as_fast_as_keras"]
        name = f"an epoch of `mobilenet-v2`: {names[stage]}"
        rows.append((name, f"{ratio:.1f} times plain Keras", verdict(ratio >= aims[stage], f"{aims[stage]:g} times")))
    return rows


def tune_rows(found: dict[str, Any]) -> list[Row]:
    names = {"float32": "both in float32", "auto": "chestnut in the arithmetic that it chooses"}
    extra, rows = found["overhead"], []
    for precision, row in found["searches"].items():
        ratio = row["times_as_many_as_keras_tuner"]
        aim = verdict(ratio >= 1.5, "1.5 times") if precision == "float32" else "none"
        rounds = f"{row['rounds']} round{'s' if row['rounds'] > 1 else ''}"
        name = f"a search of {found['trials']} short trials, {names[precision]} ({rounds})"
        rows.append((name, f"{ratio:.2f} times KerasTuner's trials an hour", aim))
    return [
        *rows,
        (
            f"a trial of {found['trained_seconds']:.0f} s of epochs",
            f"{extra:.1%} more, from its process's start to its end",
            verdict(extra < 0.1, "under 10 %"),
        ),
    ]


def engines_rows(found: dict[str, Any]) -> list[Row]:
    local, one = found["times_local"], found["times_one_worker"]
    return [
        ("engine `ray`, 2 workers", f"{local:.2f} times `local` with 2", verdict(local >= 0.9, "0.9 times")),
        ("the same", f"{one:.2f} times one worker", "none"),
    ]


def startup_rows(found: dict[str, Any]) -> list[Row]:
    return [
        (
            "`chestnut --help`",
            f"{found['chestnut --help']:.2f} s",
            verdict(found["chestnut --help"] < 0.5, "under 0.5 s"),
        ),
        (
            "`import chestnut`",
            f"{found['import chestnut']:.2f} s",
            verdict(found["import chestnut"] < 0.3, "under 0.3 s"),
        ),
    ]


def memory_rows(found: dict[str, Any]) -> list[Row]:
    peak = found["peak_gigabytes"]
    name = f"memory, training on {found['images']:,} images at 224 px"
    return [(name, f"{peak:.2f} GB at most", verdict(peak < 3, "under 3 GB"))]


def decode_rows(found: dict[str, Any]) -> list[Row]:
    keras, bare = found["ratio"]["keras"], found["ratio"]["bare loop"]
    return [
        ("decoding 1,400×1,000 JPEGs", f"{keras:.2f} times Keras's images a second", verdict(keras >= 2, "2 times")),
        ("the same, Keras antialiasing too", f"{found['ratio']['keras, antialiased']:.2f} times", "none"),
        ("the same", f"{bare:.2f} times a bare scaled-decode loop", verdict(bare >= 0.9, "0.9 times")),
    ]


def bootstrap_rows(found: dict[str, Any]) -> list[Row]:
    seconds, ratio = found["chestnut_seconds"], found["ratio"]
    name = f"intervals: {found['resamples']:,} resamples of {found['images']:,} images, all metrics"
    return [
        (name, f"{seconds:.2f} s; a scikit-learn loop takes {ratio:,} times that", verdict(seconds < 2, "under 2 s"))
    ]


def lungs_rows(found: dict[str, Any]) -> list[Row]:
    aim = found["target"]
    return [
        (f"lung fields on one core, images of {size}", f"{rate:,} a second", verdict(rate >= aim, f"{aim} a second"))
        for size, rate in found["images_per_second"].items()
    ]


def frame_rows(found: dict[str, Any]) -> list[Row]:
    aim = found["target"]
    return [
        (
            f"decoding 1,400×1,000 JPEGs to {side}×{side}, cropped to the lungs",
            f"{one['ratio']:.2f} times the time of whole images",
            verdict(one["ratio"] <= aim, f"at most {aim} times"),
        )
        for side, one in found["sizes"].items()
    ]


def verdict(met: bool, target: str) -> str:
    return f"{target}: {'met' if met else 'missed'}"


ROWS: dict[str, Callable[[dict[str, Any]], list[Row]]] = {
    "decode": decode_rows,
    "train": train_rows,
    "transfer": transfer_rows,
    "tune": tune_rows,
    "engines": engines_rows,
    "bootstrap": bootstrap_rows,
    "startup": startup_rows,
    "memory": memory_rows,
    "lungs": lungs_rows,
    "frame": frame_rows,
}


def describe_machines(results: dict[str, Any]) -> str:
    """Say in words on which machine each benchmark ran."""
    machines = results["machines"]
    parts = []
    for place in dict.fromkeys(machines.values()):
        names = ", ".join(f"`{name}`" for name in machines if machines[name] == place)
        parts.append(f"{names} on {place}" if len(set(machines.values())) > 1 else f"on {place}")
    return "; ".join(parts)


def write_tables(results: dict[str, Any]) -> None:
    """Write the table between the marks of each page."""
    lines = ["| what | measured | aim |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for name, rows in ROWS.items() if name in results for row in rows(results[name])]
    where = describe_machines(results)
    lines += ["", f"Medians of several runs in turns by `make bench`, {where}; other machines compare by ratios only."]
    block = "\n".join([MARKS[0], *lines, MARKS[1]])
    for page in PAGES:
        if page.is_file():
            text = page.read_text(encoding="utf-8")
            page.write_text(re.sub(f"{MARKS[0]}.*?{MARKS[1]}", lambda _: block, text, flags=re.S), encoding="utf-8")


def main() -> None:
    """Run the chosen benchmarks, store the results and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(ROWS), help="names, with commas; empty to only write the tables")
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for name in filter(None, parser.parse_args().only.split(",")):
        print(f"{name} …", flush=True)
        results[name] = importlib.import_module(f"benchmarks.{name}").run()
        results.setdefault("machines", {})[name] = machine()
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    write_tables(results)


if __name__ == "__main__":
    main()
