"""`Terms`: what is not in a file of a network, and must be told: its classes, its size, its grey values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, get_args

from chestnut.config import InputSpec
from chestnut.config.imported import SCALES, Scale
from chestnut.config.inputs import Resample
from chestnut.data.manifest import order_classes
from chestnut.errors import DataError, listed
from chestnut.limits import require_between
from chestnut.models.foreign.file import ForeignFile
from chestnut.names import class_fault, quoted

Resize = Literal["stretch", "fit"]

RESIZES: Final[tuple[Resize, ...]] = get_args(Resize)
RESAMPLES: Final[tuple[Resample, ...]] = get_args(Resample)

_LEAST_SIDE, _MOST_SIDE = 16, 2048

_WHICH_CLASSES: Final = (
    "the file does not say which output means which class: give classes in the order of the outputs, as in "
    "classes=NORMAL,PNEUMONIA; for one sigmoid, first what 0 means, then what 1 means. Programs that read a folder for "
    "each class (flow_from_directory, image_dataset_from_directory) take them in alphabetical order; class_indices or "
    "class_names shows it"
)
_WHICH_SCALE: Final = (
    "the file does not say which grey values its network was trained on: give scale=0-255 if the program passed pixels "
    "as they are, scale=0-1 if it divided them by 255 (rescale=1./255), or scale=-1-1 if it called preprocess_input of "
    "MobileNet, Inception or Xception"
)


@dataclass(frozen=True)
class Terms:
    """What is known of a network beside its file.

    Attributes:
        classes: The class names in the order of its outputs; for one sigmoid, what 0 means and what 1 means.
        scale: The grey values that it was trained on.
        size: The height and width of its input in pixels; None if the file says so.
        positive: The positive class of two; None to go by the names.
        resize: How its program brought images to that size.
        channels: The channels of its input; None if the file says so.
        resample: How its program resized pixels.
    """

    classes: tuple[str, ...]
    scale: Scale
    size: tuple[int, int] | None = None
    positive: str | None = None
    resize: Resize = "stretch"
    channels: int | None = None
    resample: Resample = "area"

    @classmethod
    def check(cls, classes: Sequence[str] | None, scale: str | None, **others: Any) -> Self:
        """Check what a caller gave.

        Args:
            classes: The classes; None if the caller gave none.
            scale: The grey values; None if the caller gave none.
            **others: The other attributes.

        Raises:
            DataError: Something is missing or not possible.
        """
        if not classes:
            raise DataError(_WHICH_CLASSES)
        _check_classes(tuple(classes), others.get("positive"))
        if scale is None:
            raise DataError(_WHICH_SCALE)
        given = cls(tuple(classes), scale, **others)  # type: ignore[arg-type]  # it is checked below
        _require_one_of(scale, scale=tuple(SCALES))
        _require_one_of(given.resize, resize=RESIZES)
        _require_one_of(given.resample, resample=RESAMPLES)
        if given.channels not in (None, 1, 3):
            raise DataError(f"channels={given.channels}: give 1 for grey, or 3 for the grey value three times")
        for side in given.size or ():
            require_between(_LEAST_SIDE, _MOST_SIDE, " pixels for a side", size=side)
        return given

    @property
    def ordered(self) -> tuple[str, ...]:
        """The classes in the order of the bundle: of two, the positive one is last."""
        return order_classes(self.classes, self.positive)[0]

    @property
    def order(self) -> tuple[int, ...]:
        """The number of the network's class for each class of the bundle."""
        return tuple(self.classes.index(name) for name in self.ordered)

    def find_spec(self, file: ForeignFile) -> InputSpec:
        """Return the input of the network, by what the file and the caller say.

        Raises:
            DataError: They say different things, or neither says it.
        """
        shape = file.graph.shape or (None, None, None)
        if len(shape) != 3:
            raise DataError(f"{file.path} takes inputs of {len(shape)} dimensions, not images")
        height, width = (self._side(file, place, shape[place]) for place in (0, 1))
        for side in (height, width):
            if not _LEAST_SIDE <= side <= _MOST_SIDE:
                raise DataError(
                    f"{file.path} takes images of {height}×{width}; sides of {_LEAST_SIDE} to {_MOST_SIDE:,} pixels "
                    "are possible"
                )
        channels = self.channels if shape[2] is None else shape[2]
        if channels is None:
            raise DataError(f"{file.path} does not say how many channels it takes; give channels=1 or channels=3")
        if self.channels not in (None, channels):
            raise DataError(f"channels={self.channels}: {file.path} takes {channels}; leave it out")
        if channels not in (1, 3):
            raise DataError(f"{file.path} takes images of {channels} channels; 1 and 3 are possible")
        how = {"channels": channels, "resize": self.resize, "resample": self.resample}
        return InputSpec.model_validate({"height": height, "width": width, **how})

    def _side(self, file: ForeignFile, place: int, stored: int | None) -> int:
        given = None if self.size is None else self.size[place]
        if stored is None and given is None:
            raise DataError(f"{file.path} does not say which size it takes; give it, as in size=256 or size=256x192")
        if stored is not None and given is not None and stored != given:
            raise DataError(
                f"size={given}: {file.path} takes a {('height', 'width')[place]} of {stored} pixels; leave size out"
            )
        return stored if stored is not None else given or 0


def parse_size(text: str) -> tuple[int, int]:
    """Read a size such as `256`, or `256x192` for a height of 256 and a width of 192.

    Raises:
        DataError: It is not a size.

    >>> parse_size("256"), parse_size("256x192")
    ((256, 256), (256, 192))
    """
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdecimal() and len(side) < 10 for side in sides):
        raise DataError(
            f"size={text}: give the side in pixels, as in size=256, or height and width, as in size=256x192"
        )
    return int(sides[0]), int(sides[-1])


def _require_one_of(value: str, **known: Sequence[str]) -> None:
    """Check that a value is one of those that are known, which are given by the name of its argument."""
    for name, allowed in known.items():
        if value not in allowed:
            raise DataError(f"{name}={value}: give one of {', '.join(allowed)}")


def _check_classes(classes: tuple[str, ...], positive: str | None) -> None:
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise DataError(f"classes={','.join(classes)}: give two or more names, each once, in the order of the outputs")
    for name in classes:
        if fault := class_fault(name):
            raise DataError(f"the class {quoted(name)} cannot be used: {fault}; rename it")
    if positive is None:
        return
    if positive not in classes:
        raise DataError(f"positive={positive}: it is none of the classes {listed(classes)}; give one of them")
    if len(classes) > 2:
        raise DataError(f"positive={positive}: only one of two classes is positive, and there are {len(classes)}")
