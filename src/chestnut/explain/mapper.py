"""`Mapper`: maps of many images in a given time, by gradients where occlusion would take too long."""

from __future__ import annotations

from time import monotonic

from chestnut.data.pixels import Grey
from chestnut.errors import ExplanationError
from chestnut.explain.explain import explain
from chestnut.explain.map import Map
from chestnut.explain.methods import Choice, Method
from chestnut.explain.opening import open_gradients
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine

#: What takes the place of occlusion: it is exact where the averages of the last maps alone count.
_QUICK: Method = "hirescam"


class Mapper:
    """Computes maps of images one after another.

    `auto` begins with the exact map where the network has one, and with occlusion elsewhere. The first map by occlusion
    is timed. If as much time for every image is more than there is, the network is opened with its gradients, where
    these can be had, and all maps are made by HiResCAM, the first one again. Loading Keras then does not count.
    """

    def __init__(self, bundle: Bundle, engine: Engine, method: Choice = "auto", seconds: float | None = None) -> None:
        """Begin to count the time.

        Args:
            bundle: The bundle of the network.
            engine: The network; see `open_explainer`.
            method: How to make the maps.
            seconds: After this time no further map is begun; None for no limit.
        """
        self._bundle, self._engine, self._method, self._seconds = bundle, engine, method, seconds
        self._end = None if seconds is None else monotonic() + seconds
        self._gradients: Engine | None = None
        self._open = method == "auto" and seconds is not None

    def compute(self, image: Grey, of: str, left: int) -> Map | None:
        """Compute the map of an image; None when the time is over.

        Args:
            image: The image as the network sees it, uint8, shape (height, width).
            of: The class to explain.
            left: How many images are still to be explained, this one among them.

        Raises:
            ExplanationError: There is no such class, or the network does not allow the method.
        """
        if self._end is not None and monotonic() > self._end:
            return None
        if (found := self._follow_gradients(image, of)) is not None:
            return found
        begun = monotonic()
        found = explain(self._engine, self._bundle.classes, image, of, self._method)
        if self._open and found.method == "occlusion":
            self._change((monotonic() - begun) * left)
            return self._follow_gradients(image, of) or found
        return found

    def _follow_gradients(self, image: Grey, of: str) -> Map | None:
        """Compute the map by gradients; None if the network is not open with them, or has none for this image."""
        if self._gradients is None:
            return None
        try:
            return explain(self._gradients, self._bundle.classes, image, of, _QUICK)
        except ExplanationError:  # they are not finite
            return None

    def _change(self, expected: float) -> None:
        """Open the network with its gradients if all maps are expected to need more seconds than there are."""
        self._open = False
        if self._seconds is not None and expected > self._seconds:
            self._gradients = open_gradients(self._bundle)
            self._end = monotonic() + self._seconds
