"""Read the check of a run's maps: `explain/check/check.json` in the run's folder."""

from __future__ import annotations

from pathlib import Path

from chestnut.explain.checks.map_check import MapCheck
from chestnut.files.json_files import parse_json
from chestnut.runs.folder import RunFolder


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
    return MapCheck.from_dict(parse_json(run.read(path), path, MapCheck, run.files.remedy(path)))
