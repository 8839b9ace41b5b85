"""Make the batches of the training; batch i is the same in every run with the same seed."""

from __future__ import annotations

from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from chestnut.lungfield.model import FIELD, SIDE
from tools.lungs import negatives
from tools.lungs.augment import frame, recolour
from tools.lungs.examples import Examples

#: The images in a batch by kind: children, phantoms, spoilt chests, photographs, drawn pictures.
COUNTS = {"children": 32, "phantoms": 8, "spoilt": 4, "photographs": 1, "drawn": 3}

#: The share of chests that are changed only mildly.
_MILD = 0.4


class Batches(keras.utils.PyDataset):
    """The batches: images, their fields, and whether each shows two lungs.

    Args:
        children: Images of children with their lungs.
        phantoms: Drawn phantoms with their lungs.
        steps: The number of batches.
        seed: The seed of all random draws.
    """

    def __init__(self, children: Examples, phantoms: Examples, steps: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._chests = {"children": children, "phantoms": phantoms}
        self._photographs = _photographs()
        self._steps, self._seed = steps, seed

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> tuple[npt.NDArray[Any], tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        rng = np.random.default_rng([self._seed, step])
        images, fields, present = [], [], []
        for kind, count in COUNTS.items():
            for _ in range(count):
                image, field = self._draw(kind, rng)
                images.append(image)
                fields.append(field)
                present.append(kind in self._chests)
        shown = np.array(present, dtype=np.float32)[:, None]
        return np.stack(images)[..., None], (np.stack(fields), shown)

    def _draw(self, kind: str, rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        empty = np.zeros((FIELD, FIELD, 2), dtype=np.float32)
        if kind == "drawn":
            drawn = negatives.DRAWN[int(rng.integers(len(negatives.DRAWN)))](rng)
            return recolour(drawn, None, rng), empty
        if kind == "photographs":
            return recolour(self._photograph(rng), None, rng), empty
        chests = self._chests[
            "phantoms" if kind == "phantoms" or (kind == "spoilt" and rng.random() < 0.2) else "children"
        ]
        row, mild = int(rng.integers(len(chests))), kind != "spoilt" and rng.random() < _MILD
        image, field = frame(chests.images[row], chests.lungs[row], rng, mild)
        if kind == "spoilt":
            image, field = negatives.spoil(image, field, rng)
        return recolour(image, field, rng, mild), field

    def _photograph(self, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        picture = self._photographs[int(rng.integers(len(self._photographs)))]
        side = int(rng.integers(60, picture.shape[0]))
        row, column = (int(rng.integers(0, length - side + 1)) for length in picture.shape)
        part = np.rot90(picture[row : row + side, column : column + side], int(rng.integers(4)))
        small = cv2.resize(np.ascontiguousarray(part), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return np.asarray(small, dtype=np.float32)


def _photographs() -> list[npt.NDArray[np.uint8]]:
    """Return the two photographs that come with scikit-learn, as grey values."""
    from sklearn.datasets import load_sample_images

    return [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in load_sample_images().images]
