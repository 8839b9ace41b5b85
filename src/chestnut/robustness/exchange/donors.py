"""`Donors`: the training images that lend their framing and style, and which image takes which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Donors:
    """Images by their classes, each of which can lend its framing and style.

    Attributes:
        targets: The class number of each donor, shape (n,).
        seed: The seed of the choice.
    """

    targets: Ints
    seed: int = 0

    def check(self, classes: tuple[str, ...], draws: int) -> None:
        """Check that every class has a different donor for each draw.

        Args:
            classes: The class names.
            draws: The number of draws.

        Raises:
            DataError: A class has too few donors.
        """
        for number, name in enumerate(classes):
            if (count := int((self.targets == number).sum())) < max(draws, 2):
                raise DataError(
                    f"class {name} has {count} training {'image' if count == 1 else 'images'} whose lungs were found; "
                    f"an exchange in {draws} draws needs {max(draws, 2)} or more of each class"
                )

    def draw(self, row: int, target: int, draws: int) -> tuple[Ints, Ints]:
        """Choose the donors of an image: different ones in every draw, and the same for a seed, whatever else is drawn.

        Args:
            row: The position of the image.
            target: Its class number.
            draws: The number of draws.

        Returns:
            Positions of donors of other classes, all of which are equally likely, and of the image's own class, each of
            shape (draws,).
        """
        others = np.setdiff1d(self.targets, [target])
        orders = {int(number): self._shuffled(row, int(number)) for number in (*others, target)}
        chosen = np.random.default_rng([self.seed, row]).choice(others, draws)
        other = [orders[int(number)][draw] for draw, number in enumerate(chosen)]
        return np.array(other, dtype=np.int64), orders[target][:draws]

    def _shuffled(self, row: int, target: int) -> Ints:
        random = np.random.default_rng([self.seed, row, target])
        return random.permutation(np.flatnonzero(self.targets == target))
