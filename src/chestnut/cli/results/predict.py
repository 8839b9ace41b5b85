"""`chestnut predict`: predict image files with a run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import SkipBadOption
from chestnut.cli.shared.decided import print_decided
from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.engine_options import (
    DEFAULT_WAIT,
    AddressOption,
    EngineOption,
    JobsOption,
    WaitOption,
    parse_duration,
)
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, emit, out, print_notes, say
from chestnut.cli.shared.set_options import CoverageOption, PerClassOption
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.data.lost_lungs import LostLungs
    from chestnut.data.overlap import Overlap
    from chestnut.evaluation.conformal import SetRule
    from chestnut.inference.predictions import Predictions
    from chestnut.runs.folder import RunFolder

#: The table shows so many images if all of them are written to a file.
_SHOWN = 50


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    files: Annotated[
        list[str], typer.Argument(metavar="FILES", help="Images, folders of images, or patterns in quotes.")
    ],
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the predictions as CSV."), Output()
    ] = None,
    coverage: CoverageOption = None,
    per_class: PerClassOption = False,
    on_outlier: Annotated[
        str,
        typer.Option(
            "--on-outlier",
            metavar="WHAT",
            help="What to do about images unlike the training images, if RUN has a guard: warn, refuse or ignore.",
        ),
    ] = "warn",
    skip_bad: SkipBadOption = False,
    engine: EngineOption = "local",
    address: AddressOption = None,
    jobs: JobsOption = None,
    wait: WaitOption = DEFAULT_WAIT,
    json: JsonOption = None,
) -> None:
    """Predict FILES with RUN: a probability and a decision for each image, and how many of each decision.

    With --coverage, each image also gets the set of classes that it may have: one where the network is sure enough.
    Images that are unlike those that RUN was trained on are marked.
    """
    from chestnut.api.predict import predict_parts
    from chestnut.api.run import open_folder
    from chestnut.inference.guard.requirements import find_obstacle
    from chestnut.inference.predictions import saved

    predictions = predict_parts(
        run,
        files,
        coverage=coverage,
        per_class=per_class,
        on_outlier=on_outlier,  # type: ignore[arg-type]  # checked there
        skip_bad=skip_bad,
        engine=engine,
        address=address,
        jobs=jobs,
        wait=parse_duration(wait),
        display=TerminalDisplay(),
    )
    with closing(predictions) as parts:
        passed = parts if csv is None else saved(parts, csv)
        seen = _collect(passed, None if csv is None or json is not None else _SHOWN)
    folder = open_folder(run)
    for fault in seen.shown.bad:
        say(f"left out: {fault}")
    overlap = _find_overlap(folder, seen)
    counts = {"decisions": dict(seen.decisions), "set_sizes": dict(seen.sizes), "outliers": seen.outliers}
    counts["overlap"] = overlap.counts
    if emit({**seen.shown.to_dict(), **counts}, json):
        _print(seen, overlap, csv)
        if on_outlier != "ignore" and seen.outliers is None and not find_obstacle(folder.manifest.frame):
            print_notes([f"not compared with the training images; chestnut guard {run} makes that possible"])
        print_decided(folder)
        print_next_for(folder, predicted=True)


@dataclass
class _Summary:
    """The first predictions of a list of images, and what is known of all.

    Attributes:
        shown: The first predictions, with the faults of all.
        decisions: The number of images by decision, for all classes.
        paths: The paths of all images.
        digests: The SHA-256 of the pixels of all images.
        lost: The images whose lungs were not found.
        sizes: The number of images by the number of classes in their prediction set; empty without sets.
        outliers: The number of images unlike the training images by what is strange about them; None without a guard.
    """

    shown: Predictions
    decisions: Counter[str]
    paths: list[str]
    digests: list[str]
    lost: LostLungs
    sizes: Counter[int]
    outliers: dict[str, int] | None


def _collect(parts: Iterator[Predictions], most: int | None) -> _Summary:
    """Keep the first predictions, `most` of them, and count all."""
    from chestnut.data.lost_lungs import LostLungs
    from chestnut.inference.predictions import Predictions

    kept: list[Predictions] = []
    decisions: Counter[str] = Counter()
    paths: list[str] = []
    digests: list[str] = []
    lost: list[str] = []
    sizes: Counter[int] = Counter()
    outliers: Counter[str] = Counter()
    for part in parts:
        rows = len(part.paths) if most is None else max(0, most - len(paths))
        kept.append(part.first(rows))
        if part.lost_lungs is not None:
            lost += part.lost_lungs.names
        decisions.update(part.decisions)
        sizes.update(map(len, part.sets or ()))
        if part.verdicts is not None:
            outliers.update(part.verdicts.counts)
        paths += part.paths
        digests += part.digests
    shown = Predictions.joined(kept)
    counts = Counter({name: decisions[name] for name in shown.classes})
    numbers = range(1, len(shown.classes) + 1) if shown.set_rule else ()
    by_size = Counter({number: sizes[number] for number in numbers})
    strange = None if shown.verdicts is None else dict(outliers.most_common())
    return _Summary(shown, counts, paths, digests, LostLungs(tuple(lost), len(paths)), by_size, strange)


def _find_overlap(run: RunFolder, seen: _Summary) -> Overlap:
    """Find the images that the run was trained, validated or tested on."""
    from chestnut.data.overlap import find_overlap

    return find_overlap(run.manifest, seen.paths, seen.digests)


def _print(seen: _Summary, overlap: Overlap, csv: Path | None) -> None:
    shown, count = seen.shown, len(seen.paths)
    out.print(predictions_table(shown))
    if count > len(shown.paths):
        out.print(f"… and {count - len(shown.paths):,} more in {csv}", markup=False, soft_wrap=True)
    totals = ", ".join(f"{number:,} {name}" for name, number in seen.decisions.items())
    at = f" at the threshold {shown.threshold:.3g} of {shown.positive}" if shown.positive is not None else ""
    out.print(f"{count:,} {'image' if count == 1 else 'images'}: {totals}{at}", markup=False)
    if shown.set_rule is not None:
        out.print(describe_sizes(shown.set_rule, seen.sizes), markup=False)
        print_notes(shown.set_rule.notes)
    if seen.outliers:
        from chestnut.inference.guard.verdict import describe_outliers

        print_notes([f"{describe_outliers(seen.outliers, count)}; do not rely on their answers"])
    if str(seen.lost):
        print_notes([str(seen.lost)])
    if str(overlap):
        known = overlap.counts["train"] + overlap.counts["val"]
        print_notes([f"{overlap}{'; expect worse answers for new patients' if known else ''}"])
    if shown.synthetic:
        out.print("This network was trained on synthetic images: its answers mean nothing for patients.")
    out.print("Not a medical device.", style="dim")


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
