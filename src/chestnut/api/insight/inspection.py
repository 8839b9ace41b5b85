"""Look into a network: where it looks, what its layers saw, what it decides wrongly, and what it finds alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.insight.activations import draw_layers
from chestnut.api.insight.embed import embed
from chestnut.api.insight.errors import errors
from chestnut.api.insight.explain import explain
from chestnut.api.options import DisplayOptions
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from chestnut.explain.embedding.embedding import Embedding
    from chestnut.explain.embedding.projection import ProjectionMethod
    from chestnut.explain.layers.activations import Activations
    from chestnut.explain.map_folder import MapFile
    from chestnut.explain.methods import Choice
    from chestnut.mistakes.mistakes import Mistakes


class Inspection:
    """What can be seen of the network of a run.

    Attributes:
        folder: The files of the run.
    """

    folder: RunFolder

    def explain(
        self,
        images: str | Path | Sequence[str | Path],
        *,
        to: str | Path | None = None,
        of: str | None = None,
        method: Choice = "auto",
        raw: bool = False,
        **options: Unpack[DisplayOptions],
    ) -> list[MapFile]:
        """Draw which places of images speak for a class, beside the images and what the network sees of them.

        Args:
            images: Image files, folders of images, or glob patterns; one or several.
            to: A new folder, or an empty one, for the pictures; None for `explain/maps` in the run's folder, whose
                earlier content is replaced.
            of: The class to explain; None for the positive one of two, and for the likeliest of more.
            method: `gradcam`, `gradcam++`, `hirescam`, `layercam` and `eigencam` for networks with convolutions;
                `integrated-gradients` and `smoothgrad` for networks; `activation`, which is exact, for networks that
                average their last maps; `occlusion`, which hides part after part, for all; `auto` for activation where
                it needs no Keras, and occlusion elsewhere.
            raw: Whether to write the values of each map, too, as `.npy`.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Returns:
            What each picture shows.

        Raises:
            ExplanationError: The class or the method is unknown, or the network does not allow the method.
            DataError: No images, or unreadable ones; or the folder is not empty.
            BundleError: The bundle is missing or was changed.
        """
        return explain(self.folder, images, to, of, method, raw=raw, **options)

    def errors(
        self,
        split: str = "val",
        *,
        method: Choice = "auto",
        identities: bool = False,
        **options: Unpack[DisplayOptions],
    ) -> Mistakes:
        """Show what the run decided wrongly or narrowly in an evaluation, and write it into `errors/<split>/`.

        The evaluation must be there already, so this is no other look at a test split.

        Args:
            split: The name of the evaluation: val, test or train, or another data set.
            method: How the maps are made; see `explain`.
            identities: Whether the page shows the names of images, patients and folders.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Raises:
            RunError: There is no such evaluation, one of its files was changed, or another network made it.
            DataError: Images of the run have changed since it was trained.
            ExplanationError: The method is unknown, or the network does not allow it.
            BundleError: The bundle is missing or was changed.
        """
        return errors(self.folder, split, method, identities, **options)

    def activations(
        self,
        image: str | Path,
        *,
        layers: int | Sequence[str] | None = None,
        member: int | None = None,
        to: str | Path | None = None,
    ) -> tuple[Activations, Path]:
        """Draw what the layers of the network saw of an image, layer by layer, and the first filters.

        Args:
            image: An image file, or a row of an archive.
            layers: How many layers, 1 to 12: the last of each size of maps first of all, then others between them. Or
                names of layers. None for the last of each size alone.
            member: The member of an ensemble to look at, from 1; None for the first with convolutions.
            to: The PNG to write; None for `activations/<image>.png` in the run's folder.

        Returns:
            What the layers saw, and the picture.

        Raises:
            ExplanationError: The network has no convolutions, or there is no such layer or member.
            DataError: There is no such image, or it cannot be read.
            RunError: The picture would be another file inside a run or a study.
            BundleError: The bundle is missing or was changed.
        """
        return draw_layers(self.folder, image, layers, member, to)

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
