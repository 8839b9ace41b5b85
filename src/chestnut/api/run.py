"""The Python API: what the command line does, in a few lines of a notebook.

Called by users through `import chestnut`, and by `cli`. It adds no abilities of its own: it opens, calls and wraps.
What trains many runs stands in `experiments`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chestnut.auditing.findings import AUDIT_SIZE
from chestnut.config import Recipe, load_recipe
from chestnut.data.manifest import Manifest
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder, find_runs, free_folder

if TYPE_CHECKING:
    import pandas as pd

    from chestnut.auditing.audit import Audit
    from chestnut.diagnosis.diagnosis import Diagnosis
    from chestnut.evaluation.metrics import Evaluation
    from chestnut.inference.predict import Predictions


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
        from chestnut.data.sources.load import image_files
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
        from chestnut.training.tracking.registry import open_trackers
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
        from chestnut.diagnosis.diagnosis import diagnose

        return diagnose(self.folder)

    def report(self, path: str | Path | None = None, *, identities: bool = False) -> Path:
        """Write the report as one HTML file.

        Args:
            path: The page to write; None for `report.html` in the run's folder.
            identities: Whether to show the names of images, patients and folders. Otherwise the page has numbers in
                their place, which `identities.csv` in the run's folder explains.

        Returns:
            The page.
        """
        from chestnut.report.pages.run import write_run_page

        target = Path(path) if path is not None else self.folder.report_file
        write_run_page(self.folder, target, identities=identities)
        return target

    def _repr_html_(self) -> str:
        import html

        record = self.folder.record
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in (
                ("recipe", self.recipe.name),
                ("status", record.status),
                ("best epoch", record.kept_epoch),
                *((f"{name} AUROC", self._auroc(name)) for name in self.folder.evaluations()),
                ("looks at the test split", len(self.folder.ledger.looks)),
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
    threads: int | None = None,
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
        threads: How many threads one operation may use, from now on and in the whole process; None for one a core. The
            number decides the last bits of the weights, and the run's record names it.

    Raises:
        TrackingError: A tracker that is unknown or does not answer.
        DeviceError: The process has computed with another number of threads already.
        RecipeError: The recipe is unknown or does not fit the data.
        DataError: Unreadable images, fewer than two classes, or a class without training or validation images.
        TrainingError: The loss is not finite.
    """
    from chestnut.training.tracking.registry import open_trackers
    from chestnut.training.train import Setup
    from chestnut.training.train import train as train_run

    chosen = load_recipe(recipe, settings)
    folder = Path(path) if path is not None else free_folder(Path("runs"), chosen.name)
    setup = Setup(folder, skip_bad, audited, trackers=open_trackers(track, folder.parent), threads=threads)
    return Run(train_run(data, chosen, setup))


def open_run(path: str | Path) -> Run:
    """Open a run folder.

    Raises:
        RunError: No run stands there, or it was made by a newer chestnut.
    """
    return Run(RunFolder.open(path))


def list_runs(folder: str | Path = "runs") -> list[Run]:
    """The runs directly below a folder, oldest first."""
    return [Run(found) for found in find_runs(Path(folder))]


def audit(data: Manifest, *, size: int = AUDIT_SIZE, seed: int = 0, bars: Bars = silent) -> Audit:
    """Find what is wrong with a data set before anyone trains on it.

    Args:
        data: What `load_dataset` returned.
        size: The side in pixels at which images are audited. Training audits at the default, whatever the input of the
            network, so that both have the same findings.
        seed: The seed of the probes' folds.
        bars: Shows the progress.
    """
    from chestnut.auditing.audit import audit_images

    return audit_images(data, size=size, seed=seed, bars=bars)


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
    from chestnut.studies.ensemble import ensemble

    given = [one.folder if isinstance(one, Run) else RunFolder.open(one) for one in runs]
    return Run(ensemble(given, Path(path) if path is not None else free_folder(Path("runs"), "ensemble")))
