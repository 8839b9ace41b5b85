"""Keywords that several calls of the Python API share.

Each group is a frozen object with defaults (`TrainSettings`) and the same as typed keywords (`TrainOptions`), so that
editors know the keywords and a misspelt one is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from chestnut.api.display import Display, choose_display
from chestnut.errors import DeviceError
from chestnut.limits import require_between

if TYPE_CHECKING:
    from chestnut.evaluation.conformal import SetPlan
    from chestnut.inference.engine_choice import EngineSettings, Precision
    from chestnut.inference.extras import Extras
    from chestnut.inference.guard.policy import OnOutlier
    from chestnut.jobs.engine_choice import EngineChoice
    from chestnut.training.distributed.hosts import Hosts

Kind = TypeVar("Kind")

#: More devices of a host, and more threads, than any machine has.
_MOST_DEVICES, _MOST_THREADS = 1024, 4096


class DisplayOptions(TypedDict, total=False):
    """Keywords of every call that takes long; see `DisplaySettings`."""

    quiet: bool
    display: Display | None
    command: str


class TrainOptions(DisplayOptions, total=False):
    """Keywords of calls that train one run; see `TrainSettings`."""

    runs: str | Path
    skip_bad: bool
    devices: int
    threads: int | None
    hosts: Hosts | None
    track: Sequence[str]


class PredictOptions(DisplayOptions, total=False):
    """Keywords of calls that predict images; see `PredictSettings`."""

    coverage: float | None
    per_class: bool
    on_outlier: OnOutlier
    engine: str
    precision: Precision
    address: str | None
    jobs: int | None
    wait: float


class EvaluateOptions(DisplayOptions, total=False):
    """Keywords of `Run.evaluate` beside what is judged; see `EvaluateSettings`."""

    coverage: float | None
    per_class: bool
    by: Sequence[str]
    attributes: str | Path | None
    prevalence: float | None
    patients: str


class StressOptions(DisplayOptions, total=False):
    """Further keywords of `Run.stress`; see `StressSettings`."""

    coverage: float | None
    per_class: bool
    skip_bad: bool


class StudyOptions(DisplayOptions, total=False):
    """Keywords of calls that train many runs; see `StudySettings`."""

    runs: str | Path
    skip_bad: bool
    engine: str
    address: str | None
    jobs: int | None
    wait: float
    track: Sequence[str]


@dataclass(frozen=True)
class DisplaySettings:
    """How progress is shown.

    Attributes:
        quiet: Whether to show no progress.
        display: Shows the progress in place of lines on standard error.
        command: What the record of a run and the ledger name as the command; None for the name of the call.
    """

    quiet: bool = False
    display: Display | None = None
    command: str | None = None

    @property
    def shown(self) -> Display:
        """What shows the progress."""
        return choose_display(self.display, self.quiet)


@dataclass(frozen=True)
class TrainSettings(DisplaySettings):
    """How one run is trained; see `DisplaySettings` for the rest.

    Attributes:
        runs: The folder in which a run without a `path` gets its folder.
        skip_bad: Whether to leave unreadable images out instead of raising.
        devices: The number of devices that share a batch.
        threads: The number of threads of one operation in this process; None for one a core. It decides the last bits
            of the weights.
        hosts: How this host finds the others that train with it; None to train alone.
        track: Where else to keep the run: `mlflow`, `mlflow:URI` or `wandb`.
    """

    runs: str | Path = "runs"
    skip_bad: bool = False
    devices: int = 1
    threads: int | None = None
    hosts: Hosts | None = None
    track: Sequence[str] = ()

    def check(self) -> None:
        """Refuse numbers that no machine has, before anything is read.

        Raises:
            DeviceError: A number of devices or threads out of its range.
        """
        require_between(1, _MOST_DEVICES, error=DeviceError, devices=self.devices)
        require_between(1, _MOST_THREADS, error=DeviceError, threads=self.threads)


@dataclass(frozen=True)
class EvaluateSettings(DisplaySettings):
    """What an evaluation is to show beside the table of metrics; see `DisplaySettings` for the rest.

    Attributes:
        coverage: Measure prediction sets too that are to contain the true class of this share of new patients, above 0
            and below 1; None for no sets.
        per_class: Whether the coverage is to hold for the patients of each class.
        by: Columns such as `sex` or `age`: judge the images by their groups too, and compare these.
        attributes: A CSV with such columns, where the images do not have them: by path, file name or patient.
        prevalence: The share of positive images, above 0 and below 1, for which predictive values and the decision
            curve are computed; None for some usual ones, and for the sample's own.
        patients: How the probabilities of a patient's images become the patient's: `mean`, or `any` for the highest,
            so that a patient is decided positive where any image is.
    """

    coverage: float | None = None
    per_class: bool = False
    by: Sequence[str] = ()
    attributes: str | Path | None = None
    prevalence: float | None = None
    patients: str = "mean"

    @property
    def extras(self) -> Extras:
        """What to compute beside the metrics, checked.

        Raises:
            DataError: A coverage or a prevalence that is not between 0 and 1, or an unknown rule for patients.
        """
        from chestnut.evaluation.conformal import SetPlan
        from chestnut.evaluation.details.patient_level import require_rule
        from chestnut.inference.extras import Extras

        sets = SetPlan.of(self.coverage, self.per_class)
        by = (self.by,) if isinstance(self.by, str) else tuple(self.by)
        table = None if self.attributes is None else Path(self.attributes)
        return Extras(sets, by, self.prevalence, require_rule(self.patients), table)


@dataclass(frozen=True)
class StressSettings(DisplaySettings):
    """How a run is judged under shifts; see `DisplaySettings` for the rest.

    Attributes:
        coverage: The share of new patients, above 0 and below 1, that prediction sets are to cover, to see how often
            they do under shifts; None to measure no sets.
        per_class: Whether the coverage is to hold for the patients of each class.
        skip_bad: Whether to leave unreadable images of the external data set out instead of raising.
    """

    coverage: float | None = None
    per_class: bool = False
    skip_bad: bool = False

    @property
    def sets(self) -> SetPlan | None:
        """What prediction sets are to hold; None for no sets."""
        from chestnut.evaluation.conformal import SetPlan

        return SetPlan.of(self.coverage, self.per_class)


@dataclass(frozen=True)
class PredictSettings(DisplaySettings):
    """What is said of images, and where they are predicted; see `DisplaySettings` for the rest.

    Attributes:
        coverage: The share of new patients, above 0 and below 1, for which the set of classes that is named for an
            image is to contain the true one; None to name no sets.
        per_class: Whether the coverage is to hold for the patients of each class.
        on_outlier: What to do about images that are unlike the training images, if the run has a guard: `warn` says so
            of each, `refuse` raises, and `ignore` does not look.
        engine: What runs the network: `onnx` (or `local`), `openvino` or `keras` in this process, or `ray`.
        precision: The arithmetic of OpenVINO: `float32`, or `bfloat16`, which is faster and less exact.
        address: The address of the Ray cluster; None to start one on this machine.
        jobs: How many threads decode images and compute in this process, or how many workers predict side by side on
            the cluster; None for one per core, or as many as fit.
        wait: The seconds to wait for a Ray cluster that is silent, has no node or has no room.
    """

    coverage: float | None = None
    per_class: bool = False
    on_outlier: OnOutlier = "warn"
    engine: str = "onnx"
    precision: Precision = "float32"
    address: str | None = None
    jobs: int | None = None
    wait: float = 60.0

    @property
    def sets(self) -> SetPlan | None:
        """What prediction sets are to hold; None for no sets."""
        from chestnut.evaluation.conformal import SetPlan

        return SetPlan.of(self.coverage, self.per_class)

    @property
    def engine_name(self) -> str:
        """What runs the network, by one name each."""
        return "onnx" if self.engine == "local" else self.engine

    @property
    def engine_settings(self) -> EngineSettings:
        """What runs the network in this process."""
        from chestnut.inference.engine_choice import EngineSettings

        return EngineSettings(self.engine_name, self.precision, workers=self.jobs)  # type: ignore[arg-type]

    def check(self) -> None:
        """Refuse settings that do not go together.

        Raises:
            DataError: A coverage that is not between 0 and 1, or is missing although sets are wanted for each class; or
                an unknown way to deal with outliers.
            EngineError: An unknown engine, a cluster that cannot be reached, a number out of its range, or a precision
                that the engine does not have.
            MissingExtraError: Ray or OpenVINO is not installed.
        """
        from chestnut.errors import DataError, EngineError, listed, suggest
        from chestnut.inference.engine_choice import ENGINES
        from chestnut.inference.guard.policy import POLICIES
        from chestnut.jobs.engine_choice import EngineChoice

        _ = self.sets
        if self.on_outlier not in POLICIES:
            raise DataError(f"on_outlier={self.on_outlier}: give {listed(POLICIES)}")
        if self.engine_name not in (*ENGINES, "ray"):
            raise EngineError(f"engine={self.engine}: {suggest(self.engine, (*ENGINES, 'ray'))}")
        where = "ray" if self.engine == "ray" else "local"
        EngineChoice(where, self.address, self.jobs, self.wait).check()
        if where == "local":
            self.engine_settings.check()
        elif self.precision != "float32":
            raise EngineError(f"precision={self.precision}: the engine ray computes in float32; give openvino")


@dataclass(frozen=True)
class StudySettings(DisplaySettings):
    """How the runs of a study are trained; see `DisplaySettings` for the rest.

    Attributes:
        runs: The folder in which a study without a `path` gets its folder.
        skip_bad: Whether to leave unreadable images out instead of raising.
        engine: Where runs are trained: `local` or `ray`.
        address: The address of the Ray cluster; None to start one on this machine.
        jobs: How many runs are trained side by side; None for as many as fit.
        wait: The seconds to wait for a Ray cluster that is silent, has no node or has no room.
        track: Where else to keep each run: `mlflow`, `mlflow:URI` or `wandb`.
    """

    runs: str | Path = "runs"
    skip_bad: bool = False
    engine: str = "local"
    address: str | None = None
    jobs: int | None = None
    wait: float = 60.0
    track: Sequence[str] = ()

    def choose_engine(self) -> EngineChoice:
        """Return the engine, checked but not yet started.

        Raises:
            EngineError: An unknown engine, a cluster that cannot be reached, or a number out of its range.
            MissingExtraError: Ray is not installed.
        """
        from chestnut.jobs.engine_choice import EngineChoice

        choice = EngineChoice(self.engine, self.address, self.jobs, self.wait)
        choice.check()
        return choice


def split_options(kind: type[Kind], options: Mapping[str, Any]) -> tuple[Kind, dict[str, Any]]:
    """Build the settings of a kind from keywords, and return the keywords that are left.

    >>> split_options(TrainSettings, {"devices": 2, "epochs": 3})[1]
    {'epochs': 3}
    """
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return (
        kind(**{name: value for name, value in options.items() if name in names}),
        {name: value for name, value in options.items() if name not in names},
    )


def read_options(kind: type[Kind], options: Mapping[str, Any]) -> Kind:
    """Build the settings of a kind from keywords.

    Raises:
        TypeError: A keyword that is unknown.

    >>> read_options(TrainSettings, {"device": 2})
    Traceback (most recent call last):
    TypeError: unexpected keyword 'device'; did you mean 'devices'?
    """
    settings, rest = split_options(kind, options)
    refuse_unknown(rest, [field.name for field in fields(kind)])  # type: ignore[arg-type]
    return settings


def refuse_unknown(options: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse keywords that are not known.

    Raises:
        TypeError: There is one.
    """
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"allowed are {', '.join(sorted(known))}"
            raise TypeError(f"unexpected keyword {name!r}; {hint}")
