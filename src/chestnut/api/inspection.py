"""Look into a trained network: which images it finds alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.embed import embed
from chestnut.api.options import DisplayOptions
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from chestnut.explain.embedding.embedding import Embedding
    from chestnut.explain.embedding.projection import ProjectionMethod


class Inspection:
    """What can be seen inside the network of a run.

    Attributes:
        folder: The files of the run.
    """

    folder: RunFolder

    def embed(
        self,
        split: str = "val",
        *,
        method: ProjectionMethod = "pca",
        colours: Sequence[str] = (),
        to: str | Path | None = None,
        seed: int = 0,
        identities: bool = False,
        **options: Unpack[DisplayOptions],
    ) -> Embedding:
        """Draw the images of a split as dots, near each other where the network finds them alike.

        The folder has a figure, a page on which pointing at a dot shows its image, a table of the dots, and how far
        classes, sources and other groups are kept apart.

        Args:
            split: train, val or test; a look at the test split enters the ledger.
            method: `pca`, or `umap` if umap-learn is installed.
            colours: What the dots of the figure are coloured by: `class`, `error`, `source` or other columns of the
                images; none for the usual ones.
            to: A new folder, or an empty one; None for `embedding/<split>` in the run's folder, whose earlier content
                is replaced.
            seed: The seed of what is random.
            identities: Whether the page shows the names of images and patients instead of numbers.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Returns:
            The places of the images, and how far groups are kept apart.

        Raises:
            DataError: The split is empty, there is no such column, images cannot be read or have changed, there are too
                few of them, or the folder is not empty.
            MissingExtraError: UMAP is not installed.
            BundleError: The bundle is missing or was changed.
        """
        return embed(self.folder, split, method, colours, to, seed, identities, **options)
