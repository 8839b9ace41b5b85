"""Measure a service, and write the tables of docs/serving.md and docs/security.md.

    python -m benchmarks.serving RUN [--only speed,load,overload,batches,database,kill] [--minutes 10] [--rounds 3]

RUN is a run of `cnn-small`. The service is `chestnut serve` in a process of its own; the clients are in another, on the
same computer and the same cores. Results are stored in benchmarks/serving.json; those that are left out stay.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.__main__ import machine
from benchmarks.decode import write_images
from benchmarks.pages import fill
from benchmarks.serving.child import ServiceChild
from benchmarks.serving.faults import batches_of_every_size, database_away, sudden_ends
from benchmarks.serving.load import mixed_load
from benchmarks.serving.speed import speed
from benchmarks.serving.tables import load_lines, speed_lines
from benchmarks.serving.traffic import Traffic, drawn_images

HERE = Path(__file__).parent
RESULTS, DOCS = HERE.parent / "serving.json", HERE.parents[1] / "docs"

#: The sides of the images, as published and as small as the networks see them, and their number.
_SMALL, _COUNT = 224, 24

_PARTS = "speed,load,overload,batches,database,kill"

#: The images that may wait where 16 clients shall be too many.
_FEW = 8


def timed_images(folder: Path) -> dict[str, list[bytes]]:
    """Return JPEGs of 1,400×1,000 pixels and of 224×224, as noisy as radiographs, by a name of their size."""
    large = [path.read_bytes() for path in write_images(folder, _COUNT)]
    small = []
    for content in large:
        file = io.BytesIO()
        with Image.open(io.BytesIO(content)) as picture:
            picture.resize((_SMALL, _SMALL)).save(file, "JPEG", quality=90)
        small.append(file.getvalue())
    return {"224×224": small, "1,400×1,000": large}


def measure(run: Path, folder: Path, name: str, given: argparse.Namespace) -> dict[str, Any]:
    """Measure one part.

    Args:
        run: A run.
        folder: For audit tables.
        name: The part: speed, load, overload, batches, database or kill.
        given: The arguments.
    """
    url, traffic = f"sqlite:///{folder / f'{name}.sqlite'}", Traffic(drawn_images(_COUNT))

    def served(work: Callable[[ServiceChild], dict[str, Any]], *options: str) -> dict[str, Any]:
        with ServiceChild(run, url, options) as child:
            return work(child)

    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "speed": lambda: speed(run, folder, timed_images(folder / "images"), given.rounds, given.seconds),
        "load": lambda: served(lambda child: mixed_load(child, url, traffic, 60 * given.minutes, print)),
        "overload": lambda: served(
            lambda child: mixed_load(child, url, traffic, 6 * given.minutes), "--most-waiting", str(_FEW)
        ),
        "batches": lambda: served(lambda child: batches_of_every_size(child, drawn_images(_COUNT))),
        "database": lambda: database_away(run, traffic),
        "kill": lambda: sudden_ends(run, url, traffic),
    }
    return parts[name]()


def main() -> None:
    """Measure the chosen parts, store the results and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument(
        "--only", default="speed,load,overload,batches,database,kill", help="empty to only write the tables"
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    for name in filter(None, given.only.split(",")):
        print(f"{name} …", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            results[name] = {**measure(given.run, Path(folder), name, given), "machine": machine()}
        RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fill(DOCS / "serving.md", {"serving": speed_lines(results)})
    fill(DOCS / "security.md", {"load": load_lines(results)})


if __name__ == "__main__":
    main()
