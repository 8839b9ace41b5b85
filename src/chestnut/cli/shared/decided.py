"""Say how a run decides: its threshold, and the rule that chose it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chestnut.cli.shared.output import out

if TYPE_CHECKING:
    from chestnut.inference.bundle import Bundle
    from chestnut.runs.folder import RunFolder


def print_decided(run: RunFolder) -> None:
    """Print the threshold of a run if a rule chose it."""
    from chestnut.inference.run_bundle import find_run_bundle

    bundle = find_run_bundle(run)
    if bundle is not None:
        print_decided_by(bundle)


def print_decided_by(bundle: Bundle) -> None:
    """Print the threshold of a bundle if a rule chose it."""
    if bundle.operating_point is not None:
        out.print(f"· Decided at {bundle.decided_at}.", markup=False)


def describe_decided(run: RunFolder) -> dict[str, Any]:
    """Return the temperature, the threshold and its rule for JSON; null without a bundle, and where there are none."""
    from chestnut.inference.run_bundle import find_run_bundle

    bundle = find_run_bundle(run)
    point = None if bundle is None else bundle.operating_point
    return {
        "temperature": None if bundle is None else bundle.temperature,
        "threshold": None if bundle is None or bundle.positive is None else bundle.threshold,
        "rule": None if point is None else point.rule,
        "on": None if point is None else point.on,
    }
