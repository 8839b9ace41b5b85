"""`CrossPlan`: what a cross-validation makes, as one frozen object that is kept in its folder.

Called by `crossval` and `crossfolder`; calls `config`, `data`, `plan` and `planned`. Equal plans on equal images are
the same cross-validation, which a second call goes on with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from chestnut.config import Recipe
from chestnut.data.folds import deal, hold_out, pool
from chestnut.data.manifest import Manifest
from chestnut.data.prepare import prepare
from chestnut.data.split import require_trainable
from chestnut.errors import DataError
from chestnut.files.json_files import write_json
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.studies.study import Planned, PlannedFolder


@dataclass(frozen=True)
class Part:
    """One fold of one repeat, which is one run.

    Attributes:
        repeat: From 1.
        fold: From 1.
        seed: Of its run, and of the choice of its validation images; no two parts share one.
    """

    repeat: int
    fold: int
    seed: int

    @property
    def name(self) -> str:
        """Name of its run."""
        return f"repeat{self.repeat}-fold{self.fold}"


@dataclass(frozen=True)
class CrossPlan(Planned):
    """A cross-validation before its first run.

    Attributes:
        recipe: The recipe; its seed deals the folds.
        folds: How many; 2 or more.
        repeats: How many times the folds are dealt anew; 1 or more.
        images: SHA-256 of the images' rows: path, label, patient, split, pixels.
        threads: Threads of one operation of a run, which decide its last bits.
    """

    recipe: Recipe
    folds: int
    repeats: int
    images: str
    threads: int

    words: ClassVar = {
        "recipe": "the recipe or its settings",
        "images": "the images",
        "folds": "folds",
        "repeats": "repeats",
    }

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every fold of every repeat, in the order in which they are made."""
        pairs = [(repeat, fold) for repeat in range(self.repeats) for fold in range(self.folds)]
        return tuple(Part(r + 1, f + 1, self.recipe.seed + r * self.folds + f) for r, f in pairs)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes it this cross-validation and no other."""
        recipe = self.recipe.model_dump(mode="json")
        return {"recipe": recipe, "folds": self.folds, "repeats": self.repeats, "images": self.images}

    def fields(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**self.identity, "recipe": self.recipe.to_toml(), "threads": self.threads}

    @classmethod
    def from_fields(cls, held: dict[str, Any], origin: str) -> Self:
        """The inverse of `fields`."""
        recipe = Recipe.from_toml(held["recipe"], origin)
        return cls(recipe, held["folds"], held["repeats"], held["images"], held["threads"])

    def manifests(self, pooled: Manifest) -> Iterator[tuple[Part, Manifest]]:
        """Yield the images of every part, with the fold as `test`; see `data.folds`.

        Args:
            pooled: The images that this plan was made of.

        Raises:
            DataError: A part lacks a class in train or val.
        """
        dealt = deal(pooled, self.folds, self.recipe.seed, self.repeats)
        for part in self.parts:
            held = dealt[part.repeat - 1] == part.fold - 1
            images = hold_out(pooled, held, self.recipe.data.fractions, part.seed)
            try:
                require_trainable(images)
            except DataError as error:
                raise DataError(f"without fold {part.fold} of {self.folds}, {error}") from error
            yield part, images.with_note(f"the test split is {in_words(part, self)}")


def make_crossplan(
    data: Manifest,
    recipe: Recipe,
    folds: int,
    repeats: int,
    threads: int,
    *,
    skip_bad: bool = False,
    bars: Bars = silent,
) -> tuple[CrossPlan, Manifest]:
    """Choose the images, decode them, and see that every fold can be trained; nothing is written but the pixel cache.

    Args:
        data: The data; its own test split takes no part.
        recipe: The recipe, its epochs and its seed included.
        folds: How many.
        repeats: How many times they are dealt anew.
        threads: Threads of one operation of a run.
        skip_bad: Leave unreadable images out instead of stopping.
        bars: Shows the progress.

    Returns:
        The plan, and the images without splits but with digests of their pixels.

    Raises:
        DataError: Numbers out of range, more folds than a class has patients, or unreadable images.
    """
    if folds < 2:
        raise DataError(f"folds={folds}: give 2 or more; one fold alone would leave nothing to train on")
    if repeats < 1:
        raise DataError(f"repeats={repeats}: give 1 or more")

    def divide(images: Manifest) -> Manifest:
        pooled = pool(images)
        deal(pooled, folds, recipe.seed)  # refuses too many folds before hours of decoding
        return pooled

    def require_every_fold_trainable(pooled: Manifest) -> None:
        for _ in CrossPlan(recipe, folds, repeats, "", threads).manifests(pooled):
            pass

    prepared = prepare(
        data,
        [recipe.input],
        divide,
        positive=recipe.data.positive,
        check=require_every_fold_trainable,
        skip_bad=skip_bad,
        bars=bars,
    )
    return CrossPlan(recipe, folds, repeats, prepared.digest, threads), prepared.with_notes_on_bad()


def in_words(part: Part, plan: CrossPlan) -> str:
    """What is held out in a part."""
    repeat = f", repeat {part.repeat} of {plan.repeats}," if plan.repeats > 1 else ""
    return f"fold {part.fold} of {plan.folds}{repeat} held out of a cross-validation"


class CrossFolder(PlannedFolder[CrossPlan]):
    """A cross-validation's files by name; its manifest has no splits."""

    plan_type = CrossPlan
    plan_name = "crossplan.json"
    page_name = "crossval.html"
    noun = "cross-validation"
    command = "crossval"

    @property
    def result_file(self) -> Path:
        """Metrics of every fold and of all together."""
        return self.path / "crossval.json"

    @property
    def predictions_file(self) -> Path:
        """The out-of-fold prediction of every image."""
        return self.path / "predictions.csv"

    def images(self, part: Part) -> tuple[Path, Path]:
        """The manifest and the facts of a part's images."""
        return self.path / "folds" / f"{part.name}.csv", self.path / "folds" / f"{part.name}.json"

    def run(self, part: Part) -> RunFolder:
        """The run of a part."""
        return RunFolder(self.path / part.name)

    def prepare(self, plan: CrossPlan, manifest: Manifest) -> None:
        """Write the images of every part."""
        for part, images in plan.manifests(manifest):
            rows, facts = self.images(part)
            images.save(rows)
            write_json(facts, images.facts())
