"""Look at decoded images as a guard does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chestnut.config import InputSpec
from chestnut.data.cache.cache import Decoded, decode_all
from chestnut.data.decoding.headers import read_facts
from chestnut.data.decoding.viewed import view_spec
from chestnut.inference.guard.looks import Seen
from chestnut.progress import Bars, silent

#: The number of images that are in memory at once.
_BLOCK = 256


def stored_sizes(references: Sequence[str], threads: int | None = None) -> list[tuple[int, int]]:
    """Return the height and width of each image as it is stored, in pixels; 0 where they are not known."""
    facts = read_facts(references, threads)
    return list(zip(facts["height"].tolist(), facts["width"].tolist(), strict=True))


def seen_blocks(decoded: Decoded, spec: InputSpec, bars: Bars = silent) -> Iterator[list[Seen]]:
    """Yield decoded images as a guard sees them, block by block, in order.

    Args:
        decoded: The images as a network sees them.
        spec: The input of the network.
        bars: Shows the progress.

    Raises:
        DataError: An image cannot be read.
    """
    with bars("Decoding images") as tick:
        views = decode_all(decoded.manifest, view_spec(spec), progress=tick).pixels
    stored = stored_sizes(decoded.manifest.paths)
    for start in range(0, len(stored), _BLOCK):
        rows = slice(start, start + _BLOCK)
        yield [Seen(*parts) for parts in zip(views[rows], decoded.pixels[rows], stored[rows], strict=True)]
