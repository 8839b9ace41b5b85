"""The plan of a cross-validation, its folds and repeats, and the folder that keeps it.

Equal plans for equal images are the same cross-validation, which a second call resumes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from chestnut.config import Recipe
from chestnut.data.folds import deal, hold_out, pool
from chestnut.data.manifest import Manifest
from chestnut.data.prepare import prepare
from chestnut.data.split import require_trainable
from chestnut.errors import DataError
from chestnut.files.json_files import write_json
from chestnut.limits import MOST_ROUNDS, require_between
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.studies.crossval.result import CrossValidation
from chestnut.studies.study import PlanFile, StudyFolder, StudyPlan


@dataclass(frozen=True)
class FoldRun:
    """One fold of one repeat, which is one run.

    Attributes:
        repeat: The number of the repeat, from 1.
        fold: The number of the fold, from 1.
        seed: The seed of the run and of the choice of its validation images; no two runs share one.
    """

    repeat: int
    fold: int
    seed: int

    @property
    def name(self) -> str:
        """The name of its run."""
        return f"repeat{self.repeat}-fold{self.fold}"


class CrossFile(PlanFile):
    """What a crossplan.json must contain: the recipe as TOML, and the numbers of folds and repeats."""

    recipe: str
    folds: Annotated[int, Field(ge=2)]
    repeats: Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class CrossPlan(StudyPlan):
    """The plan of a cross-validation.

    Attributes:
        recipe: The recipe, whose seed decides the folds.
        folds: The number of folds, 2 or more.
        repeats: How many times the patients are divided into folds, 1 or more.
        images: The SHA-256 of the images' rows: path, label, patient, split, pixels.
        threads: The number of threads of one operation of a run, which decides its last bits.
    """

    recipe: Recipe
    folds: int
    repeats: int
    images: str
    threads: int

    file_type = CrossFile
    labels: ClassVar = {
        "recipe": "the recipe or its settings",
        "images": "the images",
        "folds": "folds",
        "repeats": "repeats",
    }

    @property
    def parts(self) -> tuple[FoldRun, ...]:
        """Every fold of every repeat, in the order of training."""
        pairs = [(repeat, fold) for repeat in range(self.repeats) for fold in range(self.folds)]
        return tuple(FoldRun(r + 1, f + 1, self.recipe.seed + r * self.folds + f) for r, f in pairs)

    @property
    def identity(self) -> dict[str, Any]:
        """The values that distinguish this cross-validation from others."""
        recipe = self.recipe.model_dump(mode="json")
        return {"recipe": recipe, "folds": self.folds, "repeats": self.repeats, "images": self.images}

    def fields(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return {**self.identity, "recipe": self.recipe.to_toml(), "threads": self.threads}

    @classmethod
    def from_fields(cls, values: dict[str, Any], origin: str) -> Self:
        """Build a plan from what `fields` returned."""
        recipe = Recipe.from_toml(values["recipe"], origin)
        return cls(recipe, values["folds"], values["repeats"], values["images"], values["threads"])

    def describe(self, part: FoldRun) -> str:
        """Return what the run of a part does not see, in words."""
        repeat = f", repeat {part.repeat} of {self.repeats}," if self.repeats > 1 else ""
        return f"fold {part.fold} of {self.folds}{repeat} held out of a cross-validation"

    def split_parts(self, pooled: Manifest) -> Iterator[tuple[FoldRun, Manifest]]:
        """Yield the images of every part, with the fold as `test`; see `data.folds`.

        Args:
            pooled: The images for which this plan was made.

        Raises:
            DataError: A part has no images of a class in train or val.
        """
        dealt = deal(pooled, self.folds, self.recipe.seed, self.repeats)
        for part in self.parts:
            held = dealt[part.repeat - 1] == part.fold - 1
            images = hold_out(pooled, held, self.recipe.data.fractions, part.seed)
            try:
                require_trainable(images)
            except DataError as error:
                raise DataError(f"without fold {part.fold} of {self.folds}, {error}") from error
            yield part, images.with_note(f"the test split is {self.describe(part)}")


def check_folds(folds: int, repeats: int) -> None:
    """Check the numbers of a cross-validation that do not depend on its data.

    Raises:
        DataError: A number is out of its range.
    """
    require_between(2, MOST_ROUNDS, "; one fold alone would leave nothing to train on", folds=folds)
    require_between(1, MOST_ROUNDS, repeats=repeats)


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
    """Choose the images, decode them, and check that every fold can be trained; only the pixel cache is written.

    Args:
        data: The data; their own test split is not used.
        recipe: The recipe, including epochs and seed.
        folds: The number of folds.
        repeats: How many times the patients are divided into folds.
        threads: The number of threads of one operation of a run.
        skip_bad: Leave out unreadable images instead of raising an error.
        bars: Shows the progress.

    Returns:
        The plan, and the images without splits but with digests of their pixels.

    Raises:
        DataError: A number is out of range, a class has fewer patients than there are folds, or images are unreadable.
    """
    check_folds(folds, repeats)

    def divide(images: Manifest) -> Manifest:
        pooled = pool(images)
        deal(pooled, folds, recipe.seed)  # refuses too many folds before decoding, which can take hours
        return pooled

    def require_every_fold_trainable(pooled: Manifest) -> None:
        for _ in CrossPlan(recipe, folds, repeats, "", threads).split_parts(pooled):
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


class CrossFolder(StudyFolder[CrossPlan]):
    """The folder of a cross-validation, whose manifest has no splits."""

    plan_type = CrossPlan
    plan_name = "crossplan.json"
    result_type = CrossValidation
    result_name = "crossval.json"
    page_name = "crossval.html"
    noun = "cross-validation"
    command = "crossval"

    @property
    def predictions_file(self) -> Path:
        """The file with the out-of-fold prediction of every image."""
        return self.path / "predictions.csv"

    def images(self, part: FoldRun) -> tuple[Path, Path]:
        """Return the files with the manifest and the facts of a part's images."""
        return self.path / "folds" / f"{part.name}.csv", self.path / "folds" / f"{part.name}.json"

    def run(self, part: FoldRun) -> RunFolder:
        """Return the folder of a part's run."""
        return RunFolder(self.path / part.name)

    def write_more(self, plan: CrossPlan, manifest: Manifest) -> None:
        """Write the images of every part."""
        for part, images in plan.split_parts(manifest):
            rows, facts = self.images(part)
            images.save(rows)
            write_json(facts, images.facts())
