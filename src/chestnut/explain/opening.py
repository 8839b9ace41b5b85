"""Open the engine that a method of making maps needs."""

from __future__ import annotations

import logging

from chestnut.errors import ChestnutError
from chestnut.explain.class_activation import can_activate
from chestnut.explain.methods import Choice
from chestnut.inference.bundle import Bundle
from chestnut.inference.engine_choice import EngineSettings, open_engine
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.gradient_engine import GradientEngine

_log = logging.getLogger(__name__)


def open_explainer(bundle: Bundle, method: Choice = "auto") -> Engine:
    """Open the network of a bundle with what computes maps by a method.

    Keras, which takes some seconds to load, is opened where gradients are needed, and ONNX Runtime elsewhere. The
    gradients also give the activation of a network with several dense layers after its averages.

    Args:
        bundle: The bundle.
        method: How maps are to be made.

    Raises:
        BundleError: The network is missing, changed or damaged.
    """
    if method in ("auto", "occlusion"):
        return open_engine(bundle)
    if method == "activation" and can_activate(engine := open_engine(bundle)):
        return engine
    return open_engine(bundle, EngineSettings("keras"))


def open_gradients(bundle: Bundle) -> GradientEngine | None:
    """Open the network of a bundle with the gradients of its last maps.

    Returns:
        The network; None if it has no convolutions or decides by variants of an image, or if no Keras can load it.
    """
    if bundle.spec.variants != "none":
        return None
    try:
        engine = open_engine(bundle, EngineSettings("keras"))
    except (ChestnutError, ImportError) as error:
        _log.info("no maps by gradients: %s", error)
        return None
    return engine if isinstance(engine, GradientEngine) and engine.has_maps else None
