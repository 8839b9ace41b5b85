"""Read the stress validation of a run for its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from chestnut.data.overlap import overlap_in_words
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metrics import Evaluation
from chestnut.files.json_files import parse_json
from chestnut.report.identities import Identities
from chestnut.report.render import Picture, figure, picture
from chestnut.robustness.folders import PARTIAL, STRESS
from chestnut.robustness.set_coverage import ShiftedSets
from chestnut.robustness.shift_effects import Figures, rank_shifts
from chestnut.robustness.shortcut_effect import LEAST_SHIFTS
from chestnut.robustness.stress_file import SourcesFile, StressFile
from chestnut.runs.folder import RunFolder

#: The number of all shifts in the versions that did not record `partial`.
_EARLY_SHIFTS = 21

#: The loss of the mean of sensitivity and specificity from which a network is said to fail under a shift.
_WIDE_LOSS = 0.1

_RULES = {"fixed": "0.5", "plain": "on plain images", "stress": "on the shifts"}
_CONDITIONS = {"plain": "Plain images", "mean": "Mean of shifts", "worst": "Worst", "external": "Other data set"}


@dataclass(frozen=True)
class ShiftRow:
    """A line of the table of shifts.

    Attributes:
        name: The name of the shift.
        summary: What the shift does.
        figures: The figures under it.
        lungs_lost: In how many images the lungs were not found under it; None if the network does not need them.
    """

    name: str
    summary: str
    figures: Figures
    lungs_lost: int | None


@dataclass(frozen=True)
class PointRow:
    """A line of the table of operating points.

    Attributes:
        chosen: The rule for the threshold, and the threshold; empty where the line above names it.
        condition: The images that it was judged on.
        sensitivity: The sensitivity, with its interval.
        specificity: The specificity, with its interval.
    """

    chosen: str
    condition: str
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class OtherData:
    """The figures on another data set.

    Attributes:
        title: What to call it: external only where the run knows none of its images.
        data: The data set, as its user named it.
        evaluation: The figures.
    """

    title: str
    data: str
    evaluation: Evaluation


@dataclass(frozen=True)
class SourceRow:
    """A line of the table of sources left out.

    Attributes:
        name: The source.
        remark: Why it was not left out, or which images of other sources stand in.
        evaluation: The figures on the source; None where no run was trained without it.
    """

    name: str
    remark: str
    evaluation: Evaluation | None


@dataclass(frozen=True)
class StressSection:
    """A stress validation.

    Attributes:
        images: The number of validation images.
        patients: The number of their patients.
        plain: The figures without any shift.
        mean: The means over all shifts; None where only some of them were made.
        worst: The shift that costs most; see `rank_shifts`.
        sentence: How far brightness and sharpness explain the figures; may be empty.
        drawing: The figure; None where it is missing.
        shifts: The figures under each shift, the one that costs least first.
        goal: The goal of the operating points; empty where there are none.
        points: The table of operating points.
        other: The figures on another data set; None where none was given.
        lungs_lost: In how many plain images the lungs were not found; None if the network does not need them.
        sets: What became of the promise of prediction sets, the worst shift first; None where none was asked for.
        resamples: The number of resamples of patients behind the intervals of an early version; 0 for other ways.
    """

    images: int
    patients: int
    plain: Figures
    mean: Figures | None
    worst: ShiftRow
    sentence: str
    drawing: Picture | None
    shifts: tuple[ShiftRow, ...]
    goal: str
    points: tuple[PointRow, ...]
    other: OtherData | None
    lungs_lost: int | None
    sets: ShiftedSets | None = None
    resamples: int = 0

    @property
    def fails(self) -> bool:
        """Whether the network decides clearly worse under the worst shift than on plain images."""
        before, after = self.plain.balanced, self.worst.figures.balanced
        return before is not None and after is not None and before - after >= _WIDE_LOSS

    @property
    def spoken(self) -> str:
        """What the figure shows, in words."""
        rows = [(name, [figure(one.value) for one in _shown(found)]) for name, found in self.tiles]
        return "AUROC, sensitivity and specificity under every shift, with intervals. " + "; ".join(
            f"{name}: {', '.join(values)}" for name, values in rows
        )

    @property
    def tiles(self) -> tuple[tuple[str, Figures], ...]:
        """The conditions that matter most, by their names: plain images, the mean over the shifts, and the worst."""
        mean = () if self.mean is None else ((f"Mean over the {len(self.shifts)} shifts", self.mean),)
        worst = "The shift" if len(self.shifts) == 1 else "Worst shift"
        return ("Plain images", self.plain), *mean, (f"{worst}: {self.worst.name}", self.worst.figures)


def _shown(found: Figures) -> tuple[Estimate, Estimate, Estimate]:
    return found.auroc, found.sensitivity, found.specificity


def read_stress(run: RunFolder, names: Identities) -> tuple[StressSection, ...]:
    """Read the stress validations of a run: the one under all shifts first, then the one under some of them.

    Args:
        run: The run.
        names: What to call data sets.

    Raises:
        RunError: A stress.json was changed.
        DataError: A stress.json is damaged.
    """
    paths = [run.evaluation(name) / "stress.json" for name in (STRESS, PARTIAL)]
    return tuple(_section(_parse(run, path, StressFile), path, names) for path in paths if path.exists())


def read_sources(run: RunFolder) -> tuple[SourceRow, ...]:
    """Read the figures on each source that was left out of training; empty where none was.

    Raises:
        RunError: sources.json was changed.
        DataError: sources.json is damaged.
    """
    path = run.evaluation(STRESS) / "sources.json"
    return tuple(_source(one) for one in _parse(run, path, SourcesFile)["sources"]) if path.exists() else ()


def _source(held: Mapping[str, Any]) -> SourceRow:
    borrowed = [f"{number:,} of {label} from other sources" for label, number in held["borrowed"].items()]
    evaluation = None if held["evaluation"] is None else Evaluation.from_dict(held["evaluation"])
    return SourceRow(held["source"], ", ".join(filter(None, [held["why"], *borrowed])), evaluation)


def _parse(run: RunFolder, path: Path, kind: type[BaseModel]) -> dict[str, Any]:
    values: dict[str, Any] = parse_json(run.read(path), path, kind, run.files.remedy(path))
    return values


def _section(held: Mapping[str, Any], path: Path, names: Identities) -> StressSection:
    shifts = [
        ShiftRow(one["name"], one["summary"], Figures.from_dict(one), one.get("lungs_lost")) for one in held["shifts"]
    ]
    # Before `partial` was recorded, a validation under some shifts stood in the place of the whole one.
    whole = not held.get("partial", len(shifts) < _EARLY_SHIFTS)
    order = rank_shifts({one.name: one.figures for one in shifts})
    shifts.sort(key=lambda one: order.index(one.name))
    points, external = held["operating_points"], held["external"]
    return StressSection(
        images=held["images"],
        patients=held["patients"],
        plain=Figures.from_dict(held["plain"]),
        mean=Figures.from_dict(held["mean"]) if whole else None,
        worst=shifts[-1],
        sentence=held["shortcut"]["sentence"] if "partial" in held or len(shifts) >= LEAST_SHIFTS else "",
        drawing=picture(path.with_name("stress.png")) if whole or "partial" in held else None,
        shifts=tuple(shifts),
        goal="" if points is None else points["goal"],
        points=tuple(_point_rows(points, whole)),
        other=None if external is None else _other(external, names),
        lungs_lost=held.get("lungs_lost"),
        sets=None if held.get("sets") is None else ShiftedSets.from_dict(held["sets"]).worst_first(),
        resamples=held.get("resamples", 0),
    )


def _point_rows(held: Mapping[str, Any] | None, whole: bool) -> list[PointRow]:
    rows = []
    for point in () if held is None else held["points"]:
        chosen = f"{_RULES[point['rule']]}: {point['threshold']:.4g}" if point["rule"] != "fixed" else "0.5"
        for key, name in _CONDITIONS.items():
            rates = point[key]
            if rates is None or (key == "mean" and not whole):
                continue
            where = f"{name}: {rates['condition']}" if rates["condition"] else name
            rows.append(PointRow(chosen, where, Estimate(**rates["sensitivity"]), Estimate(**rates["specificity"])))
            chosen = ""
    return rows


def _other(held: Mapping[str, Any], names: Identities) -> OtherData:
    evaluation, overlap = Evaluation.from_dict(held), held.get("overlap")
    if overlap is None:
        title = "Other data set, overlap not recorded"
    elif any(overlap.values()):
        title = f"Other data set: {overlap_in_words(overlap, evaluation.images)}"
    else:
        title = "External data set"
    return OtherData(title, names.folder(held["data"]), evaluation)
