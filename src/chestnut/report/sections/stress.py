"""The stress validation of a run, as the report shows it.

Called by `run_page`; reads `evaluation/stress/` as `inference.stress_files` wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chestnut.errors import RunError
from chestnut.files.json_files import read_json
from chestnut.report.render import Estimate, Picture, picture
from chestnut.runs.folder import RunFolder

_NEEDED = {"images", "patients", "plain", "mean", "worst", "shifts", "shortcut", "operating_points", "external", "seed"}
_RULES = {"fixed": "0.5", "plain": "on plain images", "stress": "on all shifts"}

_CONDITIONS = {"plain": "Plain images", "mean": "Mean of shifts", "worst": "Worst", "external": "External set"}


@dataclass(frozen=True)
class Row:
    """One line of the table of operating points.

    Attributes:
        chosen: How the threshold was chosen, and the threshold; empty where the line above says so.
        condition: What it was judged on.
        sensitivity: With its interval.
        specificity: With its interval.
    """

    chosen: str
    condition: str
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class Shifted:
    """A stress validation.

    Attributes:
        held: The content of stress.json.
        drawing: Its figure; None where it is missing.
        shifts: The shifts, the best first.
        points: The table of operating points; empty where there is none.
        sources: What sources.json holds; empty where no source was left out.
    """

    held: Mapping[str, Any]
    drawing: Picture | None
    shifts: tuple[Mapping[str, Any], ...]
    points: tuple[Row, ...]
    sources: tuple[Mapping[str, Any], ...]


def read_stress(run: RunFolder) -> Shifted | None:
    """The stress validation of a run; None where none was made.

    Raises:
        RunError: A stress.json that does not hold one.
        DataError: A stress.json that is no JSON.
    """
    path = run.evaluation("stress") / "stress.json"
    if not path.is_file():
        return None
    held = read_json(path)
    if not isinstance(held, dict) or _NEEDED - set(held):
        raise RunError(f"{path} is not a stress validation; make it anew by chestnut stress {run.path}")
    order = sorted(held["shifts"], key=lambda shift: -(shift["auroc"]["value"] or 0))
    left_out = path.with_name("sources.json")
    return Shifted(
        held,
        picture(path.with_name("stress.png")),
        tuple(order),
        tuple(_points(held["operating_points"])),
        tuple(read_json(left_out)["sources"]) if left_out.is_file() else (),
    )


def _points(held: Mapping[str, Any] | None) -> list[Row]:
    rows = []
    for point in () if held is None else held["points"]:
        chosen = f"{_RULES[point['rule']]}: {point['threshold']:.4g}" if point["rule"] != "fixed" else "0.5"
        for key, name in _CONDITIONS.items():
            if (rates := point[key]) is not None:
                where = f"{name}: {rates['condition']}" if rates["condition"] else name
                rows.append(Row(chosen, where, rates["sensitivity"], rates["specificity"]))
                chosen = ""
    return rows
