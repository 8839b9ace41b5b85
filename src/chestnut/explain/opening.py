"""Open the engine that a method of making maps needs."""

from __future__ import annotations

from chestnut.explain.class_activation import can_activate
from chestnut.explain.methods import Choice
from chestnut.inference.bundle import Bundle
from chestnut.inference.engine_choice import EngineSettings, open_engine
from chestnut.inference.engines.engine import Engine


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
