"""`chestnut predict`: predict image files with a run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.api.options import PredictSettings, read_options
from chestnut.cli.results.predictor_options import PredictorOptions, with_predictor_options
from chestnut.cli.shared.decided import print_decided_by
from chestnut.cli.shared.destinations import ForceOption, Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, emit, out, print_notes, say
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.evaluation.conformal import SetRule
    from chestnut.inference.model_folder import ModelFolder
    from chestnut.inference.prediction_summary import PredictionSummary
    from chestnut.inference.predictions import Predictions

#: The table shows so many images if all of them are written to a file.
_SHOWN = 50


@with_predictor_options
def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or of a bundle alone.")],
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILES", help="Images, folders of images, CSVs of paths, or patterns in quotes."),
    ],
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the predictions as CSV; the same command resumes it."),
        Output(),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Draw the first 200 images, with maps, as a page."),
        Output(),
    ] = None,
    identities: Annotated[
        bool, typer.Option("--identities", help="Show the names of files on that page, and not numbers.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave images that cannot be read out of the CSV.")
    ] = False,
    force: ForceOption = False,
    *,
    options: PredictorOptions,
    json: JsonOption = None,
) -> None:
    """Predict FILES with RUN: a probability and a decision for each image, and how many of each decision.

    With --coverage, each image also gets the set of classes that it may have: one where the network is sure enough.
    Images that are unlike those that RUN was trained on are marked. A file that cannot be read is named; in the CSV it
    has a row with its error.
    """
    from chestnut.api.insight.pictures import PICTURES, ROWS, draw_predictions
    from chestnut.api.predict import open_model, predict_csv, predict_parts
    from chestnut.inference.prediction_summary import PredictionSummary

    settings = options.keywords()
    read_options(PredictSettings, settings).check()
    model = open_model(run)
    if csv is None:
        seen = PredictionSummary.of(predict_parts(model, files, skip_bad=True, **settings))
    else:
        drawn = _SHOWN if html is None else PICTURES + ROWS
        most = drawn if json is None else None
        with _resumable(csv):
            seen = predict_csv(model, files, csv, force=force, skip_bad=skip_bad, most=most, **settings)
    if html is not None:
        draw_predictions(model, seen, html, identities=identities, display=TerminalDisplay())
    if emit({**seen.shown.to_dict(), **seen.to_dict()}, json):
        _print(seen if csv is None else replace(seen, shown=seen.shown.first(_SHOWN)), csv)
        if html is not None:
            out.print(f"pictures in {html}", markup=False, soft_wrap=True)
        _print_advice(model, seen, options.on_outlier)


@contextmanager
def _resumable(csv: Path) -> Iterator[None]:
    """Say after Ctrl-C that the same command goes on."""
    from chestnut.inference.journal import journal_file

    try:
        yield
    except KeyboardInterrupt:
        if (kept := journal_file(csv)).is_file():
            say(f"predictions so far are kept in {kept}; the same command goes on from there")
        raise


def _print_advice(model: ModelFolder, seen: PredictionSummary, on_outlier: str) -> None:
    """Print how the model decides, and what to do next."""
    from chestnut.inference.guard.requirements import find_obstacle

    manifest = model.manifest
    if manifest is None:
        print_notes(["a bundle without its run does not say whether it was trained on these images"])
    elif on_outlier != "ignore" and seen.outliers is None and not find_obstacle(manifest.frame):
        advice = f"chestnut guard {model.bundle.folder.parent} makes that possible"
        print_notes([f"not compared with the training images; {advice}"])
    print_decided_by(model.bundle)
    if model.run is not None:
        print_next_for(model.run, predicted=True, manifest=manifest)


def _print(seen: PredictionSummary, csv: Path | None) -> None:
    shown, count = seen.shown, seen.images
    out.print(predictions_table(shown))
    if count > len(shown.paths):
        out.print(f"… and {count - len(shown.paths):,} more in {csv}", markup=False, soft_wrap=True)
    totals = ", ".join(f"{number:,} {name}" for name, number in seen.decisions.items())
    at = f" at the threshold {shown.threshold:.3g} of {shown.positive}" if shown.positive is not None else ""
    out.print(f"{count:,} {'image' if count == 1 else 'images'}: {totals}{at}", markup=False)
    if shown.set_rule is not None:
        out.print(describe_sizes(shown.set_rule, seen.set_sizes), markup=False)
        print_notes(shown.set_rule.notes)
    print_notes(_notes(seen, csv))
    if shown.synthetic:
        out.print("This network was trained on synthetic images: its answers mean nothing for patients.")
    out.print("Not a medical device.", style="dim")


def _notes(seen: PredictionSummary, csv: Path | None) -> Iterator[str]:
    """Yield what is to be known of images that were not read, are unlike the others, or are the run's own."""
    from chestnut.data.overlap import overlap_in_words
    from chestnut.inference.guard.verdict import describe_outliers

    if seen.unread:
        files = f"{seen.unread:,} {'file' if seen.unread == 1 else 'files'}"
        more = "" if seen.unread == len(seen.faults) else f" and {seen.unread - len(seen.faults):,} more"
        yield f"{files} could not be read: {'; '.join(seen.faults)}{more}"
    if seen.outliers:
        yield f"{describe_outliers(seen.outliers, seen.images)}; do not rely on their answers"
    if str(seen.lost_lungs):
        yield str(seen.lost_lungs)
    if overlap := overlap_in_words(seen.overlap or {}, seen.images):
        known = sum((seen.overlap or {}).get(split, 0) for split in ("train", "val"))
        yield f"{overlap}{'; expect worse answers for new patients' if known else ''}"


def predictions_table(result: Predictions) -> Table:
    """Return the table of predictions, one row an image."""
    classes = [result.positive] if result.positive is not None else list(result.classes)
    folder, paths = _shorten(result.paths)
    extra = _extra_columns(result)
    made = table(
        f"Images in {folder}" if folder else None,
        ("image", *(f"P({name})" for name in classes), "decision", *extra),
        droppable=[f"P({name})" for name in reversed(classes[1:])],
        elsewhere="--csv or --json",
    )
    columns = [result.classes.index(name) for name in classes]
    for number, (path, row, decision) in enumerate(zip(paths, result.probabilities, result.decisions, strict=True)):
        style = "bold" if decision == result.positive else None
        further = (cells[number] for cells in extra.values())
        made.add_row(path, *(f"{row[index]:.3f}" for index in columns), decision, *further, style=style)
    return made


def _extra_columns(result: Predictions) -> dict[str, list[str]]:
    """Return the cells of columns that only some predictions have, by heading."""
    extra: dict[str, list[str]] = {}
    if result.sets is not None:
        extra["set"] = [" or ".join(names) for names in result.sets]
    if result.verdicts is not None and any(result.verdicts.reasons):
        extra["unlike the training images"] = list(result.verdicts.reasons)
    return extra


def describe_sizes(rule: SetRule, sizes: Mapping[int, int]) -> str:
    """Say how many images have how many possible classes.

    >>> from chestnut.evaluation.conformal import SetPlan, SetRule
    >>> rule = SetRule(SetPlan(0.9), ("NORMAL", "PNEUMONIA"), (0.2, 0.2), 100, (50, 50))
    >>> describe_sizes(rule, {1: 30, 2: 1})
    'sets at a coverage of 0.9 for new patients: 30 with one class, 1 with both'
    """
    most = len(rule.classes)
    words = {1: "one class", most: "both" if most == 2 else f"all {most}"}
    parts = [f"{count:,} with {words.get(size, str(size))}" for size, count in sizes.items()]
    whose = "of each class" if rule.plan.per_class else ""
    return f"sets at a coverage of {rule.plan.coverage:g} for new patients{whose and ' ' + whose}: {', '.join(parts)}"


def _shorten(paths: Sequence[str]) -> tuple[str, list[str]]:
    """Return the folder that all paths share, and the paths below it; no folder where they are in the current one.

    >>> _shorten(["/data/NORMAL/1.png", "/data/PNEUMONIA/2.png"])
    ('/data', ['NORMAL/1.png', 'PNEUMONIA/2.png'])
    """
    shared = os.path.commonpath([os.path.dirname(path) for path in paths]) if paths else ""  # noqa: PTH120
    here = str(Path.cwd())
    if not shared or shared == here or shared.startswith(here + os.sep):
        return "", [os.path.relpath(path) for path in paths]
    return shared, [os.path.relpath(path, shared) for path in paths]
