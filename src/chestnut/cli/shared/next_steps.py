"""The next step for a run, as a command that the user may want to give after another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chestnut.cli.shared.output import print_next

if TYPE_CHECKING:
    from chestnut.data.manifest import Manifest
    from chestnut.runs.folder import RunFolder


def print_next_for(
    run: RunFolder, *, reported: bool = False, predicted: bool = False, manifest: Manifest | None = None
) -> None:
    """Print the next step for a run: finish it, judge it on its test split, write its report, or use it.

    Args:
        run: The run.
        reported: Whether the command that ends here has just written a report, wherever that is.
        predicted: Whether it has just predicted images.
        manifest: The images of the run, if they have been read.
    """
    step = _step(run, reported, manifest)
    print_next("chestnut", *(("info", run.path) if predicted and step[0] == "predict" else step))


def _step(run: RunFolder, reported: bool, manifest: Manifest | None) -> tuple[object, ...]:
    record = run.record
    if record.status == "failed":
        return "diagnose", run.path
    if not record.finished and run.state.is_dir():
        return "train", "--resume", run.path
    manifest = run.manifest if manifest is None else manifest
    images: tuple[object, ...] = ("--split", "test") if "test" in manifest.splits else ()
    if not len(manifest):  # an imported network has images of its own only where they were given
        images = () if run.evaluations() else ("DATA",)
    if images and "test" not in run.evaluations():
        return "evaluate", run.path, *images
    if not reported and not run.report_file.is_file():
        return "report", run.path
    if not run.evaluation("stress").is_dir() and "val" in manifest.splits:
        return "stress", run.path
    seen = manifest.only("test") if "test" in manifest.splits else manifest
    return "predict", run.path, seen.paths[0] if len(seen) else "DATA"
