"""Calls that make one run: train a recipe, or continue a training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.data import Data, read_data
from chestnut.api.options import TrainOptions, TrainSettings, read_options
from chestnut.api.run import Run
from chestnut.config import Recipe, load_recipe
from chestnut.runs.folder import RunFolder
from chestnut.runs.places import free_folder, require_free

if TYPE_CHECKING:
    from chestnut.training.tracking.observer import Tracker
    from chestnut.training.train import Setup


def train(
    data: Data,
    recipe: str | Path | Recipe = "cnn-small",
    *,
    settings: Sequence[str] = (),
    path: str | Path | None = None,
    audited: bool = True,
    **options: Unpack[TrainOptions],
) -> Run:
    """Train a recipe on a data set and evaluate it on the validation images.

    Args:
        data: What `load_dataset` gave, or what it takes. It is split by the recipe's fractions if it has no split.
        recipe: The name of a recipe, the path of a TOML file, or a recipe.
        settings: `key=value` changes, such as `("model.dropout=0.3",)`.
        path: The folder of the run; None for the next free `runs/<recipe>-<number>`.
        audited: Audit the data first and keep the findings in the run.
        **options: `skip_bad` (leave unreadable images out), `devices`, `threads`, `track` (`mlflow`, `mlflow:URI` or
            `wandb`), `runs`, `quiet` and more; see `TrainSettings`.

    Raises:
        RecipeError: The recipe is unknown or does not fit the data.
        RunError: The folder is taken.
        DataError: Unreadable images, fewer than two classes, or a class without training or validation images.
        TrackingError: A tracker that is unknown or does not answer.
        DeviceError: The devices do not exist, or it is too late to set the number of threads.
        TrainingError: The loss is not finite.
    """
    from chestnut.training.tracking.registry import open_trackers

    how = read_options(TrainSettings, options)
    how.check()
    chosen = load_recipe(recipe, list(settings))
    folder = Path(path) if path is not None else free_folder(Path(how.runs), chosen.name)
    leads = how.hosts is None or how.hosts.index == 0
    if leads and path is not None:
        require_free(folder)
    trackers = open_trackers(how.track, folder.parent) if leads else ()

    images = read_data(data)
    with _open_setup(folder, how, trackers, audited=audited, numbered=path is None) as setup:
        from chestnut.training.train import train

        return Run(train(images, chosen, setup))


def resume_run(path: str | Path, **options: Unpack[TrainOptions]) -> Run:
    """Continue a run that was stopped or killed, from its last finished epoch.

    Args:
        path: The folder of the run.
        **options: As in `train`; without `track` the run is kept where it was kept before.

    Raises:
        RunError: There is no run, it has finished, or its images have changed.
        DeviceError: The devices do not exist.
    """
    from chestnut.training.tracking.registry import open_trackers, reopen_trackers

    how, folder = read_options(TrainSettings, options), Path(path)
    how.check()
    RunFolder.open(folder)
    trackers = open_trackers(how.track, folder.parent) if how.track else reopen_trackers([], folder)

    with _open_setup(folder, how, trackers, resumed=True) as setup:
        from chestnut.training.train import resume

        return Run(resume(setup))


@contextmanager
def _open_setup(
    folder: Path,
    how: TrainSettings,
    trackers: tuple[Tracker, ...],
    *,
    audited: bool = True,
    resumed: bool = False,
    numbered: bool = False,
) -> Iterator[Setup]:
    """Load the framework, and say where and how to train while the progress is shown."""
    from chestnut.models.framework import load_framework

    load_framework()
    from chestnut.training.distributed.host_folder import host_folder
    from chestnut.training.train import Setup

    with host_folder(folder, how.hosts, resumed=resumed) as own, how.shown.training() as observer:
        yield Setup(
            own,
            skip_bad=how.skip_bad,
            audited=audited,
            command=how.command or "chestnut.train",
            bars=how.shown.bar,
            observers=(observer,),
            devices=how.devices,
            hosts=how.hosts,
            trackers=trackers,
            threads=how.threads,
            numbered=numbered,
        )
