"""Run the network that finds lungs, with ONNX Runtime."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.errors import ModelFileError
from chestnut.lungfield.model import SIDE
from chestnut.lungfield.model.identity import SHA256
from chestnut.onnx_session import open_session

#: Identifies the network: results that were found by another one may differ.
MODEL = f"lungs-{SHA256[:12]}"

#: The least number of an image's pixels along each axis that are averaged to one, where an image has so many.
_SAMPLES = 4

_FILE = Path(__file__).parent / "model" / "lungs.onnx"


def run(grey: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
    """Run the network on one image, stretched to a square.

    Args:
        grey: Grey values 0..255, shape (height, width), each 1 or more.

    Returns:
        For each pixel of the field, the probabilities of the lung at the left of the picture and of the lung at its
        right, shape (2, FIELD, FIELD); and the probability that the image shows two lungs from the front.

    Raises:
        ModelFileError: The model file is missing or has changed.
    """
    # One image at a time: as fast as batches on one core, and the result cannot depend on the other images
    fields, presence = _session(os.getpid()).run(None, {"image": stretch(grey)[None]})
    return fields[0], float(presence[0])


def stretch(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return an image as a square of the network's size, averaged where it shrinks."""
    # Of a large image, 4×4 pixels or more for each pixel of the square: all would take longer than the network does
    down, across = (max(1, side // (_SAMPLES * SIDE)) for side in grey.shape)
    grey = np.ascontiguousarray(grey[down // 2 :: down, across // 2 :: across])
    height, width = grey.shape
    small = cv2.resize(grey, (min(width, SIDE), min(height, SIDE)), interpolation=cv2.INTER_AREA)
    if small.shape != (SIDE, SIDE):
        small = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(small, dtype=np.uint8)


@functools.cache
def _session(process: int) -> Any:
    """Return the session of a process; its threads share it, but a fork needs its own."""
    return open_session(_read_model(_FILE), threads=1)


def _read_model(path: Path) -> bytes:
    try:
        stored = path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ModelFileError(
            f"{path}: the network that finds lungs cannot be read ({why}): install chestnut again"
        ) from error
    if hashlib.sha256(stored).hexdigest() != SHA256:
        raise ModelFileError(f"{path}: the network that finds lungs has changed: install chestnut again")
    return stored
