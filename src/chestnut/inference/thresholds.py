"""Change the threshold of a run: in its bundle, and in the history of thresholds in its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chestnut.evaluation.calibration.temperature import decide_alike
from chestnut.evaluation.operating.point import OperatingPoint
from chestnut.inference.bundle import Bundle, PartName
from chestnut.inference.run_bundle import change_run_bundle, read_run_bundle
from chestnut.runs.folder import RunFolder
from chestnut.runs.record import ThresholdChange
from chestnut.runs.timestamp import now


def keep_threshold(run: RunFolder, point: OperatingPoint, command: str) -> Bundle:
    """Decide by a threshold from now on.

    Args:
        run: A trained run of two classes.
        point: The threshold, and how it was chosen.
        command: The command line to name in the history.

    Raises:
        BundleError: The bundle is missing or was changed.
        DiskError: The disk is full or not writable.
    """
    facts = {"threshold": point.threshold, "operating_point": point}
    return change_with_threshold(run, facts, command, rule=point.rule, on=point.on)


def change_with_threshold(
    run: RunFolder,
    facts: Mapping[str, Any],
    command: str,
    *,
    rule: str = "temperature",
    on: str = "val",
    parts: Mapping[PartName, bytes | None] | None = None,
) -> Bundle:
    """Change facts of a run's bundle and its parts, and note the change of the threshold if there is one.

    Args:
        run: A trained run.
        facts: The new values of fields of `Bundle`.
        command: The command line to name in the history.
        rule: The rule that chose the threshold.
        on: The images that it was chosen on.
        parts: The new content of each part to change; None removes it.

    Raises:
        BundleError: The bundle is missing or was changed, or a value is not possible.
        DiskError: The disk is full or not writable.
    """
    before = read_run_bundle(run)
    threshold, point = (facts.get(name, getattr(before, name)) for name in ("threshold", "operating_point"))
    if (threshold, point) != (before.threshold, before.operating_point):
        change = ThresholdChange(
            when=now(), command=command, rule=rule, on=on, threshold=threshold, before=before.threshold
        )
        run.update(thresholds=[one.model_dump() for one in (*_happened(run, before), change)])
    return change_run_bundle(run, parts, **facts)


def _happened(run: RunFolder, bundle: Bundle) -> list[ThresholdChange]:
    """Return the changes in the record, but for a last one that a kill prevented: they are noted before they happen."""
    changes = run.record.thresholds
    prevented = changes and changes[-1].before == bundle.threshold != changes[-1].threshold
    return changes[:-1] if prevented else changes


def made_at_another_threshold(run: RunFolder, bundle: Bundle) -> list[str]:
    """Return the names of evaluations of a run whose threshold decides other than the run's own."""

    def decides_as_now(name: str) -> bool:
        held = run.metrics(name)
        return decide_alike((held["threshold"], held.get("temperature", 1.0)), (bundle.threshold, bundle.temperature))

    return [name for name in run.evaluations() if not decides_as_now(name)]


def made_at_another_temperature(run: RunFolder, bundle: Bundle) -> list[str]:
    """Return the names of evaluations of a run that were made at another temperature than its own."""
    return [name for name in run.evaluations() if run.metrics(name).get("temperature", 1.0) != bundle.temperature]
