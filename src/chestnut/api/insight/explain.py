"""Show where the network of a run looked in images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.errors import ExplanationError, suggest
from chestnut.files.folders import new_folder, replacement_folder
from chestnut.runs.places import require_outside_runs

if TYPE_CHECKING:
    from chestnut.explain.image_map import ImageMap
    from chestnut.explain.map_folder import MapFile
    from chestnut.explain.methods import Choice
    from chestnut.progress import Tick
    from chestnut.runs.folder import RunFolder


def explain(
    run: RunFolder,
    images: str | Path | Sequence[str | Path],
    to: str | Path | None,
    of: str | None,
    method: Choice,
    *,
    raw: bool = False,
    **options: Unpack[DisplayOptions],
) -> list[MapFile]:
    """Draw where the network of a run looked in images; see `Run.explain`."""
    from chestnut.data.sources.image_list import ImageList
    from chestnut.explain.image_map import map_images
    from chestnut.explain.map_folder import MAPS, write_maps
    from chestnut.explain.methods import CHOICES
    from chestnut.explain.opening import open_explainer
    from chestnut.inference.run_bundle import read_run_bundle

    how = read_options(DisplaySettings, options)
    if method not in CHOICES:
        raise ExplanationError(f"method={method!r} is unknown; {suggest(method, CHOICES)}")
    if to is not None:
        require_outside_runs(Path(to), "the maps")
    given = [images] if isinstance(images, str | Path) else images
    files, bundle = list(ImageList.find(given)), read_run_bundle(run)
    maps = map_images(bundle, open_explainer(bundle, method), files, of=of, method=method)
    folder = replacement_folder(run.path / MAPS) if to is None else new_folder(Path(to))
    with how.shown.bar("Explaining") as tick, folder as draft:
        return write_maps(_counted(maps, tick, len(files)), draft, raw=raw)


def _counted(maps: Iterator[ImageMap], tick: Tick, count: int) -> Iterator[ImageMap]:
    for done, one in enumerate(maps, 1):
        yield one
        tick(done, count)
