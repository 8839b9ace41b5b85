"""A trained run: evaluate it, predict with it, fine-tune it, test it under shifts, and report it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.calibration import Calibrated
from chestnut.api.data import Data, read_data
from chestnut.api.describing import Describing
from chestnut.api.exporting import Exporting
from chestnut.api.guard import guard
from chestnut.api.insight.inspection import Inspection
from chestnut.api.insight.map_checks import MapChecks
from chestnut.api.insight.pictures import Pictured
from chestnut.api.options import (
    DisplayOptions,
    DisplaySettings,
    EvaluateOptions,
    EvaluateSettings,
    PredictOptions,
    StressOptions,
    StressSettings,
    TrainOptions,
    TrainSettings,
    read_options,
)
from chestnut.api.predict import predict
from chestnut.config import Recipe
from chestnut.errors import DiskError
from chestnut.inference.guard.policy import FALSE_ALARMS
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder, find_runs
from chestnut.runs.places import free_folder, is_same_name, require_free, require_outside_runs

if TYPE_CHECKING:
    import pandas as pd

    from chestnut.diagnosis.diagnosis import Diagnosis
    from chestnut.evaluation.metrics import Evaluation
    from chestnut.inference.guard.summary import GuardSummary
    from chestnut.inference.predictions import Predictions
    from chestnut.robustness.exchange.exchange import Exchange
    from chestnut.robustness.validation import Stress
    from chestnut.studies.leave_source_out import LeftOut


_log = logging.getLogger(__name__)


class StressCallOptions(StressOptions, total=False):
    """Keywords of `stress`; see `Run.stress`."""

    external: Data | None
    mapping: Mapping[str, str] | None
    operating_point: str | None
    keep: bool
    seed: int


@dataclass(frozen=True)
class Run(Calibrated, Describing, Exporting, Inspection, MapChecks, Pictured):
    """A trained run.

    Attributes:
        folder: The files of the run.
    """

    folder: RunFolder

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return self.folder.path

    @property
    def recipe(self) -> Recipe:
        """The recipe it was trained by, with every field filled."""
        return self.folder.recipe

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch."""
        return self.folder.history

    def evaluate(
        self,
        split: str = "test",
        data: Data | None = None,
        *,
        threshold: float | None = None,
        skip_bad: bool = False,
        **options: Unpack[EvaluateOptions],
    ) -> Evaluation:
        """Evaluate the run on one of its splits or on another data set; a look at a test split enters the ledger.

        The worst mistakes are drawn, with what spoke for the wrong class, into `mistakes` beside the figures.

        Args:
            split: train, val or test.
            data: Another data set; None for the images of the run.
            threshold: The least probability, in 0..1, at which the positive class is decided; None for the run's own.
                The evaluation at another threshold is returned but not written.
            skip_bad: Leave unreadable images out instead of raising.
            **options: `coverage` and `per_class`, to measure prediction sets; `by`, for the groups of columns;
                `prevalence` and `patients`, for the details; `quiet` and `display`. See `EvaluateSettings`.

        Raises:
            DataError: The split is empty, labels are missing, the classes are not those of the run, the validation
                images have too few patients for the coverage, or there is no column of a name.
        """
        settings = read_options(EvaluateSettings, options)
        extras = settings.extras
        other = None if data is None else read_data(data)
        from chestnut.explain.mistake_gallery import draw_mistakes
        from chestnut.inference.evaluate import evaluate_run, name_evaluation

        if self.folder.finished:
            self.folder.remove_state()  # a kill may have left it
        found = evaluate_run(
            self.folder,
            split,
            other,
            command=settings.command or f"run.evaluate({split!r})",
            threshold=threshold,
            extras=extras,
            skip_bad=skip_bad,
            bars=settings.shown.bar,
        )
        if threshold is None:
            self._draw_undrawn(settings.shown.bar)
            draw_mistakes(self.folder, name_evaluation(other, split), settings.shown.bar)
        return found

    def predict(
        self, images: str | Path | Sequence[str | Path], *, skip_bad: bool = False, **options: Unpack[PredictOptions]
    ) -> Predictions:
        """Predict image files, folders of images, CSVs with a column of paths, or glob patterns.

        `chestnut.predict` does the same with a bundle that was copied without its run, and `chestnut.predict_csv` is
        for more images than fit into memory.

        Args:
            images: One or several of them.
            skip_bad: Leave unreadable images out instead of raising.
            **options: `coverage` and `per_class`, to name the set of classes that each image may have; `on_outlier`, to
                refuse images unlike the training images; `engine`, `precision` and `jobs`, for what computes; `address`
                and `wait`, for a Ray cluster; `quiet` and `display`. See `PredictSettings`.

        Raises:
            DataError: No images, or unreadable ones; or the run has no reference for prediction sets, or one of too
                few patients for the coverage; or images are refused, or are to be, and the run has no guard.
            EngineError: An engine that is unknown or cannot be reached.
        """
        return predict(self.folder, images, skip_bad=skip_bad, **options)

    def guard(self, false_alarms: float = FALSE_ALARMS, **options: Unpack[DisplayOptions]) -> GuardSummary:
        """Fit the guard, which tells images that are unlike those of the run, and keep it in the bundle.

        Training does this too, where there are enough images; the runs of a study have no guard until it is asked for.

        Args:
            false_alarms: The share of images like the validation images that may be flagged, 0.001 to 0.2. Few
                validation patients allow no small share: the summary says which it is.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Raises:
            DataError: The share is out of range, there are too few patients, or images cannot be read or have changed.
            BundleError: The bundle is missing or was changed.
        """
        return guard(self.folder, false_alarms, **options)

    def finetune(
        self,
        unfreeze: float = 0.3,
        learning_rate: float = 1e-5,
        *,
        settings: Sequence[str] = (),
        path: str | Path | None = None,
        **options: Unpack[TrainOptions],
    ) -> Run:
        """Train the top of the backbone further, at a low learning rate, as a new run; this one is not changed.

        Args:
            unfreeze: The share of the backbone's layers to train, from the top, above 0 and at most 1.
            learning_rate: Above 0.
            settings: `key=value` texts that change the recipe.
            path: The folder of the new run; None for `<this folder>-finetuned-<number>`.
            **options: `devices`, `threads`, `track`, `quiet` and more; see `TrainSettings`.

        Raises:
            RecipeError: The run has no backbone, or a value is out of range.
            RunError: The folder is taken.
        """
        from chestnut.models.framework import load_framework
        from chestnut.training.tracking.registry import open_trackers

        how, own = read_options(TrainSettings, options), self.path.resolve()
        how.check()
        folder = Path(path) if path is not None else free_folder(own.parent, f"{own.name}-finetuned")
        if path is not None:
            require_free(folder)
        trackers = open_trackers(how.track, own.parent)
        load_framework()
        from chestnut.training.finetune import finetune
        from chestnut.training.train import Setup

        with how.shown.training() as observer:
            setup = Setup(
                folder,
                command=how.command or f"run.finetune({unfreeze:g}, {learning_rate:g})",
                bars=how.shown.bar,
                observers=(observer,),
                devices=how.devices,
                trackers=trackers,
                threads=how.threads,
                numbered=path is None,
            )
            changes = list(settings)
            return Run(finetune(self.folder, setup, unfreeze=unfreeze, learning_rate=learning_rate, settings=changes))

    def stress(
        self,
        shifts: Sequence[str] = (),
        *,
        external: Data | None = None,
        mapping: Mapping[str, str] | None = None,
        operating_point: str | None = None,
        keep: bool = False,
        seed: int = 0,
        **options: Unpack[StressOptions],
    ) -> Stress:
        """Judge the run on its validation images as other scanners would have made them; write `evaluation/stress/`.

        Args:
            shifts: The names of shifts; all if none is named.
            external: Another data set, to be judged as it is.
            mapping: The class of the run for each class name of the other data set.
            operating_point: Choose thresholds by this rule; see `choose_threshold`.
            keep: Write the threshold chosen on all shifts into the bundle.
            seed: The seed of shifts, halves and intervals.
            **options: `coverage` and `per_class`, to see what becomes of prediction sets; `skip_bad`, for the external
                images; `quiet` and `display`.

        Raises:
            DataError: An unknown shift, images that cannot be read or have changed, or an external data set whose
                classes do not match.
            BundleError: The bundle is missing or was changed.
        """
        from chestnut.evaluation.operating.rule import Rule
        from chestnut.robustness.shifts import find_shift

        how = read_options(StressSettings, options)
        for name in shifts:
            find_shift(name)
        goal, sets = None if operating_point is None else Rule.parse(operating_point), how.sets
        other = None if external is None else read_data(external)
        from chestnut.robustness.files import keep_point, save_stress
        from chestnut.robustness.validation import Plan, stress

        plan = Plan(tuple(shifts), other, mapping or {}, goal, seed, how.skip_bad, sets)
        found = stress(self.folder, plan, how.shown.bar)
        save_stress(self.folder, found)
        if keep:
            keep_point(self.folder, found, command=how.command or "run.stress(keep=True)", bars=how.shown.bar)
        return found

    def exchange(
        self, *, draws: int = 3, seed: int = 0, keep: bool = False, **options: Unpack[DisplayOptions]
    ) -> Exchange:
        """Judge the run on validation images that took over how images of another class were taken; write `exchange/`.

        Args:
            draws: The number of donors of each kind for every image, 1 or more.
            seed: The seed of donors and intervals.
            keep: Return the test that the run has already, if it is of the same network with the same draws and seed.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Raises:
            DataError: Images cannot be read or have changed, or lungs are found in too few of a class.
            BundleError: The bundle is missing or was changed.
        """
        from chestnut.robustness.exchange.file import read_exchange_of

        how = read_options(DisplaySettings, options)
        if keep and (found := read_exchange_of(self.folder, draws, seed)) is not None:
            return found
        from chestnut.robustness.exchange.save import save_exchange
        from chestnut.robustness.exchange.validation import run_exchange

        outcome = run_exchange(self.folder, draws, seed, how.shown.bar)
        save_exchange(self.folder, outcome)
        return outcome.exchange

    def leave_one_source_out(
        self, *, epochs: int | None = None, **options: Unpack[DisplayOptions]
    ) -> tuple[LeftOut, ...]:
        """Train the recipe without each source (hospital or scanner) in turn, and judge each training there.

        Args:
            epochs: The greatest number of epochs; None for that of the recipe.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Raises:
            DataError: The images name fewer than two sources.
        """
        from chestnut.models.framework import load_framework

        how = read_options(DisplaySettings, options)
        load_framework()
        from chestnut.studies.leave_source_out import Retraining, leave_one_source_out

        retraining = Retraining(
            epochs,
            how.command or "run.leave_one_source_out()",
            how.shown.bar,
            lambda source: how.shown.training(f"Without {source}"),
        )
        return leave_one_source_out(self.folder, retraining)

    def diagnose(self) -> Diagnosis:
        """Say how training went, with the evidence and changes of the recipe to try; no image is read.

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

        Raises:
            RunError: The page would be another file inside a run or a study.
            DiskError: The page cannot be written.
        """
        from chestnut.report.pages.run import write_run_page

        target = Path(path) if path is not None else self.folder.report_file
        if is_same_name(target, self.folder.report_file):
            target = self.folder.report_file
        else:
            require_outside_runs(target)
        try:
            self._draw_undrawn()
        except DiskError as error:  # the run is somebody else's, and only the page is written
            _log.warning("%s stays without pictures: %s", self.folder.name, error)
        write_run_page(self.folder, target, identities=identities)
        return target

    def _draw_undrawn(self, bars: Bars = silent) -> None:
        """Draw the pictures that a study has left out, and say so."""
        from chestnut.inference.pictures.undrawn import draw_undrawn

        if draw_undrawn(self.folder, bars):
            _log.info("drew the pictures of %s, which its study had left out", self.folder.name)

    def _repr_html_(self) -> str:
        from chestnut.evaluation.html_table import html_table
        from chestnut.inference.run_bundle import find_run_bundle
        from chestnut.runs.evaluations import read_evaluation

        run = self.folder
        evaluated = ((f"{name} AUROC", read_evaluation(run, name).summary("auroc")) for name in run.evaluations())
        bundle = find_run_bundle(run)
        rows = [
            ("recipe", self.recipe.name),
            ("status", run.record.status),
            ("best epoch", run.record.kept_epoch),
            *([("decided at", bundle.decided_at)] if bundle is not None and bundle.decided_at else []),
            *evaluated,
            ("looks at the test split", len(run.own_looks)),
        ]
        return html_table(rows, title=str(self.path))


def open_run(path: str | Path) -> Run:
    """Open a run folder.

    Raises:
        RunError: There is no run, or it was made by a newer chestnut.
    """
    return Run(RunFolder.open(path))


def list_runs(folder: str | Path = "runs") -> list[Run]:
    """List the runs directly below a folder, the oldest first."""
    return [Run(found) for found in find_runs(Path(folder))]


def open_folder(run: str | Path | Run) -> RunFolder:
    """Return the folder of a run, which may be given by its path."""
    return run.folder if isinstance(run, Run) else RunFolder.open(run)


def stress(run: str | Path | Run, shifts: Sequence[str] = (), **options: Unpack[StressCallOptions]) -> Stress:
    """Judge a run on its validation images as other scanners would have made them; see `Run.stress`."""
    return Run(open_folder(run)).stress(shifts, **options)
