"""Draw what the layers of a run's network saw of an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from chestnut.errors import ExplanationError
from chestnut.names import make_name
from chestnut.runs.places import require_outside_runs

if TYPE_CHECKING:
    from chestnut.explain.layers.activations import Activations
    from chestnut.runs.folder import RunFolder


def draw_layers(
    run: RunFolder, image: str | Path, layers: int | Sequence[str] | None, member: int | None, to: str | Path | None
) -> tuple[Activations, Path]:
    """Draw what the layers of a run's network saw of an image, and return the picture too; see `Run.activations`."""
    from chestnut.data.decoding.decode import decode
    from chestnut.data.sources.image_list import ImageList
    from chestnut.explain.layers.activations import view_layers
    from chestnut.explain.layers.picture import draw_activations
    from chestnut.figures.saving import save
    from chestnut.inference.engine_choice import EngineSettings, open_engine
    from chestnut.inference.run_bundle import read_run_bundle

    if to is not None:
        require_outside_runs(Path(to), "the picture")
    files = list(ImageList.find([image]))
    if len(files) != 1:
        raise ExplanationError(f"{image} has {len(files):,} images; give one image")
    bundle = read_run_bundle(run)
    grey = decode(files[0], bundle.spec)
    found = view_layers(open_engine(bundle, EngineSettings("keras")), grey, layers, member)
    picture = Path(to) if to is not None else run.path / "activations" / f"{_name(files[0])}.png"
    save(draw_activations(found, f"What the layers of {run.name} saw"), picture, follow=to is not None)
    return found, picture


def _name(path: str) -> str:
    """Return a name for the picture of an image.

    >>> _name("/data/chest 1.jpeg"), _name("/data/set.npz#test/3")
    ('chest-1', 'set.npz-test-3')
    """
    file, mark, row = path.partition("#")
    return make_name(f"{PurePath(file).name}-{row}" if mark else PurePath(file).stem, "image")
