"""`chestnut predict`: probabilities and decisions for image files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import SkipBadOption
from chestnut.cli.shared.engine_options import AddressOption, EngineOption, JobsOption, chosen_engine
from chestnut.cli.shared.framework import load_framework
from chestnut.cli.shared.output import JsonOption, bar, emit, out, say, table
from chestnut.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.table import Table

    from chestnut.inference.predictions import Predictions
    from chestnut.jobs.engine_choice import EngineChoice
    from chestnut.runs.folder import RunFolder

#: Rows of the table where all of them stand in a file.
_SHOWN = 50


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    files: Annotated[list[str], typer.Argument(metavar="FILES…", help="Images, folders of images, or globs.")],
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the predictions as CSV.")] = None,
    skip_bad: SkipBadOption = False,
    engine: EngineOption = "local",
    address: AddressOption = None,
    jobs: JobsOption = None,
    json: JsonOption = None,
) -> None:
    """Predict FILES with RUN: probability, decision and threshold for each image."""
    from chestnut.data.sources.load import image_files
    from chestnut.inference.predictions import saved
    from chestnut.runs.folder import RunFolder

    choice = chosen_engine(engine, address, jobs)
    if choice.name == "local" and jobs is not None:
        raise EngineError(f"--jobs {jobs}: engine local predicts in one process, on all cores; give --engine ray too")
    folder = RunFolder.open(run)
    images = image_files(files)
    with closing(_parts(choice, folder, images, skip_bad)) as parts:
        told = parts if csv is None else saved(parts, csv)
        result, count = _kept(told, None if csv is None or json is not None else _SHOWN)
    for fault in result.bad:
        say(f"left out: {fault}")
    if emit(result.to_dict(), json):
        out.print(_table(result))
        if count > len(result.paths):
            out.print(f"… and {count - len(result.paths):,} more in {csv}", markup=False)
        if result.synthetic:
            out.print("This network was trained on synthetic images: its answers mean nothing for patients.")
        out.print("Not a medical device.", style="dim")


def _parts(choice: EngineChoice, run: RunFolder, images: list[str], skip_bad: bool) -> Generator[Predictions]:
    """Predictions as they come."""
    if choice.name == "ray":
        from chestnut.jobs.ray.predict import predict_on_ray

        yield from predict_on_ray(run, images, address=choice.address, jobs=choice.jobs, skip_bad=skip_bad, bars=bar)
    else:
        load_framework()
        from chestnut.inference.predict import predict_parts

        yield from predict_parts(run, images, skip_bad=skip_bad, bars=bar)


def _kept(parts: Iterator[Predictions], most: int | None) -> tuple[Predictions, int]:
    """The first predictions, `most` of them, with all faults; and how many there are in all."""
    from chestnut.inference.predictions import Predictions

    held: list[Predictions] = []
    count = 0
    for part in parts:
        rows = len(part.paths) if most is None else max(0, most - count)
        held.append(replace(part, paths=part.paths[:rows], probabilities=part.probabilities[:rows]))
        count += len(part.paths)
    return Predictions.joined(held), count


def _table(result: Predictions) -> Table:
    """One row an image."""
    shown = [result.positive] if result.positive is not None else list(result.classes)
    made = table(columns=("image", *(f"P({name})" for name in shown), "decision", "threshold"), numbers=("threshold",))
    columns = [result.classes.index(name) for name in shown]
    threshold = f"{result.threshold:.3f}" if result.positive is not None else "–"
    for path, row, decision in zip(result.paths, result.probabilities, result.decisions, strict=True):
        style = "bold" if decision == result.positive else None
        made.add_row(path, *(f"{row[index]:.3f}" for index in columns), decision, threshold, style=style)
    return made
