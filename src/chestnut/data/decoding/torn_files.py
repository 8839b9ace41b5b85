"""Have Pillow refuse files that end too early.

Pillow fills what is missing with black, without a word, if `ImageFile.LOAD_TRUNCATED_IMAGES` is set.
The switch belongs to the whole process, and others turn it on: WeasyPrint when it is imported, and many notebooks.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import ImageFile


class _Strict:
    """The number of active blocks, and whether Pillow was lenient outside them."""

    lock = threading.Lock()
    count = 0
    lenient = False


@contextmanager
def refuse_torn_files() -> Iterator[None]:
    """Have Pillow raise an error for a file that ends too early; its switch is as before after the block. Thread-safe.

    >>> ImageFile.LOAD_TRUNCATED_IMAGES = True
    >>> with refuse_torn_files():
    ...     ImageFile.LOAD_TRUNCATED_IMAGES
    False
    >>> ImageFile.LOAD_TRUNCATED_IMAGES
    True
    >>> ImageFile.LOAD_TRUNCATED_IMAGES = False
    """
    with _Strict.lock:
        _Strict.count += 1
        _Strict.lenient |= ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        yield
    finally:
        with _Strict.lock:
            _Strict.count -= 1
            if _Strict.count == 0 and _Strict.lenient:
                ImageFile.LOAD_TRUNCATED_IMAGES, _Strict.lenient = True, False
