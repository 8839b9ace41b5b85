"""`RandomCover`: random objects that hide part of an image: a collimated border, a rectangle, a marker."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from chestnut.models.augment.layer import RandomLayer

#: Rows and columns of the squares that a marker is made of; a letter needs no more.
_ROWS, _COLUMNS = 5, 4


class RandomCover(RandomLayer):
    """Black borders, then a rectangle of one random grey, then a bright marker of random squares."""

    def change(self, images: Any) -> Any:
        """Draw what covers each image, and where, and apply it."""
        batch, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
        if self.config.border:
            images = images * ops.expand_dims(self._inside(batch, height, width), -1)
        if self.config.erase:
            sides = (self._uniform(batch, 0.0, self.config.erase) for _ in range(2))
            shape = self._rectangle(batch, height, width, *sides)
            images = images + shape * (self._each(batch, 0.0, 255.0) - images)
        if self.config.marker:
            images = images + self._sign(batch, height, width) * (self._each(batch, 160.0, 255.0) - images)
        return images

    def _inside(self, batch: Any, height: int, width: int) -> Any:
        """1 inside the borders and 0 on them, shape (batch, height, width)."""
        left, right, top, bottom = (self._uniform(batch, -self.config.border, self.config.border) for _ in range(4))
        across = _between(left, 1 - right, width)
        down = _between(top, 1 - bottom, height)
        return down[:, :, None] * across[:, None, :]

    def _rectangle(self, batch: Any, height: int, width: int, tall: Any, wide: Any) -> Any:
        """1 in a randomly placed rectangle, shape (batch, height, width, 1), with sides as shares of the image's."""
        top, left = self._uniform(batch, 0.0, 1.0) * (1 - tall), self._uniform(batch, 0.0, 1.0) * (1 - wide)
        down, across = _between(top, top + tall, height), _between(left, left + wide, width)
        return (down[:, :, None] * across[:, None, :])[..., None]

    def _sign(self, batch: Any, height: int, width: int) -> Any:
        """1 on the squares of a marker, shape (batch, height, width, 1); half of the images have none."""
        tall = self._uniform(batch, self.config.marker / 3, self.config.marker)
        wide = tall * _COLUMNS / _ROWS * height / width
        top, left = self._uniform(batch, 0.0, 1.0) * (1 - tall), self._uniform(batch, 0.0, 1.0) * (1 - wide)
        wanted = ops.cast(self._uniform(batch, 0.0, 1.0) < 0.5, "float32")
        squares = keras.random.uniform((batch, _ROWS, _COLUMNS), seed=self.seed_generator) < 0.6
        lit = ops.cast(squares, "float32") * wanted[:, None, None]
        rows = _stripes(top, tall, _ROWS, height)
        columns = _stripes(left, wide, _COLUMNS, width)
        return ops.matmul(ops.matmul(ops.transpose(rows, (0, 2, 1)), lit), columns)[..., None]


def _between(low: Any, high: Any, length: int) -> Any:
    """1 for pixels whose centre lies between two shares of the length, shape (batch, length)."""
    middle = (ops.arange(length, dtype="float32")[None] + 0.5) / length
    return ops.cast((middle >= low[:, None]) & (middle < high[:, None]), "float32")


def _stripes(start: Any, size: Any, count: int, length: int) -> Any:
    """Return the pixels of each of several equal stripes, shape (batch, count, length)."""
    return ops.stack(
        [_between(start + size * step / count, start + size * (step + 1) / count, length) for step in range(count)],
        axis=1,
    )
