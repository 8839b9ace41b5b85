"""Project the features of images into two dimensions."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError, MissingExtraError, suggest
from chestnut.evaluation.arrays import Floats

#: A way to get from many features to two numbers.
ProjectionMethod = Literal["pca", "umap"]
PROJECTIONS: Final[tuple[ProjectionMethod, ...]] = get_args(ProjectionMethod)

#: The most principal components in which images are compared.
MOST_COMPONENTS = 50

#: The neighbours that UMAP keeps together (its own default), and so the fewest images that it can place.
_NEIGHBOURS = 15
_FEWEST = 3


@dataclass(frozen=True, eq=False)
class Components:
    """Images by the principal components of their features, each feature divided by its standard deviation first.

    Attributes:
        values: The components, the one with the greatest variance first, shape (n, components).
        shares: The share of the whole variance that each has, shape (components,).
    """

    values: Floats
    shares: Floats


def find_components(features: npt.NDArray[np.floating], seed: int = 0) -> Components:
    """Compute the principal components of images; at most 50, and as many as there can be of few images.

    A component and its opposite are worth the same. The one is taken of which the largest value is positive.

    Args:
        features: Shape (n, features), all finite.
        seed: The seed of the approximation that finds the components of very many features.

    Raises:
        DataError: There are fewer than 3 images, or fewer than 2 features that differ between them.

    >>> found = find_components(np.array([[0.0, 1, 5], [2, 3, 5], [4, 5, 5], [6, 9, 5]]))
    >>> found.values.shape, found.shares.round(3).tolist()
    ((4, 2), [0.991, 0.009])
    """
    from sklearn.decomposition import PCA

    if len(features) < _FEWEST:
        raise DataError(f"{len(features)} images; a map of images needs {_FEWEST} or more")
    values = np.asarray(features, dtype=np.float64)
    spread = values.std(axis=0)
    alive = spread > 1e-9 * np.maximum(np.abs(values).max(axis=0), 1e-30)
    if alive.sum() < 2:
        raise DataError(
            "the network computes the same features for all images, or a single one that differs, so there is no map "
            "of them; look at the report of its training"
        )
    standard = (values[:, alive] - values[:, alive].mean(axis=0)) / spread[alive]
    count = min(MOST_COMPONENTS, len(standard) - 1, standard.shape[1])
    fitted = PCA(count, random_state=seed)
    found = fitted.fit_transform(standard)
    found *= np.where(found[np.abs(found).argmax(axis=0), np.arange(count)] < 0, -1.0, 1.0)
    return Components(found, np.asarray(fitted.explained_variance_ratio_, dtype=np.float64))


def project(components: Components, method: ProjectionMethod = "pca", seed: int = 0) -> Floats:
    """Return the places of images in two dimensions, shape (n, 2).

    Args:
        components: The images.
        method: `pca` takes the first two components: distances are true to what these show. `umap` keeps near images
            near each other (McInnes, Healy and Melville 2018, arXiv:1802.03426), and distances between groups mean
            little.
        seed: The seed of UMAP.

    Raises:
        DataError: The method is unknown, or there are too few images for UMAP.
        MissingExtraError: UMAP is not installed.
    """
    require_projection(method)
    if method == "pca":
        return components.values[:, :2]
    if len(components.values) <= _NEIGHBOURS:
        raise DataError(f"method=umap needs more than {_NEIGHBOURS} images, and there are {len(components.values)}")
    return _run_umap(components.values, seed)


def require_projection(method: str) -> None:
    """Check that there is a method, and that what it needs is installed.

    Raises:
        DataError: The method is unknown.
        MissingExtraError: UMAP is not installed.
    """
    if method not in PROJECTIONS:
        raise DataError(f"method={method}: {suggest(method, PROJECTIONS)}")
    if method == "umap" and find_spec("umap") is None:
        raise MissingExtraError(
            "method=umap needs umap-learn, which is not installed; run pip install 'chestnut[umap]', or "
            "pip install '.[umap]' in chestnut's source folder; method=pca needs nothing more"
        )


def _run_umap(values: Floats, seed: int) -> Floats:
    with warnings.catch_warnings(), _hidden("tensorflow"):
        warnings.simplefilter("ignore")  # it warns that a seed makes it use one core, and of its own dependencies
        import umap

        model: Any = umap.UMAP(n_neighbors=_NEIGHBOURS, random_state=seed, n_jobs=1)
        return np.asarray(model.fit_transform(values), dtype=np.float64)


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Hide a library from others, which would load it in vain, unless it is loaded already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's own way to say that there is none
    try:
        yield
    finally:
        del sys.modules[name]
