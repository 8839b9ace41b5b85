"""Leave one source out: a run's recipe trained again without one hospital, scanner or collection, and judged on it.

Called by `cli`; calls `training` to train and `inference` to judge. Each training is an ordinary run in `sources/` of
the run's folder; one that has ended is not made again, one that was stopped goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chestnut.config import Recipe
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, listed
from chestnut.evaluation.metrics import Evaluation
from chestnut.files.json_files import write_json
from chestnut.inference.evaluate import evaluate_run
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.timestamp import now
from chestnut.training.loop import Observer
from chestnut.training.train import Setup, resume, train


@dataclass(frozen=True)
class LeftOut:
    """One source that was left out of training.

    Attributes:
        source: Its name.
        run: The run that was trained without it; None where that could not be.
        borrowed: Validation images of other sources by class, where the source has none of that class.
        evaluation: How the run does on the source's images and the borrowed ones; None where there is no run.
        why: Why there is no run, in words; empty where there is one.
    """

    source: str
    run: Path | None
    borrowed: dict[str, int]
    evaluation: Evaluation | None
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "source": self.source,
            "run": None if self.run is None else str(self.run),
            "borrowed": self.borrowed,
            "why": self.why,
            "evaluation": None if self.evaluation is None else self.evaluation.to_dict(),
        }


@dataclass(frozen=True)
class Retraining:
    """How runs without a source are made.

    Attributes:
        epochs: Greatest number of epochs; None for the recipe's.
        command: The command line, for environment.json.
        bars: Shows the progress of decoding and predicting.
        watch: Gives an observer of the training without a source; None for none.
    """

    epochs: int | None = None
    command: str = "chestnut.stress"
    bars: Bars = silent
    watch: Callable[[str], AbstractContextManager[Observer]] | None = None


def leave_one_source_out(run: RunFolder, how: Retraining | None = None) -> tuple[LeftOut, ...]:
    """Train a run's recipe again without each source in turn, and judge it there; writes `stress/sources.json`.

    Args:
        run: A run whose manifest knows at least two sources; its test split is left alone.
        how: How runs are made.

    Raises:
        DataError: Fewer than two sources.
        KeyboardInterrupt: Ctrl-C; what has been trained is kept.
    """
    seen, sources = require_sources(run)
    found = tuple(_left_out(run, seen, source, how or Retraining()) for source in sources)
    written = {"when": now(), "sources": [one.to_dict() for one in found]}
    write_json(run.evaluation("stress") / "sources.json", written)
    return found


def require_sources(run: RunFolder) -> tuple[Manifest, list[str]]:
    """The training and validation images of a run, and the sources they come from.

    Raises:
        DataError: Fewer than two sources.
    """
    own = Manifest.read(run.manifest_file, run.facts)
    seen = own.take(np.flatnonzero(own.frame["split"].isin(["train", "val"])))
    sources = sorted(set(seen.frame["source"]) - {""})
    if len(sources) < 2:
        known = f"only {sources[0]!r}" if sources else "no sources"
        raise DataError(
            f"the images of {run.path} name {known}, and leaving one out needs two; read the data with "
            "source_regex=REGEX or a column for source"
        )
    return seen, sources


def _left_out(run: RunFolder, seen: Manifest, source: str, how: Retraining) -> LeftOut:
    inside = (seen.frame["source"] == source).to_numpy()
    rest = seen.take(np.flatnonzero(~inside))
    if lacking := _lacking(rest):
        return LeftOut(source, None, {}, None, f"without it there are no images of {listed(lacking)}")
    folder = run.path / "sources" / (re.sub(r"[^A-Za-z0-9._-]+", "-", source).strip("-.") or "source")
    with ExitStack() as stack:
        observers = () if how.watch is None else (stack.enter_context(how.watch(source)),)
        setup = Setup(folder, audited=False, command=how.command, bars=how.bars, observers=observers)
        made = _trained(setup, rest, _shortened(run.recipe, how.epochs))
    strange = set(seen.classes) - set(seen.frame.loc[inside, "label"])
    held = (seen.frame["split"] == "val") & seen.frame["label"].isin(strange)
    borrowed = seen.frame.loc[held & ~inside, "label"].value_counts()
    judged = seen.take(np.flatnonzero(inside | held)).with_column("split", [""] * int((inside | held).sum()))
    evaluation = evaluate_run(made, "val", replace(judged, root=folder), command=how.command, bars=how.bars)
    return LeftOut(source, made.path, {str(k): int(v) for k, v in borrowed.items()}, evaluation)


def _shortened(recipe: Recipe, epochs: int | None) -> Recipe:
    """The recipe without a share for testing, which would be taken from the training images, and with its epochs."""
    share = recipe.data.fractions[0] / sum(recipe.data.fractions[:2])
    settings = [f"data.fractions=[{share}, {1 - share}, 0.0]"]
    return recipe.changed(settings if epochs is None else [*settings, f"train.epochs={epochs}"])


def _lacking(rest: Manifest) -> Sequence[str]:
    """Classes that a source takes with it from training or validation."""
    present = [set(rest.frame.loc[rest.frame["split"] == split, "label"]) for split in ("train", "val")]
    return [name for name in rest.classes if not all(name in labels for labels in present)]


def _trained(setup: Setup, manifest: Manifest, recipe: Recipe) -> RunFolder:
    """The run in a folder: as it stands where it has ended, gone on with where it was stopped, else made."""
    folder = setup.folder
    if not (folder / "environment.json").is_file():
        made = train(manifest, recipe, setup)
    else:
        made = RunFolder.open(folder)
        if made.recipe.train.epochs != recipe.train.epochs:
            raise DataError(
                f"{folder} was trained for up to {made.recipe.train.epochs} epochs, not {recipe.train.epochs}; "
                "ask for as many, or remove that folder"
            )
        if not made.finished:
            made = resume(setup)
    if made.record.stopped:
        raise KeyboardInterrupt
    return made
