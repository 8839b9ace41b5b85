"""The Python API: what the command line does, in a few lines of a notebook.

Called by users through `import chestnut`, and by `cli`. It adds no abilities of its own: it opens, calls and wraps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.config import Recipe, load_recipe
from chestnut.data.manifest import Manifest
from chestnut.progress import Bars, silent
from chestnut.runs import RunFolder, find_runs

if TYPE_CHECKING:
    import pandas as pd

    from chestnut.data.audit import Audit
    from chestnut.evaluation.diagnosis import Diagnosis
    from chestnut.evaluation.metrics import Evaluation
    from chestnut.inference.predict import Predictions
    from chestnut.search.crossvalidation import CrossValidation
    from chestnut.search.leaderboard import Leaderboard
    from chestnut.search.plan import TermsGiven
    from chestnut.search.tuneplan import SearchGiven
    from chestnut.search.tuning import Tuning


@dataclass(frozen=True)
class Run:
    """A trained run.

    Attributes:
        folder: Its files.
    """

    folder: RunFolder

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        return self.folder.recipe

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch."""
        return self.folder.history

    def evaluate(self, split: str = "test", data: Manifest | None = None, *, skip_bad: bool = False) -> Evaluation:
        """Judge the run on one of its splits or on another data set; a look at a test split enters the ledger.

        Args:
            split: train, val or test.
            data: Another data set; None for the run's own images.
            skip_bad: Leave unreadable images out.

        Raises:
            DataError: The split is empty, labels are missing, or the classes are not those of the run.
        """
        from chestnut.inference.evaluate import evaluate_run

        return evaluate_run(self.folder, split, data, command=f"run.evaluate({split!r})", skip_bad=skip_bad)

    def predict(self, images: str | Path | list[str | Path], *, skip_bad: bool = False) -> Predictions:
        """Predict image files, folders of images, or globs.

        Raises:
            DataError: No images, or unreadable ones.
        """
        from chestnut.data.sources import image_files
        from chestnut.inference.predict import predict_run

        given = images if isinstance(images, list) else [images]
        return predict_run(self.folder, image_files([str(item) for item in given]), skip_bad=skip_bad)

    def finetune(
        self,
        unfreeze: float = 0.3,
        learning_rate: float = 1e-5,
        *,
        settings: tuple[str, ...] = (),
        path: str | Path | None = None,
        track: Sequence[str] = (),
    ) -> Run:
        """Train the top of the backbone on, at a low rate; the new run stands beside this one, which stays as it is.

        Args:
            unfreeze: Share of the backbone's layers to train, from the top, above 0 and at most 1.
            learning_rate: Above 0.
            settings: `key=value` texts that change the recipe.
            path: The new run's folder; else this one's name, `finetuned` and a number.
            track: Where else to keep the run; see `train`.

        Raises:
            RecipeError: The run has no backbone, or a value is out of range.
            RunError: The folder is taken.
        """
        from chestnut.training.finetune import finetune
        from chestnut.training.trackers import open_trackers
        from chestnut.training.train import Setup

        own = self.folder.path.resolve()
        folder = Path(path) if path is not None else free_folder(own.parent, f"{own.name}-finetuned")
        setup = Setup(
            folder, command=f"run.finetune({unfreeze:g}, {learning_rate:g})", trackers=open_trackers(track, own.parent)
        )
        given = list(settings)
        return Run(finetune(self.folder, setup, unfreeze=unfreeze, learning_rate=learning_rate, settings=given))

    def diagnose(self) -> Diagnosis:
        """Say how training went, with the evidence and changes of the recipe to try; no image is looked at.

        Raises:
            DataError: A table of the run is damaged.
        """
        from chestnut.evaluation.diagnosis import diagnose

        return diagnose(self.folder)

    def report(self, path: str | Path | None = None) -> Path:
        """Write the report; returns where it stands."""
        from chestnut.report.run_page import write_run_page

        target = Path(path) if path is not None else self.folder.report_file
        write_run_page(self.folder, target)
        return target

    def _repr_html_(self) -> str:
        import html

        facts = self.folder.environment
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in (
                ("recipe", self.recipe.name),
                ("status", facts.get("status")),
                ("best epoch", self.folder.kept_epoch),
                *((f"{name} AUROC", self._auroc(name)) for name in self.folder.evaluations()),
                ("looks at the test split", len(self.folder.ledger)),
            )
        )
        return f"<p><strong>{html.escape(str(self.path))}</strong></p><table>{rows}</table>"

    def _auroc(self, name: str) -> str:
        from chestnut.evaluation.metrics import Evaluation

        return Evaluation.from_dict(self.folder.metrics(name)).summary("auroc")


def train(
    data: Manifest,
    recipe: str | Path | Recipe = "cnn-small",
    *,
    settings: tuple[str, ...] = (),
    path: str | Path | None = None,
    skip_bad: bool = False,
    audited: bool = True,
    track: Sequence[str] = (),
) -> Run:
    """Train a recipe on a data set.

    Args:
        data: What `load_dataset` gave; split by the recipe's fractions where it has no split.
        recipe: A recipe's name, the path of a TOML file, or a recipe.
        settings: `key=value` changes, such as `("model.dropout=0.3",)`.
        path: The run's folder; None for the next free `runs/<recipe>-<number>`.
        skip_bad: Leave unreadable images out instead of stopping.
        audited: Audit the data first and keep the findings in the run.
        track: Where else to keep the run: `mlflow`, `mlflow:URI` or `wandb`.

    Raises:
        TrackingError: A tracker that is unknown or does not answer.
        RecipeError: The recipe is unknown or does not fit the data.
        DataError: Unreadable images, fewer than two classes, or a class without training or validation images.
        TrainingError: The loss is not finite.
    """
    from chestnut.training.trackers import open_trackers
    from chestnut.training.train import Setup
    from chestnut.training.train import train as train_run

    chosen = load_recipe(recipe, settings)
    folder = Path(path) if path is not None else free_folder(Path("runs"), chosen.name)
    return Run(train_run(data, chosen, Setup(folder, skip_bad, audited, trackers=open_trackers(track, folder.parent))))


def open_run(path: str | Path) -> Run:
    """Open a run folder.

    Raises:
        RunError: No run stands there, or it was made by a newer chestnut.
    """
    return Run(RunFolder.open(path))


def list_runs(folder: str | Path = "runs") -> list[Run]:
    """The runs directly below a folder, oldest first."""
    return [Run(found) for found in find_runs(Path(folder))]


def audit(data: Manifest, *, size: int = 224, seed: int = 0, bars: Bars = silent) -> Audit:
    """Say what is wrong with a data set before anyone trains on it.

    Args:
        data: What `load_dataset` gave.
        size: Side in pixels at which images are looked at.
        seed: Of the probes' folds.
        bars: Shows the progress.
    """
    from chestnut.config import InputSpec
    from chestnut.data.audit import audit as audit_pixels
    from chestnut.data.cache import decode_all
    from chestnut.data.facts import read_facts

    with bars("Decoding images") as tick:
        decoded = decode_all(data, InputSpec(height=size, width=size), skip_bad=True, progress=tick)
    with bars("Auditing the data") as tick:
        facts = read_facts(decoded.manifest.paths)
        return audit_pixels(decoded.manifest, decoded.pixels, facts, decoded.bad, seed=seed, progress=tick)


def compare(
    data: Manifest,
    recipes: Sequence[str | Path | Recipe],
    *,
    settings: Sequence[str] = (),
    grid: Sequence[str] = (),
    path: str | Path | None = None,
    fine_tune_best: bool = False,
    jobs: int | None = None,
    track: Sequence[str] = (),
    **terms: Unpack[TermsGiven],
) -> Leaderboard:
    """Train recipes on the same images for the same epochs, and test which are better; writes a page as well.

    The same call goes on with a comparison that was stopped.

    Args:
        data: What `load_dataset` gave.
        recipes: Names, paths of TOML files, or recipes.
        settings: `key=value` changes of all recipes, or `recipe:key=value` of one.
        grid: `key=value,value,…`: a variant for each value; several make every combination.
        path: The comparison's folder; None for one in `runs`, named after what is compared.
        fine_tune_best: Fine-tune the first of them too, if it has a backbone.
        jobs: Runs side by side; None for as many as cores and memory allow.
        track: Where else to keep each run; see `train`.
        **terms: `fraction`, the share of the training patients; `repeats`, `epochs` and `seed`.

    Returns:
        The leaderboard, with `table`, `sentences` and `notes`.

    Raises:
        RecipeError: A recipe, setting or grid that does not validate, or under two variants.
        DataError: Terms out of range, unreadable images, or data on which nothing can be learnt.
        RunError: The folder holds something else, or no run ended well.
    """
    from chestnut.report.comparison_page import write_comparison_page
    from chestnut.search.carry import Setup
    from chestnut.search.compare import compare
    from chestnut.search.folder import ComparisonFolder
    from chestnut.search.local import LocalEngine, jobs_at_once, threads_a_job
    from chestnut.search.plan import Terms, make_plan
    from chestnut.search.variants import make_variants
    from chestnut.training.trackers import open_trackers

    place = Path(path).parent if path else Path("runs")
    tracked = tuple(one.given for one in open_trackers(track, place))
    threads = threads_a_job()
    plan, images = make_plan(data, make_variants(recipes, settings, grid), Terms(**terms), threads)
    folder = ComparisonFolder.begin(Path(path or f"runs/compare-{plan.digest}"), plan, images)
    setup = Setup(LocalEngine(jobs or jobs_at_once(threads)), track=tracked)
    board = compare(folder, setup, fine_tune_best)
    write_comparison_page(folder, folder.page_file)
    return board


def crossval(
    data: Manifest,
    recipe: str | Path | Recipe = "cnn-small",
    *,
    folds: int = 5,
    repeats: int = 1,
    settings: Sequence[str] = (),
    path: str | Path | None = None,
    jobs: int | None = None,
) -> CrossValidation:
    """Train a recipe once a fold of the patients, and judge each fold by the run that had not seen it; writes a page.

    The same call goes on with a cross-validation that was stopped.

    Args:
        data: What `load_dataset` gave; its own test split takes no part.
        recipe: A name, the path of a TOML file, or a recipe; its seed deals the folds.
        folds: How many; 2 or more.
        repeats: How many times they are dealt anew.
        settings: `key=value` changes, such as `("train.epochs=10",)`.
        path: Its folder; None for one in `runs`, named after its plan.
        jobs: Runs side by side; None for as many as cores and memory allow.

    Returns:
        The outcome, with `pooled`, `spread`, `parts` and `notes`.

    Raises:
        RecipeError: A recipe or setting that does not validate.
        DataError: Numbers out of range, more folds than a class has patients, or unreadable images.
        RunError: The folder holds something else, or a run did not end well.
    """
    from chestnut.report.crossval_page import write_crossval_page
    from chestnut.search.carry import Setup
    from chestnut.search.crossfolder import CrossFolder
    from chestnut.search.crossplan import make_crossplan
    from chestnut.search.crossval import crossval
    from chestnut.search.local import LocalEngine, jobs_at_once, threads_a_job

    threads = threads_a_job()
    plan, images = make_crossplan(data, load_recipe(recipe, settings), folds, repeats, threads)
    folder = CrossFolder.begin(Path(path or f"runs/crossval-{plan.digest}"), plan, images)
    result = crossval(folder, Setup(LocalEngine(jobs or jobs_at_once(threads)), "chestnut.crossval"))
    write_crossval_page(folder, folder.page_file)
    return result


def ensemble(runs: Sequence[str | Path | Run], *, path: str | Path | None = None) -> Run:
    """Make one run of several, whose network gives the mean of their calibrated probabilities.

    An image judges the ensemble only where it trained no member.

    Args:
        runs: Two or more of one input and the same classes: their folders, or runs.
        path: The ensemble's folder; None for the next free `runs/ensemble-<number>`.

    Raises:
        RunError: One has not ended well or is given twice, they do not fit together, or the folder is taken.
        BundleError: A bundle is missing or was changed.
    """
    from chestnut.training.ensemble import ensemble

    given = [one.folder if isinstance(one, Run) else RunFolder.open(one) for one in runs]
    return Run(ensemble(given, Path(path) if path is not None else free_folder(Path("runs"), "ensemble")))


def tune(
    data: Manifest,
    recipe: str | Path | Recipe,
    *,
    settings: Sequence[str] = (),
    path: str | Path | None = None,
    jobs: int | None = None,
    track: Sequence[str] = (),
    **terms: Unpack[SearchGiven],
) -> Tuning:
    """Search a recipe's space for better settings, and test whether the best is better; writes a page as well.

    The same call goes on with a search that was stopped; more trials extend it.

    Args:
        data: What `load_dataset` gave.
        recipe: A recipe with a table `[search]`: its name, the path of a TOML file, or a recipe.
        settings: `key=value` changes, such as `("search.optim.momentum={float=[0, 0.9]}",)`.
        path: The search's folder; None for one in `runs`, named after what is searched.
        jobs: Runs side by side; None for as many as cores and memory allow.
        track: Where else to keep each run; see `train`.
        **terms: `search` (random, hyperband or bayesian), `objective` (auroc, accuracy or loss), `trials`,
            `executions`, `epochs` and `seed`.

    Returns:
        The outcome, with `trials`, `best`, `importance`, `gain`, `table`, `sentences` and `notes`.

    Raises:
        RecipeError: A recipe without a space, or a space that it does not take.
        DataError: Terms out of range, unreadable images, or data on which nothing can be learnt.
        RunError: The folder holds something else, or no trial ended well.
    """
    from chestnut.report.tune_page import write_tune_page
    from chestnut.search.carry import Setup
    from chestnut.search.local import LocalEngine, jobs_at_once, threads_a_job
    from chestnut.search.tune import tune
    from chestnut.search.tunefolder import TuneFolder
    from chestnut.search.tuneplan import Terms, make_tuneplan
    from chestnut.training.trackers import open_trackers

    place = Path(path).parent if path else Path("runs")
    tracked = tuple(one.given for one in open_trackers(track, place))
    threads = threads_a_job()
    plan, images = make_tuneplan(data, load_recipe(recipe, settings), Terms(**terms), threads)
    folder = TuneFolder.begin(Path(path or f"runs/tune-{plan.digest}"), plan, images)
    result = tune(folder, Setup(LocalEngine(jobs or jobs_at_once(threads)), "chestnut.tune", track=tracked))
    write_tune_page(folder, folder.page_file)
    return result


def free_folder(parent: Path, name: str) -> Path:
    """The path `<parent>/<name>-<number>` with the first number that is free."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"
