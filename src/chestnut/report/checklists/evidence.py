"""`Evidence`: what a run and its study.toml have that a checklist may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chestnut.config import Recipe
from chestnut.config.study import StudyDescription
from chestnut.data.manifest import COLUMNS
from chestnut.evaluation.metrics import Evaluation
from chestnut.explain.checks.file import check_folder
from chestnut.explain.map_folder import MAPS
from chestnut.inference.bundle import Bundle
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.report.sections.stress import SourceRow, read_sources
from chestnut.robustness.folders import PARTIAL, STRESS
from chestnut.runs.evaluations import read_evaluation
from chestnut.runs.flow import Flow, read_flow
from chestnut.runs.folder import RunFolder
from chestnut.runs.record import RunRecord
from chestnut.runs.study_file import read_study

#: The place of the checks of heat maps.
CHECK = "explain/check"

_OWN = ("test", "val", "train")


@dataclass(frozen=True)
class Evidence:
    """What there is.

    Attributes:
        study: The texts of study.toml; empty ones where there is none.
        recipe: The recipe.
        record: The record of the run.
        facts: The content of data.json.
        rows: The rows of manifest.csv; None where there is none, or where it is empty.
        flow: The way of the images.
        evaluations: The evaluations of the run's own images by their split.
        external: The names and evaluations of data sets with no image that the run knows.
        sources: The figures on each source that was left out of training.
        bundle: What the bundle states; None before there is a network.
        epochs: The number of epochs in history.csv.
        audited: Whether the data were audited.
        robustness: The tests of robustness that were made, in words.
        explained: The places of heat maps and of their checks.
        failures: Where wrong decisions are listed; empty if nowhere.
    """

    study: StudyDescription
    recipe: Recipe
    record: RunRecord
    facts: Mapping[str, Any]
    rows: pd.DataFrame | None
    flow: Flow
    evaluations: Mapping[str, Evaluation]
    external: Mapping[str, Evaluation]
    sources: tuple[SourceRow, ...]
    bundle: Bundle | None
    epochs: int
    audited: bool
    robustness: tuple[str, ...]
    explained: tuple[str, ...]
    failures: str

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have images."""
        return (
            ()
            if self.rows is None
            else tuple(name for name in ("train", "val", "test") if (self.rows["split"] == name).any())
        )

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns that describe patients or images, such as age."""
        if self.rows is None:
            return ()
        return tuple(str(name) for name in self.rows if name not in COLUMNS and (self.rows[name] != "").any())

    @property
    def named_sources(self) -> int:
        """The number of hospitals or scanners that the images name."""
        return 0 if self.rows is None or "source" not in self.rows else len(set(self.rows["source"]) - {""})

    @property
    def shared_patients(self) -> int:
        """The number of patients with images in more than one split."""
        if self.rows is None:
            return 0
        held = self.rows[self.rows["split"] != ""]
        return int((held.groupby("patient")["split"].nunique() > 1).sum())

    @property
    def imported(self) -> bool:
        """Whether the network was trained elsewhere."""
        return self.record.imported is not None

    @property
    def final(self) -> Mapping[str, Evaluation]:
        """The evaluations on images that had no part in training: of the test split and of external data."""
        own = {} if self.imported else {name: found for name, found in self.evaluations.items() if name == "test"}
        return own | dict(self.external)


def gather(run: RunFolder) -> Evidence:
    """Read what a run has.

    Raises:
        RunError: A file that the run needs is missing or was changed.
        DataError: Another file of the run is damaged.
        StudyFileError: The study.toml of the run is damaged.
    """
    rows, root = run.rows, run.facts.get("root")
    own, external = {}, {}
    for name in run.evaluations():
        held = run.metrics(name)
        if name in _OWN and held.get("data", root) == root:
            own[name] = read_evaluation(run, name)
        elif held.get("overlap") is not None and not any(held["overlap"].values()):
            external[name] = read_evaluation(run, name)
    return Evidence(
        study=read_study(run) or StudyDescription(),
        recipe=run.recipe,
        record=run.record,
        facts=run.facts,
        rows=rows if rows is not None and len(rows) else None,
        flow=read_flow(run),
        evaluations=own,
        external=external,
        sources=tuple(one for one in read_sources(run) if one.evaluation is not None),
        bundle=find_run_bundle(run),
        epochs=len(run.history),
        audited=run.audit is not None,
        robustness=tuple(_robustness(run)),
        explained=tuple(_explained(run)),
        failures=_failures(run, [*own, *external]),
    )


def _robustness(run: RunFolder) -> list[str]:
    made = {
        "the shifts of `chestnut stress`": (run.evaluation(STRESS) / "stress.json").exists(),
        "some of the shifts of `chestnut stress`": (run.evaluation(PARTIAL) / "stress.json").exists(),
        "the exchange of framing and scanner": (run.exchange / "exchange.json").exists(),
        "training without each source": (run.evaluation(STRESS) / "sources.json").exists(),
    }
    return [name for name, found in made.items() if found]


def _explained(run: RunFolder) -> list[str]:
    earlier = run.path / "explain" / "maps.json"
    made = {
        CHECK: (check_folder(run) / "check.json").exists(),
        "explain/maps": earlier.exists() or (run.path / MAPS / "maps.json").exists(),
    }
    return [name for name, found in made.items() if found]


def _failures(run: RunFolder, names: list[str]) -> str:
    """Return where wrong decisions are listed: in the folder of `chestnut errors`, or in the report."""
    folder = run.path / "errors"
    if folder.is_dir() and any(folder.iterdir()):
        return "errors/"
    listed = any((run.evaluation(name) / "predictions.csv").exists() for name in names if name != "train")
    return "report, Results: the mistakes" if listed else ""
