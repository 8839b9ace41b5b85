"""The plan of a comparison, its variants and terms, and the folder that keeps it.

Equal plans for equal images are the same comparison, which a second call resumes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from chestnut.config import BackboneConfig, Recipe
from chestnut.data.manifest import Manifest
from chestnut.data.prepare import prepare
from chestnut.data.split import split
from chestnut.data.subset import take_fraction
from chestnut.errors import DataError, RecipeError, RunError, listed
from chestnut.files.atomic import write_text
from chestnut.files.csv_files import csv_text
from chestnut.files.json_files import write_json
from chestnut.limits import MOST_ROUNDS, MOST_SEED, require_between
from chestnut.names import quoted
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.studies.comparison.arms import VIEWS
from chestnut.studies.comparison.leaderboard import Leaderboard
from chestnut.studies.comparison.variants import Variant
from chestnut.studies.study import RESTART, PlanFile, StudyFolder, StudyPlan


@dataclass(frozen=True)
class Terms:
    """What all variants share.

    Attributes:
        fraction: The share of each class's training patients that is used, above 0 and at most 1.
        repeats: The number of runs of each variant, with consecutive seeds; 1 or more.
        epochs: The maximum number of epochs of a run; None for the smallest number among the recipes.
        seed: The seed of the split, of the share, and of the first run of each variant.
    """

    fraction: float = 1.0
    repeats: int = 1
    epochs: int | None = None
    seed: int = 0

    def check(self) -> None:
        """Check that the terms are possible.

        Raises:
            DataError: A fraction, or a number of repeats or epochs, out of its range.
        """
        if not 0 < self.fraction <= 1:
            raise DataError(f"fraction={self.fraction:g}: give a share of the training patients above 0, at most 1")
        require_between(1, MOST_ROUNDS, " runs of each variant", repeats=self.repeats)
        require_between(1, MOST_ROUNDS, epochs=self.epochs)
        require_between(0, MOST_SEED - self.repeats + 1, seed=self.seed)


class VariantRow(BaseModel):
    """A variant as JSON has it: its name, and its recipe as TOML."""

    model_config = ConfigDict(strict=True)

    name: str
    recipe: str


@dataclass(frozen=True)
class ControlTerms:
    """What makes a comparison a control experiment, whose variants see different parts of the images.

    Attributes:
        recipe: The name of the recipe that all variants share.
        left_out: The number of images that were left out because no lungs were found in them.
    """

    recipe: str
    left_out: int


class ControlRow(BaseModel):
    """`ControlTerms` as JSON has them."""

    model_config = ConfigDict(strict=True)

    recipe: str
    left_out: Annotated[int, Field(ge=0)]


class ComparisonFile(PlanFile):
    """What a plan.json must contain: the variants, and the terms that they share."""

    variants: Annotated[list[VariantRow], Field(min_length=1)]
    fraction: float
    repeats: Annotated[int, Field(ge=1)]
    epochs: Annotated[int, Field(ge=1)] | None
    seed: Annotated[int, Field(ge=0)]
    control: ControlRow | None = None


@dataclass(frozen=True)
class ComparisonPlan(StudyPlan):
    """The plan of a comparison.

    Attributes:
        variants: The variants; every recipe has the comparison's number of epochs.
        terms: The terms that all variants share.
        images: The SHA-256 of the images' rows: path, label, patient, split, pixels.
        threads: The number of threads of one operation of a run, which decides its last bits.
        control: What makes it a control experiment; None for any other comparison.
    """

    variants: tuple[Variant, ...]
    terms: Terms
    images: str
    threads: int
    control: ControlTerms | None = None

    file_type = ComparisonFile
    labels: ClassVar = {
        "variants": "the recipes or their settings",
        "images": "the images or their split",
        "fraction": "fraction",
        "repeats": "repeats",
        "epochs": "epochs",
        "seed": "seed",
        "control": "whether it is a control experiment",
    }

    @property
    def command(self) -> str:
        """The command that makes such a plan: a comparison of one variant is that of an ensemble's seeds."""
        if self.control is not None:
            return "control"
        return "ensemble" if len(self.variants) == 1 else "compare"

    @property
    def seeds(self) -> range:
        """The seed of each repeat."""
        return range(self.terms.seed, self.terms.seed + self.terms.repeats)

    @property
    def identity(self) -> dict[str, Any]:
        """The values that distinguish this comparison from others."""
        variants = {one.name: one.recipe.model_dump(mode="json") for one in self.variants}
        return {"variants": variants, "images": self.images, **asdict(self.terms), **self._control_fields()}

    def fields(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        variants = [{"name": one.name, "recipe": one.recipe.to_toml()} for one in self.variants]
        shared = {**asdict(self.terms), "images": self.images, "threads": self.threads}
        return {"variants": variants, **shared, **self._control_fields()}

    @classmethod
    def from_fields(cls, values: dict[str, Any], origin: str) -> Self:
        """Build a plan from what `fields` returned."""
        for one in values["variants"]:  # a run is written to the folder of that name
            if set("/\\\0") & set(str(one["name"])) or one["name"] in ("", ".", ".."):
                raise RunError(f"{origin} is damaged: {quoted(str(one['name']))} does not name a variant")
        variants = [Variant(one["name"], Recipe.from_toml(one["recipe"], origin)) for one in values["variants"]]
        terms = Terms(values["fraction"], values["repeats"], values["epochs"], values["seed"])
        control = ControlTerms(**values["control"]) if values.get("control") else None
        if control is not None and [one.name for one in variants] != list(VIEWS):
            raise RunError(f"{origin} is damaged: the variants of a control experiment are {listed(VIEWS)}; {RESTART}")
        return cls(tuple(variants), terms, values["images"], values["threads"], control)

    def _control_fields(self) -> dict[str, Any]:
        """Return what only the plan of a control experiment has, so that other plans keep their digest."""
        return {} if self.control is None else {"control": asdict(self.control)}


def make_plan(
    data: Manifest,
    variants: tuple[Variant, ...],
    terms: Terms,
    threads: int,
    *,
    skip_bad: bool = False,
    bars: Bars = silent,
    control: ControlTerms | None = None,
) -> tuple[ComparisonPlan, Manifest]:
    """Split, take the share and decode once for all variants; only the pixel cache is written.

    Args:
        data: The data, which are split by the recipes' fractions if they have no split.
        variants: The variants to compare.
        terms: The terms that all variants share.
        threads: The number of threads of one operation of a run.
        skip_bad: Leave out unreadable images instead of raising an error.
        bars: Shows the progress.
        control: What makes it a control experiment; None for any other comparison.

    Returns:
        The plan, and the images with splits and digests of their pixels.

    Raises:
        DataError: A term is out of range, images are unreadable, or nothing can be learnt from the data.
        RecipeError: The recipes have different splits or positive classes.
    """
    terms.check()
    recipes = [variant.recipe for variant in variants]
    fractions = _require_equal((recipe.data.fractions for recipe in recipes), "data.fractions")
    positive = _require_equal((recipe.data.positive for recipe in recipes), "data.positive")
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
    plan = ComparisonPlan(equal, replace(terms, epochs=epochs), prepared.digest, threads, control)
    return plan, prepared.with_notes_on_bad()


def describe_start(recipe: Recipe) -> str:
    """Return what a network starts from, in words.

    >>> describe_start(Recipe(name="mine"))
    'random weights'
    """
    if not isinstance(recipe.model, BackboneConfig):
        return "random weights" if recipe.model.network in ("cnn", "mlp") else "fitted without epochs"
    if recipe.model.weights == "none":
        return "random weights" if recipe.model.unfreeze == 1 else "random weights, frozen"
    if recipe.model.weights == "preset":
        return f"weights of {Path(recipe.model.preset).name}"
    return "ImageNet weights" if recipe.model.weights == "imagenet" else f"weights of {Path(recipe.model.weights).name}"


def _require_equal(values: Iterable[Any], key: str) -> Any:
    """Return the value that all recipes have in common."""
    different = list(dict.fromkeys(values))
    if len(different) > 1:
        shown = " and ".join(str(value) for value in different)
        raise RecipeError(f"the recipes have {key} {shown}; give the same for all, such as {key}=…")
    return different[0]


#: What the plan of each command is called.
_KINDS = {"compare": "a comparison", "control": "a control experiment", "ensemble": "an ensemble"}


class ComparisonFolder(StudyFolder[ComparisonPlan]):
    """The folder of a comparison, whatever it is for; subclasses are for those of one command."""

    plan_type = ComparisonPlan
    plan_name = "plan.json"
    result_type = Leaderboard
    result_name = "leaderboard.json"
    page_name = "comparison.html"
    noun = "comparison"
    command = "compare"

    @property
    def plan(self) -> ComparisonPlan:
        """The plan of the comparison.

        Raises:
            RunError: The folder contains something else, such as a comparison of another kind, or is damaged.
        """
        plan = super().plan
        if self.command not in (ComparisonFolder.command, plan.command):
            raise RunError(
                f"{self.path} contains {_KINDS[plan.command]}, no {self.noun}; choose another folder, or continue "
                f"what is in it with chestnut {plan.command} --resume {self.path}"
            )
        return plan

    @property
    def table_file(self) -> Path:
        """The leaderboard as a CSV, one row for each variant."""
        return self.path / "leaderboard.csv"

    def write_board(self, board: Leaderboard) -> None:
        """Write the leaderboard, as a CSV and as JSON."""
        write_text(self.table_file, csv_text(board.table))
        write_json(self.result_file, board.to_dict())

    def run(self, variant: str, seed: int) -> RunFolder:
        """Return the folder of a variant's run with a seed."""
        return RunFolder(self.path / f"{variant}-s{seed}")
