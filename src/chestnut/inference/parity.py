"""`Parity`: how far the answers of a network in another form are from those of the network itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

#: The largest difference of a probability with which an exported network is accepted.
TOLERANCE: Final = 1e-4


@dataclass(frozen=True)
class Parity:
    """How far the answers of a network in ONNX form are from those of the network in Keras.

    Attributes:
        images: The number of images that were compared.
        difference: The largest difference of a probability, in 0..1.
        opset: The version of ONNX's operators.
    """

    images: int
    difference: float
    opset: int

    def __str__(self) -> str:
        """Return the record in words.

        >>> str(Parity(64, 2.81e-7, 18))
        'probabilities of 64 images differ by up to 3e-07 from those of Keras (opset 18)'
        """
        return (
            f"probabilities of {self.images:,} images differ by up to {self.difference:.0e} from those of Keras "
            f"(opset {self.opset})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the record for JSON."""
        return asdict(self)
