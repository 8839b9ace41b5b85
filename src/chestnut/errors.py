"""The errors that chestnut raises on purpose, and helpers for their messages.

A message is one line that says what was given, what is allowed and what to do. The command line prints it and exits
with status 2. Any other exception is a bug in chestnut and shows its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ChestnutError(Exception):
    """The base class of every error that chestnut raises on purpose."""


class DataError(ChestnutError):
    """A folder, table or archive of images that cannot be used."""


class ImageError(DataError):
    """One image that cannot be decoded.

    Args:
        path: The image's path, as the user gave it.
        reason: Why the image cannot be decoded, in a few words.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[ImageError], tuple[str, str]]:
        """Make the error picklable: by default only `args` would come back from a worker process."""
        return (type(self), (self.path, self.reason))


class RecipeError(ChestnutError):
    """A recipe, or a setting that changes one, that is not valid."""


class StudyFileError(ChestnutError):
    """A study.toml that is missing, is not TOML, or has an unknown key or a value that is not text."""


class RunError(ChestnutError):
    """A run folder that is missing, incomplete, or written by a newer version."""


class TakenError(RunError):
    """A folder for something new that exists already, perhaps because another process was faster."""


class BundleError(RunError):
    """A bundle whose files are missing or differ from their hashes."""


class ExplanationError(ChestnutError):
    """A map that cannot be made: of a class that the network does not have, or by a method that it does not allow."""


class TrainingError(ChestnutError):
    """A training that cannot continue, for example because its loss is no longer finite."""


class DeviceError(ChestnutError):
    """More devices requested than exist, or hosts that cannot train together."""


class EngineError(ChestnutError):
    """A job engine that is unknown, cannot be reached, or has no resources for a job."""


class TrackingError(ChestnutError):
    """A tracker that is unknown, cannot be reached, or has an address of an unsupported form."""


class ModelFileError(ChestnutError):
    """A file of the network that finds lungs, which comes with chestnut, that is missing or has changed."""


class ForeignFileError(ChestnutError):
    """A file with a network that another program trained, and that cannot be taken over."""


class DownloadError(ChestnutError):
    """A download that failed or arrived damaged."""


class DiskError(ChestnutError):
    """A file that could not be written, for example because the disk is full or permission is missing."""


class OverloadedError(ChestnutError):
    """More work than a service takes at a time.

    Args:
        message: What is too much, and what to do.
        seconds: After how many seconds there may be room.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class StoreError(ChestnutError):
    """An audit table that cannot be opened, read or written."""


class UnknownPredictionError(ChestnutError):
    """A prediction that is not in the audit table."""


class VerdictError(ChestnutError):
    """A reviewer's verdict that is not valid."""


class ListenError(ChestnutError):
    """A DICOM listener that cannot start as it was asked to, for example because its port is in use."""


class DeliveryError(ChestnutError):
    """A result that the place refuses to which it was sent."""


class UnwantedError(DeliveryError):
    """A result of a kind that the place does not take at all."""


class UnreachableError(ChestnutError):
    """A place for results that cannot be reached now."""


class MissingExtraError(ChestnutError):
    """An optional dependency that is not installed; the message names the install command."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Suggest what a mistyped name may mean: similar names, or all known names if none is similar.

    >>> suggest("cnn-smal", ["cnn-small", "mlp"])
    'did you mean cnn-small?'
    >>> suggest("zebra", ["cnn-small", "mlp"])
    'known: cnn-small, mlp'
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"


def listed(names: Iterable[str], most: int = 5) -> str:
    """Join names for a one-line message and shorten a long list.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    names = list(names)
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def in_one_line(error: BaseException, most: int = 200) -> str:
    r"""Return the message of an error of another library in one line; where it has none, the name of its kind.

    Args:
        error: The error.
        most: The most letters to return.

    >>> in_one_line(ValueError("a layer\n  has no weights"))
    'a layer has no weights'
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= most else f"{text[: most - 1]}…"
