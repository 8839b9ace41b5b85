"""Train a run's recipe again without one hospital, scanner or collection, and evaluate it on that source.

Each training is an ordinary run in `sources/` inside the run's folder. A finished training is kept, and one that was
stopped is resumed.
"""

from __future__ import annotations

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
from chestnut.files.json_files import json_text
from chestnut.inference.evaluate import evaluate_run
from chestnut.names import make_name, quoted
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.timestamp import now
from chestnut.training.epochs.steps import Observer
from chestnut.training.train import Setup, resume, train


@dataclass(frozen=True)
class LeftOut:
    """One source that was left out of training.

    Attributes:
        source: The name of the source.
        run: The run that was trained without it; None if that was impossible.
        borrowed: The number of validation images of other sources, by class, if the source has none of that class.
        evaluation: The evaluation on the source's images and the borrowed ones; None if there is no run.
        why: Why there is no run, in words; empty if there is one.
    """

    source: str
    run: Path | None
    borrowed: dict[str, int]
    evaluation: Evaluation | None
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "source": self.source,
            "run": None if self.run is None else str(self.run),
            "borrowed": self.borrowed,
            "why": self.why,
            "evaluation": None if self.evaluation is None else self.evaluation.to_dict(),
        }


@dataclass(frozen=True)
class Retraining:
    """How runs without a source are trained.

    Attributes:
        epochs: The maximum number of epochs; None for the recipe's.
        command: The command line to write into environment.json.
        bars: Shows the progress of decoding and predicting.
        watch: Returns an observer for the training without a source; None for no observer.
    """

    epochs: int | None = None
    command: str = "chestnut.stress"
    bars: Bars = silent
    watch: Callable[[str], AbstractContextManager[Observer]] | None = None


def leave_one_source_out(run: RunFolder, how: Retraining | None = None) -> tuple[LeftOut, ...]:
    """Train a run's recipe again without each source in turn, and evaluate it on that source.

    The result is also written to `evaluation/stress/sources.json`.

    Args:
        run: A run whose manifest names at least two sources; its test split is not used.
        how: How the runs are trained.

    Raises:
        DataError: There are fewer than two sources.
        KeyboardInterrupt: Ctrl-C was pressed; finished work is kept.
    """
    seen, sources = require_sources(run)
    found = tuple(_leave_out(run, seen, source, how or Retraining()) for source in sources)
    written = {"when": now(), "sources": [one.to_dict() for one in found]}
    run.write(run.evaluation("stress") / "sources.json", json_text(written))
    return found


def require_sources(run: RunFolder) -> tuple[Manifest, list[str]]:
    """Return the training and validation images of a run, and the sources they come from.

    Raises:
        DataError: There are fewer than two sources, or the names of two cannot be told apart as folders.
    """
    if run.record.imported is not None:
        raise DataError(
            f"{run.path} was imported, and how its network is trained is not known, so it cannot be trained without a "
            "source; give a run that was trained here"
        )
    own = run.manifest
    seen = own.take(np.flatnonzero(own.frame["split"].isin(["train", "val"])))
    sources = sorted(set(seen.frame["source"]) - {""})
    if len(sources) < 2:
        known = f"only {sources[0]!r}" if sources else "no sources"
        raise DataError(
            f"the images of {run.path} name {known}, and leaving one out needs two; read the data with "
            "source_regex=REGEX or a column for source"
        )
    _require_own_folders(sources)
    return seen, sources


def _require_own_folders(sources: Sequence[str]) -> None:
    """Check that no two sources share a folder, where the second would be taken for the first."""
    first: dict[str, str] = {}
    for source in sources:
        other = first.setdefault(_folder_name(source).casefold(), source)
        if other != source:
            raise DataError(
                f"the sources {quoted(other)} and {quoted(source)} are too much alike to name folders; rename one of "
                "them in the data"
            )


def _folder_name(source: str) -> str:
    return make_name(source, "source")


def _leave_out(run: RunFolder, seen: Manifest, source: str, how: Retraining) -> LeftOut:
    """Train without a source and evaluate on it, with images of other sources for the classes that it lacks."""
    inside = (seen.frame["source"] == source).to_numpy()
    rest = seen.take(np.flatnonzero(~inside))
    if missing := _find_missing_classes(rest):
        return LeftOut(source, None, {}, None, f"without it there are no images of {listed(missing)}")
    folder = run.path / "sources" / _folder_name(source)
    with ExitStack() as stack:
        observers = () if how.watch is None else (stack.enter_context(how.watch(source)),)
        setup = Setup(folder, audited=False, command=how.command, bars=how.bars, observers=observers, for_use=False)
        trained = _train_or_resume(setup, rest, _retraining_recipe(run.recipe, how.epochs))
    absent = set(seen.classes) - set(seen.frame.loc[inside, "label"])
    lent = (seen.frame["split"] == "val") & seen.frame["label"].isin(absent)
    borrowed = seen.frame.loc[lent & ~inside, "label"].value_counts()
    evaluated = seen.take(np.flatnonzero(inside | lent)).with_column("split", [""] * int((inside | lent).sum()))
    evaluation = evaluate_run(trained, "val", replace(evaluated, root=folder), command=how.command, bars=how.bars)
    return LeftOut(source, trained.path, {str(k): int(v) for k, v in borrowed.items()}, evaluation)


def _retraining_recipe(recipe: Recipe, epochs: int | None) -> Recipe:
    """Return the recipe with its epochs and without a share for testing, which would come from training images."""
    share = recipe.data.fractions[0] / sum(recipe.data.fractions[:2])
    settings = [f"data.fractions=[{share}, {1 - share}, 0.0]"]
    return recipe.changed(settings if epochs is None else [*settings, f"train.epochs={epochs}"])


def _find_missing_classes(rest: Manifest) -> Sequence[str]:
    """Return the classes that training or validation would lack without a source."""
    present = [set(rest.frame.loc[rest.frame["split"] == split, "label"]) for split in ("train", "val")]
    return [name for name in rest.classes if not all(name in labels for labels in present)]


def _train_or_resume(setup: Setup, manifest: Manifest, recipe: Recipe) -> RunFolder:
    """Return the run in a folder: a finished one as it is, a stopped one after resuming it, or a new one."""
    folder = setup.folder
    if not (folder / "environment.json").is_file():
        run = train(manifest, recipe, setup)
    else:
        run = RunFolder.open(folder)
        if run.recipe.train.epochs != recipe.train.epochs:
            raise DataError(
                f"{folder} was trained for up to {run.recipe.train.epochs} epochs, not {recipe.train.epochs}; "
                "ask for as many, or remove that folder"
            )
        if not run.finished:
            run = resume(setup)
    if run.record.stopped:
        raise KeyboardInterrupt
    return run
