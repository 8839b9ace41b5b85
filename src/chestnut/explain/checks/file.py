"""Read the check of a run's maps: `explain/check/check.json` in the run's folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.checks.map_check import MapCheck
from chestnut.explain.checks.method_check import Curves, Depth, LesionFigures, Likeness, PlaceShare
from chestnut.explain.methods import Method
from chestnut.files.json_files import parse_json
from chestnut.runs.folder import RunFolder

_TYPED = ConfigDict(strict=True)


class MethodFile(BaseModel):
    """What was measured on the maps of one method; see `MethodCheck` for the attributes."""

    model_config = _TYPED

    method: Method
    empty: int
    places: list[PlaceShare]
    lesions: LesionFigures | None
    redrawn: dict[Depth, Likeness]
    images: Likeness | None
    trained: Likeness | None
    above_trained: Estimate | None
    curves: Curves


class CheckFile(BaseModel):
    """The content of a check.json; see `MapCheck` for the attributes."""

    model_config = _TYPED

    images: int
    patients: int
    classes: list[str]
    counts: dict[str, int]
    data: str
    split: str
    without_lungs: int
    lesions: str
    redrawn_images: int
    other: str
    seed: int
    weights: str
    seconds: float
    methods: list[MethodFile]
    agreement: list[list[float]]


def check_folder(run: RunFolder) -> Path:
    """Return the folder of a run with the check of its maps."""
    return run.path / "explain" / "check"


def read_check(run: RunFolder) -> MapCheck | None:
    """Read the check of a run's maps; None where none was made.

    Raises:
        RunError: check.json was changed.
        DataError: check.json is damaged.
    """
    path = check_folder(run) / "check.json"
    if not path.exists():
        return None
    return MapCheck.from_dict(parse_json(run.read(path), path, CheckFile, run.files.remedy(path)))
