"""Export the network of a run in other formats, each of which is seen to give the same answers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from chestnut.errors import BundleError, DataError
from chestnut.export.add_onnx import add_onnx
from chestnut.export.conversion import OPSET
from chestnut.export.exported import Exported
from chestnut.export.format_names import require_formats
from chestnut.export.forms.form import Form, Source
from chestnut.export.forms.keras_file import H5, KerasFile
from chestnut.export.forms.onnx import Onnx
from chestnut.export.forms.onnx_int8 import MOST_IMAGES, OnnxInt8
from chestnut.export.forms.openvino import OpenVino
from chestnut.export.forms.tensorflow import LiteRT, SavedModel
from chestnut.export.int8_loss import Int8Loss, Limits
from chestnut.export.kept import FACTS
from chestnut.export.parity_check import comparison_images, largest_difference, require_parity
from chestnut.export.readme import write_readme
from chestnut.export.speed import Speed, measure_speeds
from chestnut.export.versions import versions
from chestnut.files.folders import replacement_folder
from chestnut.files.hashes import sha256
from chestnut.files.json_files import json_text
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.engines.onnx_engine import PART, OnnxEngine
from chestnut.inference.parity import TOLERANCE
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.timestamp import now

#: How many times as fast a network of 8 bits must be: less may be chance.
_LEAST_GAIN: Final = 1.05

_log = logging.getLogger(__name__)

#: The forms by name.
FORMS: Final[dict[str, Form]] = {
    form.name: form for form in (Onnx(), OnnxInt8(), OpenVino(), LiteRT(), SavedModel(), KerasFile(), H5())
}


def export_run(
    run: RunFolder,
    formats: Sequence[str],
    folder: Path | None = None,
    limits: Limits | None = None,
    *,
    bars: Bars = silent,
) -> tuple[Exported, ...]:
    """Export the network of a run.

    Each format gets a folder of its own, named after it, with the network, `export.json`, `bundle.json` and a
    README.md; an earlier export of that format is replaced. A run that an older chestnut made gets its `model.onnx`
    first.

    Args:
        run: A trained run.
        formats: Names from `FORMATS`, each once.
        folder: The folder that contains those of the formats; None for `export/` in the run.
        limits: The most that may be lost by 8 bits; None for the usual.
        bars: Shows the progress.

    Returns:
        What is known of each export, in the order of the formats.

    Raises:
        DataError: A format is unknown or named twice, a folder is taken by other files, or the images that 8 bits need
            cannot be read.
        MissingExtraError: A format needs a library that is not installed.
        BundleError: A network cannot be written in a format, answers otherwise, or loses more than is allowed; nothing
            is written of that format.
    """
    require_formats(formats)
    for name in formats:
        FORMS[name].check()
    places = {name: (folder or run.exports) / name for name in formats}
    for place in places.values():
        _require_own(place)
    source = open_source(run)
    images = comparison_images(run.manifest, source.bundle.spec)
    made = []
    for name, place in places.items():
        with bars(f"Exporting {name}") as tick:
            tick(0, 1)
            made.append(_export(FORMS[name], source, place, images, limits or Limits()))
            tick(1, 1)
        _log.info("%s is written", place)
    return tuple(made)


def _require_own(place: Path) -> None:
    """Check that a folder is free, or contains an export that may be replaced."""
    if place.is_dir() and any(place.iterdir()) and not (place / FACTS).is_file():
        raise DataError(f"{place} contains other files; name another folder")


def open_source(run: RunFolder) -> Source:
    """Open a run with its `model.onnx`, which is written where it is missing or was changed.

    Raises:
        BundleError: The bundle is missing or was changed, or the network cannot be written as ONNX.
    """
    bundle = read_run_bundle(run)
    network = KerasEngine.open(bundle)
    content = _read_onnx(bundle)
    if content is None:
        add_onnx(run, network)
        bundle = read_run_bundle(run)
        content = bundle.read_part(PART) or b""
    plain = OnnxEngine.load(content, bundle, str(bundle.folder / PART))
    return Source(run, bundle, network, content, plain)


def _read_onnx(bundle: Bundle) -> bytes | None:
    try:
        return bundle.read_part(PART)
    except BundleError as error:
        _log.warning("%s; it is written again", error)
        return None


def _export(form: Form, source: Source, place: Path, images: npt.NDArray[np.uint8], limits: Limits) -> Exported:
    """Write one format, check it, and put it in its place."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacement_folder(place) as draft:
        form.write(source, draft / form.file)
        engine = form.open(source, draft / form.file)
        difference = largest_difference(source.network, engine, images, source.bundle.temperature)
        if form.exact:
            require_parity(difference, TOLERANCE, form.title, source.run)
        loss = None if form.exact else _require_small_loss(source, engine, limits)
        timed: dict[str, Engine] = {"keras": source.network, "form": engine}
        speeds = measure_speeds(timed if form.exact else timed | {"plain": source.plain}, images)
        if not form.exact:
            _require_faster(speeds["form"], speeds["plain"])
        files = {one.relative_to(draft).as_posix(): one for one in sorted(draft.rglob("*")) if one.is_file()}
        exported = Exported(
            format=form.name,
            folder=place,
            files={name: one.stat().st_size for name, one in files.items()},
            hashes={name: sha256(one) for name, one in files.items()},
            images=len(images),
            difference=difference,
            speed=speeds["form"],
            keras=speeds["keras"],
            versions=versions(form.name),
            opset=OPSET if isinstance(form, Onnx) else None,
            int8=loss,
        )
        _describe(form, source, exported, draft)
    return exported


def _require_small_loss(source: Source, engine: Engine, limits: Limits) -> Int8Loss:
    """Return what a network of 8 bits loses, if it is no more than is allowed."""
    trained = min(MOST_IMAGES, len(source.run.manifest.only("train")))
    loss = Int8Loss.measure(source, engine, trained)
    loss.require(limits)
    return loss


def _require_faster(speed: Speed, plain: Speed) -> None:
    """Check that a network of 8 bits is faster than the network itself, whose accuracy would be lost for nothing.

    Raises:
        BundleError: It is not, neither one image at a time nor many at a time.
    """
    ratio = speed.over(plain)
    if max(ratio) < _LEAST_GAIN:
        raise BundleError(
            f"the network in 8 bits is not written: on this computer it is {ratio.one:.2f} times as fast as "
            f"model.onnx one image at a time, and {ratio.many:.2f} times 32 at a time; give format=onnx"
        )


def _describe(form: Form, source: Source, exported: Exported, draft: Path) -> None:
    """Write, beside the network, what is known of it and how it is used."""
    bundle = source.bundle
    facts = {
        **exported.to_dict(),
        "run": source.run.name,
        "bundle": bundle.identity,
        "weights": bundle.weights,
        "takes": {"type": "uint8", "shape": ["n", bundle.spec.height, bundle.spec.width]}
        if form.grey
        else {"type": "float32", "shape": ["n", *bundle.spec.shape]},
        "written": now(),
    }
    logits = source.network.network.output_shape[-1]
    for name, text in (
        (FACTS, json_text(facts)),
        ("bundle.json", json_text(bundle.to_dict())),
        ("README.md", write_readme(source.run.name, form, exported, bundle, logits)),
    ):
        (draft / name).write_text(text, encoding="utf-8")
