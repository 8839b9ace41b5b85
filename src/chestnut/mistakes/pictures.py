"""`Pictures`: small pictures of mistakes and narrow decisions, and of the images that are shown beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chestnut.data.thumbnails import thumbnail
from chestnut.errors import ImageError
from chestnut.explain.gallery import Gallery, GalleryImage, make_gallery
from chestnut.explain.methods import Choice
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine
from chestnut.mistakes.decisions import Decision
from chestnut.mistakes.mistakes import Mistakes
from chestnut.progress import Bars

#: The most pixels of the longer side of a picture and of a small one, so that a page stays below 5 MB.
_SIDE, _SMALL = 256, 160

#: After so many seconds no further map of a mistake, or of a narrow decision, is begun, unless a method was asked for.
_SECONDS_CONFIDENT, _SECONDS_NARROW = 45.0, 20.0

#: The most patients whose views are shown side by side.
MOST_VIEWS = 12


@dataclass(frozen=True, eq=False)
class Pictures:
    """Small pictures for a page of mistakes.

    Attributes:
        confident: The most confident mistakes, with maps.
        narrow: The narrowest decisions, with maps.
        small: Other images as JPEG, by their paths; those that cannot be read are missing.
    """

    confident: Gallery
    narrow: Gallery
    small: dict[str, bytes]

    @property
    def note(self) -> str:
        """How many pictures have no map for lack of time, in a sentence; empty if all have one."""
        missing = self.confident.unmapped + self.narrow.unmapped
        count = len(self.confident.images) + len(self.narrow.images)
        if not missing:
            return ""
        return (
            f"{missing} of {count} pictures have no heat map, since this network needs too long for one; chestnut "
            "explain draws those of chosen images."
        )


def draw_pictures(found: Mistakes, bundle: Bundle, engine: Engine, method: Choice, bars: Bars) -> Pictures:
    """Draw the mistakes and the narrow decisions with maps, and the images that are shown beside them without.

    Args:
        found: The mistakes.
        bundle: The bundle of the network.
        engine: Its network, as the method needs it.
        method: How the maps are made.
        bars: Shows the progress.

    Raises:
        ExplanationError: The network does not allow the method.
    """

    def draw(name: str, decisions: Sequence[Decision], limit: float) -> Gallery:
        seconds = limit if method == "auto" else None
        rows = [GalleryImage(one.path, one.patient, one.label, one.decision, one.probabilities) for one in decisions]
        with bars(f"Drawing {name}") as tick:
            return make_gallery(bundle, engine, rows, method=method, side=_SIDE, seconds=seconds, tick=tick)

    confident = draw("mistakes", found.confident, _SECONDS_CONFIDENT)
    narrow = draw("narrow decisions", found.narrow, _SECONDS_NARROW)
    return Pictures(confident, narrow, _draw_small(list(dict.fromkeys(_list_small(found))), bars))


def _list_small(found: Mistakes) -> Iterable[str]:
    """Yield the images that are shown small: nearest training images, examples of groups, and views."""
    for one in (*found.confident, *found.narrow):
        if one.neighbourhood is not None:
            yield from (near.path for near in one.neighbourhood.nearest)
    for pattern in found.patterns:
        yield from (path for group in pattern.groups for path in group.examples)
    for pair in found.views.disagreements[:MOST_VIEWS]:
        yield from (pair.right_view.path, pair.wrong_view.path)


def _draw_small(paths: Sequence[str], bars: Bars) -> dict[str, bytes]:
    drawn = {}
    with bars("Drawing nearest images") as tick:
        for number, path in enumerate(paths, 1):
            try:
                drawn[path] = thumbnail(path, _SMALL)
            except ImageError:
                continue
            tick(number, len(paths))
    return drawn
