"""Diagnose the learning curves of a run for its report."""

from __future__ import annotations

from dataclasses import dataclass

from chestnut.config import ClassicalConfig, EnsembleConfig, ImportedConfig
from chestnut.diagnosis.diagnosis import diagnose
from chestnut.report.sections.findings import Shown
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class TrainingAdvice:
    """The diagnosis of a run.

    Attributes:
        lead: The headline of the diagnosis, and how training went.
        shown: The advice, the most serious first, in the form of findings.
    """

    lead: str
    shown: tuple[Shown, ...]


def read_advice(run: RunFolder) -> TrainingAdvice | None:
    """Diagnose a run that was trained by epochs.

    Returns:
        The diagnosis; None before the first epoch has ended, for a classical method, an ensemble and an
            imported network.

    Raises:
        DataError: A table of the run is damaged.
    """
    if isinstance(run.recipe.model, EnsembleConfig | ImportedConfig):
        return None
    found = diagnose(run)
    if not found.epochs or isinstance(run.recipe.model, ClassicalConfig):
        return None
    shown = [Shown(one.name, one.severity, one.title, one.evidence, _remedy(one.settings), ()) for one in found.advice]
    return TrainingAdvice(f"{found.headline} {found.summary}", tuple(shown))


def _remedy(settings: tuple[str, ...]) -> str:
    return "train again with " + " ".join(f"`--set {setting}`" for setting in settings) if settings else ""
