"""`OnnxEngine`: computes logits and features from pixels with ONNX Runtime, without Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.errors import BundleError, in_one_line
from chestnut.inference.bundle import Bundle
from chestnut.inference.bundle_facts import PartName
from chestnut.inference.engines.graph_engine import FEATURES, IMAGE, LOGITS, GraphEngine
from chestnut.onnx_session import open_session

__all__ = ["ACTIVATION", "FEATURES", "IMAGE", "LOGITS", "PART", "OnnxEngine", "read_network"]

#: The part of a bundle that contains the network for ONNX Runtime.
PART: Final[PartName] = "model.onnx"

#: The output that only networks have that average maps before their last layer: shape (n, logits, rows, columns).
ACTIVATION = "activation"


@dataclass(frozen=True)
class OnnxEngine(GraphEngine):
    """A network in ONNX Runtime with its input spec.

    Attributes:
        session: An ONNX Runtime session from grey images (n, height, width), uint8, to logits and features.
        spec: The size, channels and grey values of its input.
    """

    session: Any
    spec: InputSpec

    @classmethod
    def open(cls, bundle: Bundle, *, threads: int | None = None) -> OnnxEngine:
        """Load the network of a bundle.

        Args:
            bundle: The bundle.
            threads: The number of threads of one operation; None for one per core.

        Raises:
            BundleError: The bundle has no `model.onnx`, or one that is changed, damaged or of another network.
        """
        content = read_network(bundle)
        return cls.load(content, bundle, str(bundle.folder / PART), threads=threads)

    @classmethod
    def load(cls, content: bytes, bundle: Bundle, name: str, *, threads: int | None = None) -> OnnxEngine:
        """Load a network that belongs to a bundle from the content of an ONNX file.

        Args:
            content: The content of the file.
            bundle: The bundle that says what the input and the outputs are.
            name: The file, for messages.
            threads: The number of threads of one operation; None for one per core.

        Raises:
            BundleError: The file is damaged, or contains another network than the bundle says.
        """
        try:
            session = open_session(content, threads=threads)
        except Exception as error:
            raise BundleError(f"{name} cannot be loaded ({in_one_line(error)}); {_REMEDY}") from error
        _check_shapes(session, bundle, name)
        return cls(session, bundle.spec)

    @property
    def has_activation(self) -> bool:
        """Whether the network puts out class activation maps."""
        return ACTIVATION in {output.name for output in self.session.get_outputs()}

    def run(self, batch: npt.NDArray[np.uint8], names: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """Compute outputs of one batch of images, as they are, by name.

        Args:
            batch: Grey values, shape (n, height, width).
            names: Names of outputs: logits, features or activation.
        """
        outputs: list[npt.NDArray[np.float32]] = self.session.run(list(names), {IMAGE: np.ascontiguousarray(batch)})
        return outputs


def read_network(bundle: Bundle) -> bytes:
    """Return the content of the ONNX file of a bundle.

    Raises:
        BundleError: The bundle has no `model.onnx`, or one that is changed.
    """
    content = bundle.read_part(PART)
    if content is None:
        run = bundle.folder.parent
        raise BundleError(
            f"{run} has no network for ONNX Runtime, as an older chestnut made it; "
            f"add one with chestnut export {run} --format onnx"
        )
    return content


_REMEDY = "restore it from a copy, or write it again with chestnut export RUN --format onnx"


def _check_shapes(session: Any, bundle: Bundle, name: str) -> None:
    """Check that a network takes and gives what its bundle says."""
    inputs = {one.name: (one.type, one.shape[1:]) for one in session.get_inputs()}
    outputs = {one.name: one.shape[1:] for one in session.get_outputs()}
    wanted = {IMAGE: ("tensor(uint8)", [bundle.spec.height, bundle.spec.width])}
    if inputs != wanted:
        raise BundleError(f"{name} takes {inputs}, but bundle.json says {wanted}; {_REMEDY}")
    counts = [[2], [1]] if len(bundle.classes) == 2 else [[len(bundle.classes)]]
    if outputs.get(LOGITS) not in counts or FEATURES not in outputs:
        raise BundleError(f"{name} gives {outputs}, but bundle.json has {len(bundle.classes)} classes; {_REMEDY}")
