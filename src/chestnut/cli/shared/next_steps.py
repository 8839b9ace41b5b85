"""The next step for a run, as a command that the user may want to give after another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chestnut.cli.shared.output import print_next

if TYPE_CHECKING:
    from chestnut.runs.folder import RunFolder


def print_next_for(run: RunFolder, *, reported: bool = False, predicted: bool = False) -> None:
    """Print the next step for a run: finish it, judge it on its test split, write its report, or use it.

    Args:
        run: The run.
        reported: Whether the command that ends here has just written a report, wherever that is.
        predicted: Whether it has just predicted images.
    """
    step = _step(run, reported)
    print_next("chestnut", *(("info", run.path) if predicted and step[0] == "predict" else step))


def _step(run: RunFolder, reported: bool) -> tuple[object, ...]:
    record = run.record
    if record.status == "failed":
        return "diagnose", run.path
    if not record.finished and run.state.is_dir():
        return "train", "--resume", run.path
    manifest = run.manifest
    if "test" in manifest.splits and "test" not in run.evaluations():
        return "evaluate", run.path, "--split", "test"
    if not reported and not run.report_file.is_file():
        return "report", run.path
    if not run.evaluation("stress").is_dir() and "val" in manifest.splits:
        return "stress", run.path
    images = manifest.only("test") if "test" in manifest.splits else manifest
    return "predict", run.path, images.paths[0]
