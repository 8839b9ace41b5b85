"""The guard of a bundle, ready to judge images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.errors import BundleError, DataError
from chestnut.inference.bundle import Bundle, PartName
from chestnut.inference.guard.looks import Seen
from chestnut.inference.guard.reference import GuardReference
from chestnut.inference.guard.verdict import Verdicts, verdicts
from chestnut.progress import Bars, silent

if TYPE_CHECKING:
    from chestnut.data.cache.cache import Decoded

#: The part of a bundle that contains the guard's reference.
PART: PartName = "guard.npz"


class Guard(NamedTuple):
    """A guard that is ready to judge images.

    Attributes:
        reference: What is usual.
        spec: The input of the network.
    """

    reference: GuardReference
    spec: InputSpec

    @classmethod
    def open(cls, bundle: Bundle) -> Guard | None:
        """Read the guard of a bundle; None if it has none.

        Raises:
            BundleError: The guard is damaged.
        """
        content = bundle.read_part(PART)
        if content is None:
            return None
        return cls(GuardReference.from_part(content, bundle.folder / PART), bundle.spec)

    def judge(self, images: Sequence[Seen], features: npt.NDArray[np.float32], threads: int | None = None) -> Verdicts:
        """Judge images; see `verdicts`.

        Raises:
            BundleError: The guard was fitted to another network.
        """
        known = len(self.reference.cloud.origin)
        if features.shape[1] != known:
            raise BundleError(
                f"the guard knows {known:,} features, and the network has {features.shape[1]:,}: it belongs to another "
                "network; fit it anew with chestnut guard RUN"
            )
        return verdicts(self.reference, images, features, self.spec, threads)

    def judge_decoded(self, decoded: Decoded, features: npt.NDArray[np.float32], bars: Bars = silent) -> Verdicts:
        """Judge decoded images of a data set.

        Args:
            decoded: The images, as the network sees them.
            features: Their features, shape (n, features).
            bars: Shows the progress.
        """
        from chestnut.inference.guard.decoded import seen_blocks  # it loads pandas, which a service does without

        parts, done = [], 0
        for block in seen_blocks(decoded, self.spec, bars):
            parts.append(self.judge(block, features[done : done + len(block)]))
            done += len(block)
        return Verdicts.joined(parts)


def require_guard(bundle: Bundle, on_outlier: str) -> None:
    """Check that a bundle has a guard if images are to be refused.

    Args:
        bundle: The bundle.
        on_outlier: `warn`, `refuse` or `ignore`.

    Raises:
        DataError: They are to be refused, and there is no guard.
    """
    if on_outlier == "refuse" and PART not in bundle.parts:
        run = bundle.folder.parent
        raise DataError(f"on_outlier=refuse: {run} has no guard; add one with chestnut guard {run}")
