"""Import keras-hub, which is an extra."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from chestnut.errors import MissingExtraError, in_one_line
from chestnut.models.framework import hidden_stderr


def import_hub(purpose: str) -> Any:
    """Return the module `keras_hub`.

    Args:
        purpose: What it is needed for, with which an error begins.

    Raises:
        MissingExtraError: It is not installed, or one of the packages that it needs is missing.
    """
    if find_spec("keras_hub") is None:
        raise MissingExtraError(
            f'{purpose} needs keras-hub, which is not installed; run pip install "chestnut[hub]", or pip install '
            "'.[hub]' in chestnut's source folder"
        )
    if "keras_hub" not in sys.modules:
        with hidden_stderr():
            _load(purpose)
    return sys.modules["keras_hub"]


def _load(purpose: str) -> None:
    try:
        import keras_hub  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f'{purpose} needs keras-hub, which cannot be loaded ({in_one_line(error)}); run pip install "chestnut[hub]"'
        ) from error
