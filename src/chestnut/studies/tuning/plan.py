"""The plan of a search, its space and terms, and the folder that keeps it.

Equal plans for equal images are the same search, which a second call resumes, or extends by asking for more trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from chestnut.config import ClassicalConfig, Recipe
from chestnut.data.manifest import Manifest
from chestnut.data.prepare import prepare
from chestnut.data.split import split
from chestnut.errors import DataError, RecipeError, suggest
from chestnut.evaluation.selection_bias import OBJECTIVES
from chestnut.limits import MOST_ROUNDS, MOST_SEED, require_between
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.studies.study import PlanFile, StudyFolder, StudyPlan
from chestnut.studies.tuning.result import Tuning
from chestnut.studies.tuning.space_checks import check_space

SEARCHES = ("random", "hyperband", "bayesian")

_TRIALS = " choices of settings to try"


@dataclass(frozen=True)
class Terms:
    """How a recipe's space is searched.

    Attributes:
        search: `random`, `hyperband` or `bayesian`.
        objective: `auroc`, `accuracy` or `loss` on the validation images, at the epoch that a run keeps.
        trials: The total number of settings to try, 1 or more.
        executions: The number of runs of each trial, with consecutive seeds; 1 or more.
        epochs: The maximum number of epochs of a run; None for the recipe's.
        seed: The seed of the split, of the draws and of the first run of each trial; None for the recipe's.
    """

    search: str = "random"
    objective: str = "auroc"
    trials: int = 20
    executions: int = 3
    epochs: int | None = None
    seed: int | None = None

    def check(self) -> None:
        """Check that the terms are possible.

        Raises:
            DataError: An unknown search or objective, or a number out of its range.
        """
        for option, given, known in (("search", self.search, SEARCHES), ("objective", self.objective, OBJECTIVES)):
            if given not in known:
                raise DataError(f"{option}={given}: no such {option}; {suggest(given, known)}")
        require_between(1, MOST_ROUNDS, _TRIALS, trials=self.trials)
        require_between(1, MOST_ROUNDS, " runs of each trial", executions=self.executions)
        require_between(1, MOST_ROUNDS, epochs=self.epochs)
        require_between(0, MOST_SEED - self.executions + 1, seed=self.seed)


class TuneFile(PlanFile):
    """What a tuneplan.json must contain; see `TunePlan` for the fields."""

    recipe: str
    search: Literal["random", "hyperband", "bayesian"]
    objective: Literal["auroc", "accuracy", "loss"]
    executions: Annotated[int, Field(ge=1)]
    trials: Annotated[int, Field(ge=1)]
    precision: str | None = None


@dataclass(frozen=True)
class TunePlan(StudyPlan):
    """The plan of a search.

    Attributes:
        recipe: The recipe with its space, epochs and seed, which keeps the epoch with the best objective.
        search: As in `Terms`.
        objective: As in `Terms`.
        executions: As in `Terms`.
        trials: The total number of trials. It is not part of the plan's identity, since more trials extend a search.
        images: The SHA-256 of the images' rows: path, label, patient, split, pixels.
        threads: The number of threads of one operation of a run, which decides its last bits.
        precision: The precision of all runs; None before it has been decided.
    """

    recipe: Recipe
    search: str
    objective: str
    executions: int
    trials: int
    images: str
    threads: int
    precision: str | None = None

    file_type = TuneFile
    labels: ClassVar = {
        "recipe": "the recipe, its space or its settings",
        "images": "the images or their split",
        "search": "search",
        "objective": "objective",
        "executions": "executions",
    }

    @property
    def seeds(self) -> range:
        """The seed of each execution."""
        return range(self.recipe.seed, self.recipe.seed + self.executions)

    @property
    def smaller_is_better(self) -> bool:
        """Whether a smaller objective is better."""
        return not OBJECTIVES[self.objective]

    @property
    def identity(self) -> dict[str, Any]:
        """The values that distinguish this search from others."""
        recipe = self.recipe.to_toml()
        rest = {name: getattr(self, name) for name in ("images", "search", "objective", "executions")}
        return {"recipe": recipe, **rest}

    def fields(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return {**self.identity, "trials": self.trials, "threads": self.threads, "precision": self.precision}

    @classmethod
    def from_fields(cls, values: dict[str, Any], origin: str) -> Self:
        """Build a plan from what `fields` returned."""
        names = ("search", "objective", "executions", "trials", "images", "threads", "precision")
        return cls(Recipe.from_toml(values["recipe"], origin), *(values[name] for name in names))

    def recipe_of(self, values: Mapping[str, Any], seed: int) -> Recipe:
        """Return the recipe of a run.

        Raises:
            RecipeError: The values exclude each other.
        """
        precision = {} if self.precision is None else {"train.precision": self.precision}
        return self.recipe.without_search().with_values({**precision, **values, "seed": seed})


def make_tuneplan(
    data: Manifest, recipe: Recipe, terms: Terms, threads: int, *, skip_bad: bool = False, bars: Bars = silent
) -> tuple[TunePlan, Manifest]:
    """Check the space, split and decode, once for all trials; only the pixel cache is written.

    Args:
        data: The data, which are split by the recipe's fractions if they have no split.
        recipe: A recipe with a space to search.
        terms: How the space is searched.
        threads: The number of threads of one operation of a run.
        skip_bad: Leave out unreadable images instead of raising an error.
        bars: Shows the progress.

    Returns:
        The plan, and the images with splits and digests of their pixels.

    Raises:
        DataError: A term is out of range, images are unreadable, or nothing can be learnt from the data.
        RecipeError: The recipe has no space, or does not accept a value of its space.
    """
    recipe = apply_terms(recipe, terms)
    prepared = prepare(
        data,
        [recipe.input],
        lambda images: split(images, recipe.data.fractions, recipe.seed),
        positive=recipe.data.positive,
        skip_bad=skip_bad,
        bars=bars,
    )
    images = prepared.digest
    plan = TunePlan(recipe, terms.search, terms.objective, terms.executions, terms.trials, images, threads)
    return plan, prepared.with_notes_on_bad()


def apply_terms(recipe: Recipe, terms: Terms) -> Recipe:
    """Return the recipe that is searched: with the epochs and seed of the terms, and stopped by the objective.

    Raises:
        DataError: A term is out of its range.
        RecipeError: The recipe has no space, does not accept a value of its space, or has a network that cannot be
            searched in this way.
    """
    terms.check()
    given = {"train.epochs": terms.epochs, "seed": terms.seed, "train.stop.metric": f"val_{terms.objective}"}
    recipe = recipe.with_values({key: value for key, value in given.items() if value is not None})
    if isinstance(recipe.model, ClassicalConfig) and terms.search == "hyperband":
        raise RecipeError(
            f"search=hyperband: {recipe.model.network} is fitted without epochs, so no trial can be stopped early; "
            "give search=random or search=bayesian"
        )
    check_space(recipe)
    return recipe


#: The number that stands for the recipe's own settings in place of a trial's.
DEFAULT_TRIAL = -1


def trial_name(number: int) -> str:
    """Return the name of a trial's runs before the seed.

    >>> trial_name(7), trial_name(DEFAULT_TRIAL)
    ('trial-007', 'default')
    """
    return "default" if number == DEFAULT_TRIAL else f"trial-{number:03d}"


class TuneFolder(StudyFolder[TunePlan]):
    """The folder of a search."""

    plan_type = TunePlan
    plan_name = "tuneplan.json"
    result_type = Tuning
    result_name = "tune.json"
    page_name = "tune.html"
    noun = "search"
    command = "tune"

    @property
    def study_file(self) -> Path:
        """Optuna's storage of all trials."""
        return self.path / "study.db"

    @property
    def table_file(self) -> Path:
        """The trials as a CSV, one row each."""
        return self.path / "trials.csv"

    @property
    def best_file(self) -> Path:
        """The file of the best settings, as a recipe for `chestnut train`."""
        return self.path / "best.toml"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's overview of all runs."""
        return self.path / "tensorboard"

    def run(self, number: int, seed: int) -> RunFolder:
        """Return the folder of a trial's run with a seed; the number may be `DEFAULT_TRIAL`."""
        return RunFolder(self.path / f"{trial_name(number)}-s{seed}")

    @classmethod
    def begin(cls, path: Path, plan: TunePlan, manifest: Manifest) -> Self:
        """Make or open the folder of a plan, as in `StudyFolder`; a new number of trials replaces the old one."""
        folder = super().begin(path, plan, manifest)
        folder.extend(plan.trials)
        return folder

    def extend(self, trials: int) -> None:
        """Set the total number of trials; existing trials are kept.

        Raises:
            DataError: `trials` is below 1.
        """
        require_between(1, MOST_ROUNDS, _TRIALS, trials=trials)
        if (plan := self.plan).trials != trials:
            self.save_plan(replace(plan, trials=trials))

    def set_precision(self, precision: str) -> None:
        """Save the precision of all runs."""
        self.save_plan(replace(self.plan, precision=precision))
