"""Open the network of a bundle with redrawn weights."""

from __future__ import annotations

from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.models.redrawn.weights import redraw_weights


def open_redrawn(bundle: Bundle, share: float, seed: int) -> KerasEngine:
    """Open a copy of the network of a bundle whose upper layers have redrawn weights; the bundle stays as it is.

    Args:
        bundle: The bundle.
        share: The share of the layers with weights to redraw, from the top, in 0..1; at least the last one.
        seed: The seed of the order.

    Raises:
        BundleError: The network is missing, changed or damaged.
    """
    engine = KerasEngine.open(bundle)
    redraw_weights(engine.network, share, seed)
    return engine
