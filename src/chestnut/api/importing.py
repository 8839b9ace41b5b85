"""Take over a network that was trained elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from chestnut.api.data import Data, read_data
from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.api.run import Run
from chestnut.names import make_name
from chestnut.runs.places import free_folder, require_free


def import_model(
    file: str | Path,
    *,
    classes: Sequence[str] | None = None,
    scale: str | None = None,
    size: int | tuple[int, int] | None = None,
    positive: str | None = None,
    resize: str = "stretch",
    channels: int | None = None,
    images: Data | None = None,
    reference: str | Path | None = None,
    path: str | Path | None = None,
    skip_bad: bool = False,
    **options: Unpack[DisplayOptions],
) -> Run:
    """Make a run of a network that another program trained and saved with Keras, without training.

    The file may come from a stranger: its layers are checked before anything builds them, and it is opened in a process
    of its own with little memory. The import fails unless the network gives the same probabilities as before.

    Args:
        file: A `.h5` or `.keras` file of a whole network, of Keras 2 or 3.
        classes: The class names in the order of the network's outputs; for one sigmoid, what 0 means and what 1 means.
            The file does not say it.
        scale: The grey values that it was trained on, `0-255`, `0-1` or `-1-1`. The file does not say it.
        size: The side of its input in pixels, or its height and width; None if the file says so.
        positive: The positive one of two classes, if its name does not show it.
        resize: How its program brought images to that size: `stretch`, or `fit` into it with black edges.
        channels: 1 or 3; None if the file says so.
        images: Labelled images that become the run's own, split by patient, as `load_dataset` takes them; None for a
            run without images.
        reference: A CSV of `path` and `probability` (that of the second of two classes), or of a column for each class,
            with answers that the original program gave; None leaves the run unverified.
        path: The folder of the run; None for the next free `runs/<name of the file>-<number>`.
        skip_bad: Leave unreadable images out instead of raising.
        **options: `quiet` and `display`; see `DisplaySettings`.

    Raises:
        ForeignFileError: The file is refused, or its network answers otherwise than before.
        DataError: Something about the network is missing or does not fit it, or images cannot be used.
        RunError: The folder is taken.
    """
    from chestnut.importing.terms import Terms

    how, given = read_options(DisplaySettings, options), Path(file)
    sides = (size, size) if isinstance(size, int) else size
    terms = Terms.check(None if classes is None else tuple(classes), scale, sides, positive, resize, channels)
    folder = Path(path) if path is not None else free_folder(Path("runs"), make_name(given.stem, "imported"))
    if path is not None:
        require_free(folder)
    own = None if images is None else read_data(images)
    from chestnut.models.framework import load_framework

    load_framework()
    from chestnut.importing.import_run import Setup, import_run

    setup = Setup(
        folder,
        numbered=path is None,
        images=own,
        reference=None if reference is None else Path(reference),
        skip_bad=skip_bad,
        command=how.command or "chestnut.import_model",
        bars=how.shown.bar,
    )
    return Run(import_run(given, terms, setup))
