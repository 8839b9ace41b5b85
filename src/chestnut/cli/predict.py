"""`chestnut predict`: probabilities and decisions for image files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.data_options import SkipBadOption
from chestnut.cli.framework import load_framework
from chestnut.cli.output import JsonOption, bar, emit, out, say, table


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    files: Annotated[list[str], typer.Argument(metavar="FILES…", help="Images, folders of images, or globs.")],
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the predictions as CSV.")] = None,
    skip_bad: SkipBadOption = False,
    json: JsonOption = None,
) -> None:
    """Predict FILES with RUN: probability, decision and threshold for each image."""
    from chestnut.data.sources import image_files
    from chestnut.runs import RunFolder

    folder = RunFolder.open(run)
    images = image_files(files)
    load_framework()
    from chestnut.inference.predict import predict_run

    result = predict_run(folder, images, skip_bad=skip_bad, bars=bar)
    if csv is not None:
        result.save(csv)
    for fault in result.bad:
        say(f"left out: {fault}")
    if emit(result.to_dict(), json):
        shown = [result.positive] if result.positive is not None else list(result.classes)
        made = table(
            columns=("image", *(f"P({name})" for name in shown), "decision", "threshold"), numbers=("threshold",)
        )
        columns = [result.classes.index(name) for name in shown]
        threshold = f"{result.threshold:.3f}" if result.positive is not None else "–"
        for path, row, decision in zip(result.paths, result.probabilities, result.decisions, strict=True):
            style = "bold" if decision == result.positive else None
            made.add_row(path, *(f"{row[index]:.3f}" for index in columns), decision, threshold, style=style)
        out.print(made)
        if result.synthetic:
            out.print("This network was trained on synthetic images: its answers mean nothing for patients.")
        out.print("Not a medical device.", style="dim")
