"""`Form`: one form of a network, and `Source`, what it is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.engines.onnx_engine import OnnxEngine
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class Source:
    """What an export is made of.

    Attributes:
        run: The run.
        bundle: Its bundle, which contains `model.onnx`.
        network: Its network in Keras.
        content: The content of `model.onnx`.
        plain: The network of `model.onnx`, ready to compute.
    """

    run: RunFolder
    bundle: Bundle
    network: KerasEngine
    content: bytes
    plain: OnnxEngine


class Form(ABC):
    """A form of a network.

    Attributes:
        name: What `--format` calls it.
        title: What people call it.
        file: The name of its main file or folder.
        grey: Whether it takes decoded images, uint8 of shape (n, height, width); else float32 of shape
            (n, height, width, channels), 0..255.
        exact: Whether it computes as the network does, but for rounding.
        example: A program that reads the file and computes `logits` of `images`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    file: ClassVar[str]
    grey: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    example: ClassVar[str]

    def check(self) -> None:  # noqa: B027 - most forms need nothing more than chestnut itself
        """Check that what writes and reads the form is installed.

        Raises:
            MissingExtraError: It is not.
        """

    @abstractmethod
    def write(self, source: Source, path: Path) -> None:
        """Write a network.

        Args:
            source: The network.
            path: The file or folder to write.

        Raises:
            BundleError: The network cannot be written in this form.
        """

    @abstractmethod
    def open(self, source: Source, path: Path) -> Engine:
        """Open a network that was written in this form.

        Args:
            source: The network that it is a form of.
            path: The file or folder.
        """
