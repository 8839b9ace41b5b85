"""By what rule a method of making maps passes each test. The limits stand here and nowhere else."""

from __future__ import annotations

from typing import Final

from chestnut.evaluation.intervals.estimate import Estimate

#: The rank correlation that maps may have at the most before and after all weights are redrawn: at 0.5, the one order
#: explains a quarter of the variance of the other (0.5²). Adebayo et al. 2018 (arXiv:1810.03292) give no limit.
MOST_ALIKE: Final = 0.5


class Rules:
    """The rules; each takes intervals, so that a method passes only where the images show it beyond chance."""

    @staticmethod
    def finds_lesions(excess: Estimate, hits: Estimate, chance: float) -> bool:
        """Tell whether maps lie in lesions more than chance alone explains, by their mass and by their maximum.

        Args:
            excess: The share of the mass in the lesion, less the lesion's share of the area.
            hits: The share of images whose maximum lies in the lesion.
            chance: The share of the area that counts as a hit.
        """
        return is_above(excess, 0.0) and is_above(hits, chance)

    @staticmethod
    def depends_on_weights(correlation: Estimate, above_trained: Estimate | None) -> bool:
        """Tell whether maps are others once all weights are redrawn (Adebayo et al. 2018; Arun et al. 2021).

        Args:
            correlation: The rank correlation of the maps before and after.
            above_trained: Their structural similarity, less that of the maps of two networks that were trained
                separately; None where there is no second network.
        """
        return is_below(correlation, MOST_ALIKE) and (above_trained is None or is_below(above_trained, 0.0))

    @staticmethod
    def depends_on_labels(correlation: Estimate) -> bool:
        """Tell whether maps are others for a network that was trained on shuffled labels (Adebayo et al. 2018).

        Args:
            correlation: The rank correlation of the maps of the two networks.
        """
        return is_below(correlation, MOST_ALIKE)

    @staticmethod
    def orders_places(gain: Estimate) -> bool:
        """Tell whether the places of maps matter to the network in their order, more than in a random one.

        Args:
            gain: How much larger the gap between insertion and deletion is than in random order.
        """
        return is_above(gain, 0.0)


def is_above(estimate: Estimate, limit: float) -> bool:
    """Tell whether a whole interval lies above a limit; false where there is no interval."""
    return estimate.low is not None and estimate.low > limit


def is_below(estimate: Estimate, limit: float) -> bool:
    """Tell whether a whole interval lies below a limit; false where there is no interval."""
    return estimate.high is not None and estimate.high < limit
