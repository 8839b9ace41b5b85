"""Class activation maps: what each place of an image adds to the score of a class, without an approximation."""

from __future__ import annotations

import numpy as np

from chestnut.data.pixels import Grey
from chestnut.explain.map import Map
from chestnut.explain.score import class_scores
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.onnx_engine import ACTIVATION, LOGITS, OnnxEngine


def can_activate(engine: Engine) -> bool:
    """Tell whether a network puts out class activation maps that belong to what it decides by.

    A network that decides by the mean over variants of an image has no map that adds up to that.
    """
    return isinstance(engine, OnnxEngine) and engine.has_activation and engine.spec.variants == "none"


def activate(engine: OnnxEngine, image: Grey, of: str, index: int) -> Map:
    """Compute the class activation map of an image (Zhou et al. 2016, arXiv:1512.04150).

    The mean of its cells, plus a constant of the network, is the score.

    Args:
        engine: A network for which `can_activate` is true.
        image: The image as the network sees it, uint8, shape (height, width).
        of: The name of the class.
        index: The class, counted from 0.
    """
    logits, maps = engine.run(image[np.newaxis], [LOGITS, ACTIVATION])
    cells = class_scores(maps, index)[0].astype(np.float32)
    score = float(class_scores(logits, index)[0])
    return Map(cells, (engine.spec.height, engine.spec.width), "activation", of, score, exact=True)
