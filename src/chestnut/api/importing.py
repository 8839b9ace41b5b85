"""Take over a network that was trained elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.data import Data, read_data
from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.api.run import Run
from chestnut.names import make_name
from chestnut.runs.places import free_folder, require_free

if TYPE_CHECKING:
    from chestnut.importing.terms import Terms


class ImportOptions(DisplayOptions, total=False):
    """Further keywords of `import_model`; see `ImportSettings`."""

    size: int | tuple[int, int] | None
    channels: int | None
    resize: str
    resample: str
    positive: str | None
    runs: str | Path
    skip_bad: bool


@dataclass(frozen=True)
class ImportSettings(DisplaySettings):
    """What is known of a network beside its classes and its grey values; see `DisplaySettings` for the rest.

    Attributes:
        size: The side of its input in pixels, or its height and width; None if the file says so.
        channels: 1 or 3; None if the file says so.
        resize: How its program brought images to that size: `stretch`, or `fit` into it with black edges.
        resample: How its program resized pixels: `nearest`, `bilinear` or `bicubic` as Pillow does, `linear` as OpenCV
            and TensorFlow do, or `area`, as chestnut does.
        positive: The positive one of two classes, if its name does not show it.
        runs: The folder in which a run without a `path` gets its folder.
        skip_bad: Whether to leave unreadable images out instead of raising.
    """

    size: int | tuple[int, int] | None = None
    channels: int | None = None
    resize: str = "stretch"
    resample: str = "area"
    positive: str | None = None
    runs: str | Path = "runs"
    skip_bad: bool = False

    def terms(self, classes: Sequence[str] | None, scale: str | None) -> Terms:
        """Return all that is known of the network, checked; raises the errors of `Terms.check`."""
        from chestnut.importing.terms import Terms

        sides = (self.size, self.size) if isinstance(self.size, int) else self.size
        how = {"resize": self.resize, "resample": self.resample, "positive": self.positive, "channels": self.channels}
        return Terms.check(classes, scale, size=sides, **how)


def import_model(
    file: str | Path,
    data: Data | None = None,
    *,
    classes: Sequence[str] | None = None,
    scale: str | None = None,
    reference: str | Path | None = None,
    path: str | Path | None = None,
    **options: Unpack[ImportOptions],
) -> Run:
    """Make a run of a network that another program trained and saved with Keras, without training.

    The file may come from a stranger: its layers are checked before anything builds them, and it is opened in a process
    of its own with little memory. The import fails unless the network gives the same probabilities as before.

    Args:
        file: A `.h5` or `.keras` file of a whole network, of Keras 2 or 3.
        data: Labelled images that become the run's own, split by patient as for training: what `load_dataset` gave, or
            what it takes; None for a run without images.
        classes: The class names in the order of the network's outputs; for one sigmoid, what 0 means and what 1 means.
            The file does not say it.
        scale: The grey values that it was trained on, `0-255`, `0-1` or `-1-1`. The file does not say it.
        reference: A CSV of `path` and `probability` (that of the second of two classes), or of a column for each class,
            with answers that the original program gave; None leaves the run unverified.
        path: The folder of the run; None for the next free `runs/<name of the file>-<number>`.
        **options: `size`, `channels`, `resize`, `resample`, `positive`, `runs`, `skip_bad`, `quiet` and `display`; see
            `ImportSettings`.

    Raises:
        ForeignFileError: The file is refused, or its network answers otherwise than before.
        DataError: Something about the network is missing or does not fit it, or images cannot be used.
        RunError: The folder is taken.
    """
    how, given = read_options(ImportSettings, options), Path(file)
    terms = how.terms(classes, scale)
    folder = Path(path) if path is not None else free_folder(Path(how.runs), make_name(given.stem, "imported"))
    if path is not None:
        require_free(folder)
    own = None if data is None else read_data(data)
    from chestnut.models.framework import load_framework

    load_framework()
    from chestnut.importing.import_run import Setup, import_run

    setup = Setup(
        folder,
        numbered=path is None,
        images=own,
        reference=None if reference is None else Path(reference),
        skip_bad=how.skip_bad,
        command=how.command or "chestnut.import_model",
        bars=how.shown.bar,
    )
    return Run(import_run(given, terms, setup))
