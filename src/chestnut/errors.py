"""Every error chestnut raises on purpose, and the wording they share.

A message is one line in three parts: what was given, what is allowed, what to do. The command line prints it and exits
with status 2; anything that is not a `ChestnutError` is a fault of chestnut's own and shows its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ChestnutError(Exception):
    """The parent of every error that chestnut raises on purpose."""


class DataError(ChestnutError):
    """A folder, table or archive of images that cannot be used as it is."""


class ImageError(DataError):
    """One image that cannot be decoded.

    Args:
        path: The image's path, as the user knows it.
        reason: Why it cannot be decoded, in a few words.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[ImageError], tuple[str, str]]:
        """Survive the trip back from a worker process, where only `args` would be kept."""
        return (type(self), (self.path, self.reason))


class RecipeError(ChestnutError):
    """A recipe, or a `--set` on one, that does not validate."""


class RunError(ChestnutError):
    """A run folder that is missing, half-made, or of a newer version."""


class BundleError(RunError):
    """A bundle whose files are missing or differ from their hashes."""


class TrainingError(ChestnutError):
    """A training run that cannot go on, such as one whose loss is no longer finite."""


class DeviceError(ChestnutError):
    """More devices than there are, or hosts that cannot train together."""


class EngineError(ChestnutError):
    """An engine of jobs that is unknown, cannot be reached, or has no room for a job."""


class TrackingError(ChestnutError):
    """A tracker that is unknown, cannot be reached, or has an address that chestnut does not take."""


class DownloadError(ChestnutError):
    """A public data set that could not be fetched, or arrived damaged."""


class DiskError(ChestnutError):
    """A file that could not be written: a full disk, or a folder without permission."""


class MissingExtraError(ChestnutError):
    """An optional dependency that is not installed; the message names the install command."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Say what a mistyped name may have meant: near matches, else all that is known.

    >>> suggest("cnn-smal", ["cnn-small", "mlp"])
    'did you mean cnn-small?'
    >>> suggest("zebra", ["cnn-small", "mlp"])
    'known: cnn-small, mlp'
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"


def listed(names: Iterable[str], most: int = 5) -> str:
    """Join names for a one-line message, cutting a long list short.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    names = list(names)
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
