"""`Plan`: what a comparison compares, and on what terms, as one frozen object that is kept in its folder.

Called by `compare`; calls `config`, `data`, `planned` and `variants`. Equal plans on equal images are the same
comparison, which a second call goes on with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypedDict

from chestnut.config import BackboneConfig, Recipe
from chestnut.data.manifest import Manifest
from chestnut.data.prepare import prepare
from chestnut.data.split import split
from chestnut.data.subset import take_fraction
from chestnut.errors import DataError, RecipeError
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.studies.comparison.variants import Variant
from chestnut.studies.study import Planned, PlannedFolder


class TermsGiven(TypedDict, total=False):
    """`Terms` as keywords of a call."""

    fraction: float
    repeats: int
    epochs: int | None
    seed: int


@dataclass(frozen=True)
class Terms:
    """What all variants share.

    Attributes:
        fraction: Share of each class's training patients, above 0, at most 1.
        repeats: Runs of each variant, with seeds that follow on one another; 1 or more.
        epochs: The most that any run is trained; None for the smallest number among the recipes.
        seed: Of the split, of the share, and of the first run of each variant.
    """

    fraction: float = 1.0
    repeats: int = 1
    epochs: int | None = None
    seed: int = 0

    def check(self) -> None:
        """Refuse terms that make no sense.

        Raises:
            DataError: A fraction, or a number of repeats or epochs, out of its range.
        """
        if not 0 < self.fraction <= 1:
            raise DataError(f"fraction={self.fraction:g}: give a share of the training patients above 0, at most 1")
        if self.repeats < 1:
            raise DataError(f"repeats={self.repeats}: give 1 or more runs of each variant")
        if self.epochs is not None and self.epochs < 1:
            raise DataError(f"epochs={self.epochs}: give 1 or more")
        if self.seed < 0:
            raise DataError(f"seed={self.seed}: give 0 or more")


@dataclass(frozen=True)
class Plan(Planned):
    """A comparison before its first run.

    Attributes:
        variants: What is compared; every recipe has the comparison's epochs.
        terms: What they share.
        images: SHA-256 of the images' rows: path, label, patient, split, pixels.
        threads: Threads of one operation of a run, which decide its last bits.
    """

    variants: tuple[Variant, ...]
    terms: Terms
    images: str
    threads: int

    words: ClassVar = {
        "variants": "the recipes or their settings",
        "images": "the images or their split",
        "fraction": "fraction",
        "repeats": "repeats",
        "epochs": "epochs",
        "seed": "seed",
    }

    @property
    def seeds(self) -> range:
        """The seed of each repeat."""
        return range(self.terms.seed, self.terms.seed + self.terms.repeats)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes it this comparison and no other."""
        held = {one.name: one.recipe.model_dump(mode="json") for one in self.variants}
        return {"variants": held, "images": self.images, **asdict(self.terms)}

    def fields(self) -> dict[str, Any]:
        """JSON-ready."""
        variants = [{"name": one.name, "recipe": one.recipe.to_toml()} for one in self.variants]
        return {"variants": variants, **asdict(self.terms), "images": self.images, "threads": self.threads}

    @classmethod
    def from_fields(cls, held: dict[str, Any], origin: str) -> Self:
        """The inverse of `fields`."""
        variants = [Variant(one["name"], Recipe.from_toml(one["recipe"], origin)) for one in held["variants"]]
        terms = Terms(held["fraction"], held["repeats"], held["epochs"], held["seed"])
        return cls(tuple(variants), terms, held["images"], held["threads"])


def make_plan(
    data: Manifest,
    variants: tuple[Variant, ...],
    terms: Terms,
    threads: int,
    *,
    skip_bad: bool = False,
    bars: Bars = silent,
) -> tuple[Plan, Manifest]:
    """Split, take the share and decode, once for all variants; nothing is written but the pixel cache.

    Args:
        data: The data; split by the recipes' fractions where it has no split.
        variants: What is compared.
        terms: What they share.
        threads: Threads of one operation of a run.
        skip_bad: Leave unreadable images out instead of stopping.
        bars: Shows the progress.

    Returns:
        The plan, and the images with splits and digests of their pixels.

    Raises:
        DataError: Terms out of range, unreadable images, or data on which nothing can be learnt.
        RecipeError: Recipes that split differently or differ in the positive class.
    """
    terms.check()
    recipes = [variant.recipe for variant in variants]
    fractions = _shared((recipe.data.fractions for recipe in recipes), "data.fractions")
    positive = _shared((recipe.data.positive for recipe in recipes), "data.positive")
    prepared = prepare(
        data,
        (recipe.input for recipe in recipes),
        lambda images: take_fraction(split(images, fractions, terms.seed), terms.fraction, terms.seed),
        positive=positive,
        skip_bad=skip_bad,
        bars=bars,
    )
    epochs = terms.epochs or min(recipe.train.epochs for recipe in recipes)
    equal = tuple(replace(one, recipe=one.recipe.changed([f"train.epochs={epochs}"])) for one in variants)
    plan = Plan(equal, replace(terms, epochs=epochs), prepared.digest, threads)
    return plan, prepared.with_notes_on_bad()


def start_in_words(recipe: Recipe) -> str:
    """What a network starts from.

    >>> start_in_words(Recipe(name="mine"))
    'random weights'
    """
    if not isinstance(recipe.model, BackboneConfig):
        return "random weights" if recipe.model.network in ("cnn", "mlp") else "fitted without epochs"
    if recipe.model.weights == "none":
        return "random weights" if recipe.model.unfreeze == 1 else "random weights, frozen"
    return "ImageNet weights" if recipe.model.weights == "imagenet" else f"weights of {Path(recipe.model.weights).name}"


def _shared(values: Iterable[Any], key: str) -> Any:
    different = list(dict.fromkeys(values))
    if len(different) > 1:
        shown = " and ".join(str(value) for value in different)
        raise RecipeError(f"the recipes have {key} {shown}; give the same for all, such as {key}=…")
    return different[0]


class ComparisonFolder(PlannedFolder[Plan]):
    """A comparison's files by name."""

    plan_type = Plan
    plan_name = "plan.json"
    page_name = "comparison.html"
    noun = "comparison"
    command = "compare"

    @property
    def leaderboard_file(self) -> Path:
        """The leaderboard with its tests."""
        return self.path / "leaderboard.json"

    @property
    def table_file(self) -> Path:
        """The leaderboard, a row a variant."""
        return self.path / "leaderboard.csv"

    def run(self, variant: str, seed: int) -> RunFolder:
        """The run of a variant with a seed."""
        return RunFolder(self.path / f"{variant}-s{seed}")
