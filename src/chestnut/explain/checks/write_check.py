"""Write the check of a run's maps with its figures: `explain/check/` in the run's folder."""

from __future__ import annotations

from chestnut.evaluation.intervals.estimate import CONFIDENCE
from chestnut.explain.checks.figure import draw_places, draw_tests
from chestnut.explain.checks.file import check_folder
from chestnut.explain.checks.map_check import MapCheck
from chestnut.figures.saving import remove_both, save_both
from chestnut.files.json_files import json_text
from chestnut.runs.folder import RunFolder
from chestnut.runs.timestamp import now


def write_check(run: RunFolder, check: MapCheck) -> None:
    """Write check.json, tests and places as PNG and SVG into a run's folder.

    Raises:
        DiskError: The disk is full or may not be written.
    """
    folder = check_folder(run)
    save_both(draw_tests(check), folder / "tests.png")
    if any(one.share.value is not None for method in check.methods for one in method.places):
        save_both(draw_places(check), folder / "places.png")
    else:
        remove_both(folder / "places.png")
    facts = {"when": now(), "confidence": CONFIDENCE}
    run.write(folder / "check.json", json_text(facts | check.to_dict()))
