"""Draw the images of a run as dots, near each other where its network finds them alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.files.folders import new_folder, replacement_folder
from chestnut.runs.places import require_outside_runs

if TYPE_CHECKING:
    from chestnut.data.manifest import Manifest
    from chestnut.explain.embedding.embedding import Embedding
    from chestnut.explain.embedding.projection import ProjectionMethod
    from chestnut.inference.bundle import Bundle
    from chestnut.runs.folder import RunFolder

#: The most attributes that colour dots unasked.
_MOST_COLUMNS = 8


def embed(
    run: RunFolder,
    split: str,
    method: ProjectionMethod,
    colours: Sequence[str],
    to: str | Path | None,
    seed: int,
    identities: bool,
    **options: Unpack[DisplayOptions],
) -> Embedding:
    """Place the images of a split in two dimensions, and write the folder; see `Run.embed`."""
    from chestnut.data.columns import read_columns
    from chestnut.evaluation.softmax import probabilities
    from chestnut.explain.embedding.embedding import embed_images
    from chestnut.explain.embedding.folder import write_embedding
    from chestnut.explain.embedding.layout import PAGE
    from chestnut.explain.embedding.projection import require_projection
    from chestnut.inference.engine_choice import open_engine
    from chestnut.inference.own_images import decode_unchanged
    from chestnut.inference.run_bundle import read_run_bundle
    from chestnut.limits import MOST_SEED, require_between
    from chestnut.report.pages.embedding import write_embedding_page

    how = read_options(DisplaySettings, options)
    require_projection(method)
    require_between(0, MOST_SEED, seed=seed)
    if to is not None:
        require_outside_runs(Path(to), "the embedding")
    bundle = read_run_bundle(run)
    chosen = run.manifest.only(split).originals()
    wanted, columns = choose_columns(chosen, colours)
    decoded = decode_unchanged(chosen, bundle.spec, bars=how.shown.bar)
    engine, images = open_engine(bundle), decoded.manifest
    with how.shown.bar("Computing features") as tick:
        outputs = engine.features(decoded.pixels, images.paths, tick)
    shares = probabilities(outputs.logits, bundle.temperature)
    cells = read_columns(images, columns)
    found = embed_images(images, outputs.features, shares, bundle.threshold, cells, method, seed)
    if split == "test":
        _enter_look(run, how.command or "run.embed('test')", bundle, images)
    place = run.path / "embedding" / split if to is None else Path(to)
    facts = {"split": split, "weights": bundle.weights, "synthetic": images.synthetic}
    with replacement_folder(place) if to is None else new_folder(place) as draft:
        write_embedding(draft, found, decoded.pixels, facts, wanted)
        write_embedding_page(run, draft, draft / PAGE, identities=identities)
    return found


def choose_columns(manifest: Manifest, colours: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what the figure is to be coloured by, and the columns by which dots can be coloured.

    Args:
        manifest: The images.
        colours: What was asked for; empty for the usual.

    Raises:
        DataError: There is no such column.
    """
    from chestnut.data.columns import FILE_COLUMNS, find_columns, known_columns
    from chestnut.explain.embedding.embedding import CLASS, ERROR

    own = (CLASS, ERROR)
    given = (colours,) if isinstance(colours, str) else colours
    wanted = [name if name in own else find_columns(manifest, [name], "colour")[0] for name in given]
    usual = [name for name in known_columns(manifest) if name not in (*own, *FILE_COLUMNS)]
    usual.sort(key=lambda name: name != "source")
    columns = [*(name for name in wanted if name not in own), *usual[:_MOST_COLUMNS]]
    return list(dict.fromkeys(wanted)), list(dict.fromkeys(columns))


def _enter_look(run: RunFolder, command: str, bundle: Bundle, images: Manifest) -> None:
    from chestnut.inference.evaluate import enter_own_look

    enter_own_look(run, command, bundle.weights, len(images))
