"""Measure the size, speed and loss of exported networks, and write the tables of docs/export.md.

    python -m benchmarks.export RUN RUN [--page docs/export.md]

Every format of a run is written, and all are timed in turns, in one process on one core, beside the network in Keras.
The time is that of the processor, and the fastest of many calls counts, so that other programs matter little. The runs
are not changed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.pages import fill
from chestnut.errors import BundleError
from chestnut.evaluation.intervals.estimate import format_figure
from chestnut.export.export_run import FORMS, open_source
from chestnut.export.forms.onnx_int8 import MOST_IMAGES
from chestnut.export.int8_loss import Int8Loss, Limits
from chestnut.export.parity_check import comparison_images, largest_difference
from chestnut.export.speed import measure_speeds
from chestnut.models.device import processor
from chestnut.runs.folder import RunFolder

HERE = Path(__file__).parent


def measure(folder: Path) -> dict[str, Any]:
    """Return the figures of one run."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(folder, Path(scratch) / folder.name)
        source = open_source(RunFolder.open(Path(scratch) / folder.name))
        images = comparison_images(source.run.manifest, source.bundle.spec)
        engines: dict[str, Any] = {"network in Keras": source.network}
        sizes, differences = {}, {}
        for name, form in FORMS.items():
            place = Path(scratch) / name
            place.mkdir()
            form.write(source, place / form.file)
            engines[name] = form.open(source, place / form.file)
            sizes[name] = sum(one.stat().st_size for one in place.rglob("*") if one.is_file())
            differences[name] = largest_difference(source.network, engines[name], images, source.bundle.temperature)
        trained = min(MOST_IMAGES, len(source.run.manifest.only("train")))
        loss = Int8Loss.measure(source, engines["onnx-int8"], trained)
        speeds = measure_speeds(engines, images, time.process_time)
    faster = speeds["onnx-int8"].over(speeds["onnx"])
    return {
        "run": folder.name,
        "input": list(source.bundle.spec.shape),
        "images_per_second": {name: speed.to_dict() for name, speed in speeds.items()},
        "bytes": sizes,
        "differences": differences,
        "int8": loss.to_dict() | {"refused": refusal(loss), "faster": faster._asdict()},
    }


def refusal(loss: Int8Loss) -> str:
    """Return why the usual limits refuse a network of 8 bits; empty if they do not."""
    try:
        loss.require(Limits())
    except BundleError as error:
        return str(error)
    return ""


def speed_lines(found: list[dict[str, Any]], device: str) -> list[str]:
    """Return the table of sizes and speeds."""
    lines = [
        f"Images a second, one at a time and 32 at a time, on one core ({device}):",
        "",
        "| format | " + " | ".join(f"{one['run']}: MB | 1 | 32 | largest difference" for one in found) + " |",
        "| --- |" + " ---: |" * (4 * len(found)),
    ]
    for name in found[0]["images_per_second"]:
        cells = []
        for one in found:
            rate = one["images_per_second"][name]
            size = f"{one['bytes'][name] / 1e6:.1f}" if name in one["bytes"] else ""
            difference = f"{one['differences'][name]:.0e}" if name in one["differences"] else ""
            cells.append(f"{size} | {rate['1']:,.0f} | {rate['32']:,.0f} | {difference}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def int8_lines(found: list[dict[str, Any]]) -> list[str]:
    """Return the table of what 8 bits lose."""
    lines = [
        "| run | AUROC changes by | decisions changed | times as fast as `onnx`, 1 and 32 at a time | written |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in found:
        loss, faster = one["int8"], one["int8"]["faster"]
        auroc, changed = loss["auroc_change"], loss["decisions_changed"]
        ends = f"{format_figure(auroc['low'], 4)} to {format_figure(auroc['high'], 4)}"
        slow = "no: not faster" if max(faster.values()) < 1.05 else "yes"
        lines.append(
            f"| {one['run']} | {format_figure(auroc['value'], 4)} ({ends}) | {changed['value']:.1%} "
            f"({changed['low']:.1%} to {changed['high']:.1%}) | {faster['one']:.2f}, {faster['many']:.2f} | "
            f"{'no: too much is lost' if loss['refused'] else slow} |"
        )
    patients = found[0]["int8"]["patients"]
    lines += ["", f"On {found[0]['int8']['images']:,} validation images of {patients:,} patients, with 95 % intervals."]
    return lines


def main() -> None:
    """Measure the runs, and write the figures and the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--page", type=Path, default=HERE.parent / "docs" / "export.md")
    given = parser.parse_args()
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    found = [measure(run) for run in given.runs]
    device = processor()
    (HERE / "export.json").write_text(json.dumps({"device": device, "runs": found}, indent=2) + "\n", encoding="utf-8")
    fill(given.page, {"speed": speed_lines(found, device), "int8": int8_lines(found)})


if __name__ == "__main__":
    main()
