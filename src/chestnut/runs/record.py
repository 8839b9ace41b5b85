"""`RunRecord`: the typed content of a run's environment.json, from its status to the versions that made it.

Fields that this version does not know are kept, so that a run goes through an older or newer chestnut without loss.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from chestnut.errors import RunError

#: Raised when a run folder's layout changes so that older software would misread it.
RUN_VERSION = 1

Status = Literal["training", "finished", "stopped", "failed"]

_TYPED = ConfigDict(frozen=True, strict=True, extra="allow")


class Member(BaseModel):
    """A run that is part of an ensemble.

    Attributes:
        run: The path of its folder.
        recipe: The name of its recipe.
        seed: The seed of its recipe.
        temperature: The number that divides its logits.
        weights: The SHA-256 of its network.
        epochs: The number of epochs that were trained.
        best_epoch: The epoch whose weights were kept.
    """

    model_config = _TYPED

    run: str
    recipe: str
    seed: int
    temperature: float
    weights: str
    epochs: int | None = None
    best_epoch: int | None = None

    @property
    def kept_epoch(self) -> str:
        """The epoch whose weights were kept, in words; see `kept_epoch`."""
        return kept_epoch(self.best_epoch, self.epochs)


class Tracked(BaseModel):
    """A tracker that shows the run.

    Attributes:
        track: The tracker as the user named it, such as `mlflow`.
        run: The tracker's own id of the run.
    """

    model_config = _TYPED

    track: str
    run: str


class ThresholdChange(BaseModel):
    """A change of the threshold from which images are decided positive.

    Attributes:
        when: The time, in ISO 8601.
        command: The command line, or the call of the Python API.
        rule: The rule that chose the threshold; `temperature` where only the scale of the probabilities changed.
        on: The images that it was chosen on: `val` or `stress`.
        threshold: The new threshold.
        before: The threshold before.
    """

    model_config = _TYPED

    when: str
    command: str
    rule: str
    on: str
    threshold: float
    before: float


class Verified(BaseModel):
    """How far the answers of an imported network are from those of the program that it was made with.

    Attributes:
        file: The name of the table with that program's answers.
        images: The number of images.
        mean: The mean difference of a probability, over the images.
        largest: The largest difference of a probability.
        same: The number of images whose likeliest class is the same.
    """

    model_config = _TYPED

    file: str
    images: int
    mean: float
    largest: float
    same: int

    def __str__(self) -> str:
        return (
            f"compared with the original program's answers to {self.images:,} images ({self.file}): probabilities "
            f"differ by {self.mean:.2g} on average and {self.largest:.2g} at most, and the likeliest class is the same "
            f"for {self.same:,}"
        )


#: What is said of an imported network whose answers nobody has compared.
UNVERIFIED = "unverified: nobody has compared its answers with those of the original program"


class Imported(BaseModel):
    """Where the network of a run came from, if it was not trained here.

    Attributes:
        file: The name of the file.
        sha256: The SHA-256 of the file.
        bytes: The size of the file.
        keras: The version of Keras that wrote it.
        mended: What was changed so that this version of Keras can build the network, in words.
        plain: Whether this version of Keras opens the file by itself.
        images: The number of images by which the network was compared with that of the file.
        difference: The largest difference of a probability.
        verified: The comparison with the answers of the original program; None if there was none.
    """

    model_config = _TYPED

    file: str
    sha256: str
    bytes: int
    keras: str
    mended: list[str] = []
    plain: bool
    images: int
    difference: float
    verified: Verified | None = None

    @property
    def trust(self) -> str:
        """Whether its answers were compared with those of the original program, in words."""
        return UNVERIFIED if self.verified is None else str(self.verified)

    @property
    def parity(self) -> str:
        """How far its answers are from those of the file's network, in words."""
        by = "plain Keras" if self.plain else f"Keras, which opens the file with changes ({'; '.join(self.mended)})"
        return f"largest difference {self.difference:.2g} of a probability to {by}, over {self.images:,} images"


class RunRecord(BaseModel):
    """The content of environment.json. Except for `format` and `status`, a field is None or empty until it is known.

    Attributes:
        format: The version of the run folder's layout, `RUN_VERSION`.
        status: `training`, until training ends as `finished`, `stopped` (by Ctrl-C) or `failed`.
        command: The command line that made the run.
        started: The time at which training began, in ISO 8601.
        resumed: The times at which training was resumed.
        ended: The time at which training ended.
        error: Why training failed.
        backend: The Keras backend.
        device: The device in words.
        devices: The number of devices that trained together.
        hosts: The number of machines that trained together.
        threads: The number of threads that one operation uses; None if the framework chose it.
        python: The version of Python.
        system: The operating system.
        versions: The versions of the packages, by name.
        commit: The git commit of chestnut's source; None for an installed copy.
        members: The runs that an ensemble is made of.
        imported: Where the network came from, if it was trained elsewhere.
        parameters: The number of the network's parameters.
        from_run: Whether training started from the weights of another run.
        start_weights: The SHA-256 of the file in `state/` with the network that training started from.
        trained_parameters: The number of the parameters that were trained.
        cut: The layer up to which a frozen part was computed once; None if there is none.
        epochs: The number of epochs that were trained.
        best_epoch: The epoch whose weights were kept, from 1; 0 if no epoch was better than the start.
        stopped_by: What ended training: `epochs`, `early` or `interrupted`.
        start: The validation figures before the first epoch of a fine-tuned run.
        seconds: The time that the epochs took.
        fitted: The settings that the fit of a classical method chose, and their scores.
        holdout: The fold that the run is tested on, in words; None outside of cross-validation.
        images_a_second: The speed of prediction.
        model_bytes: The size of the network's file.
        job_seconds: The time that the run's jobs took in a tuning.
        tracking: The trackers that show the run, by name.
        undrawn: Whether the run has no pictures yet, as one of a study.
        thresholds: The changes of the threshold, oldest first.
        hashes: The SHA-256 of each file that figures rest on, by its path in the run folder. While a file is being
            replaced there are several: those of the old content, or an empty text if there was none, and of the new.
    """

    model_config = _TYPED

    format: int | None = None
    status: Status
    command: str | None = None
    started: str | None = None
    resumed: tuple[str, ...] | list[str] = ()
    ended: str | None = None
    error: str | None = None
    backend: str | None = None
    device: str | None = None
    devices: int | None = None
    hosts: int | None = None
    threads: int | None = None
    python: str | None = None
    system: str | None = None
    versions: dict[str, str] = {}
    commit: str | None = None
    members: list[Member] = []
    imported: Imported | None = None
    parameters: int | None = None
    from_run: bool | None = None
    start_weights: str | None = None
    trained_parameters: int | None = None
    cut: str | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    stopped_by: str | None = None
    start: dict[str, float | None] | None = None
    seconds: float | None = None
    fitted: dict[str, Any] | None = None
    holdout: str | None = None
    images_a_second: float | None = None
    model_bytes: int | None = None
    job_seconds: float | None = None
    tracking: dict[str, Tracked] = {}
    undrawn: bool = False
    thresholds: list[ThresholdChange] = []
    hashes: dict[str, list[str]] = {}

    @classmethod
    def from_dict(cls, values: Any, source: Path) -> Self:
        """Check the content of environment.json.

        Args:
            values: The content.
            source: The file that it is from, for the error.

        Raises:
            RunError: A field is missing or has the wrong type.
        """
        if not isinstance(values, dict):
            raise RunError(f"{source} does not contain a JSON object; restore it from a copy or train again")
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            fault = error.errors()[0]
            field = ".".join(str(part) for part in fault["loc"])
            raise RunError(
                f"{source} is damaged: {field}: {fault['msg'].lower()}; restore it from a copy or train again"
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that were given, as environment.json has them.

        >>> RunRecord(status="finished", epochs=3).to_dict()
        {'status': 'finished', 'epochs': 3}
        """
        return self.model_dump(mode="json", exclude_unset=True)

    @property
    def finished(self) -> bool:
        """Whether training has ended well."""
        return self.status == "finished"

    @property
    def stopped(self) -> bool:
        """Whether training was stopped by Ctrl-C."""
        return self.status == "stopped"

    @property
    def usable(self) -> bool:
        """Whether there is a network to use: training has ended well or was stopped by Ctrl-C."""
        return self.finished or self.stopped

    @property
    def kept_start(self) -> bool:
        """Whether no epoch was better than the start, so that the start's weights were kept."""
        return self.best_epoch == 0

    @property
    def kept_epoch(self) -> str:
        """The epoch whose weights were kept, in words; see `kept_epoch`."""
        return kept_epoch(self.best_epoch, self.epochs)


def kept_epoch(best_epoch: int | None, epochs: int | None) -> str:
    """Say which epoch's weights were kept.

    >>> kept_epoch(4, 9), kept_epoch(0, 9), kept_epoch(None, None)
    ('4 of 9', 'the start of 9', '–')
    """
    if best_epoch is None or epochs is None:
        return "–"
    return f"{best_epoch or 'the start'} of {epochs}"
