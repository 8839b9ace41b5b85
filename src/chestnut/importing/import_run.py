"""Make a run folder of a network that was trained elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.config import ImportedConfig, InputSpec, Recipe
from chestnut.config.training import DataConfig, TrainConfig
from chestnut.data.manifest import Manifest
from chestnut.data.prepare import Prepared, prepare
from chestnut.data.split import split
from chestnut.errors import DataError, listed
from chestnut.explain.mistake_gallery import draw_mistakes
from chestnut.export.add_onnx import try_add_onnx
from chestnut.export.parity_check import IMAGES, synthetic_images
from chestnut.importing.convert import Converted, convert_file, memory_for
from chestnut.importing.reference import Known, verify
from chestnut.importing.request import Request
from chestnut.importing.terms import Terms
from chestnut.inference.engines.keras_engine import load_network
from chestnut.inference.finish import finish_bundle
from chestnut.inference.run_bundle import write_run_bundle
from chestnut.models.foreign.file import ForeignFile
from chestnut.names import make_name, quoted
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.places import require_free, take_folder
from chestnut.runs.record import Imported, RunRecord
from chestnut.runs.study_file import keep_study, read_study_beside
from chestnut.runs.timestamp import now
from chestnut.training.environment import environment


@dataclass(frozen=True)
class Setup:
    """How a network is imported, apart from its file and what is known of it.

    Attributes:
        folder: The folder of the run.
        numbered: Whether `free_folder` chose the folder.
        images: Labelled images that become the run's own; None for none.
        reference: A table of the original program's answers; None if there is none.
        skip_bad: Whether to leave out unreadable images instead of raising an error.
        command: The command line, for the record of the run.
        bars: The progress bars.
    """

    folder: Path
    numbered: bool = False
    images: Manifest | None = None
    reference: Path | None = None
    skip_bad: bool = False
    command: str = "chestnut.import_model"
    bars: Bars = silent


def import_run(path: Path, terms: Terms, setup: Setup) -> RunFolder:
    """Make a run folder of the network in a file.

    Args:
        path: A `.h5` or `.keras` file.
        terms: What is known of the network beside the file.
        setup: The folder of the run, and how it is made.

    Raises:
        TakenError: The folder exists already.
        ForeignFileError: The file is refused, or the network answers otherwise than it or its program.
        DataError: What was told does not fit the file, or images cannot be used.
    """
    if not setup.numbered:
        require_free(setup.folder)
    file = ForeignFile.read(path)
    spec = terms.find_spec(file)
    known = None if setup.reference is None else Known.read(setup.reference, terms)
    prepared = None if setup.images is None else _prepare(setup, setup.images, terms, spec)
    with tempfile.TemporaryDirectory(prefix="chestnut-import-") as scratch:
        compared = _images_to_compare(spec, prepared)
        with setup.bars("Opening the file in a process of its own"):
            converted = convert_file(_make_request(file, terms, spec), compared, Path(scratch))
        network = load_network(converted.network)
    verified = None if known is None else verify(known, network, spec, terms)
    imported = Imported(
        file=path.name,
        sha256=file.sha256,
        bytes=file.bytes,
        keras=file.keras,
        mended=list(file.mended),
        plain=converted.plain,
        images=converted.images,
        difference=converted.difference,
        verified=verified,
    )
    return _write(network, _make_recipe(file, terms, spec, converted), imported, prepared, terms, setup)


def _make_request(file: ForeignFile, terms: Terms, spec: InputSpec) -> Request:
    size, classes = memory_for(file.bytes), len(terms.classes)
    where = str(file.path.resolve())
    return Request(where, file.sha256, *spec.shape, terms.scale, classes, terms.order, size)


def _prepare(setup: Setup, images: Manifest, terms: Terms, spec: InputSpec) -> Prepared:
    """Split and decode the images that become the run's own; they must have the classes of the network."""
    if set(images.classes) != set(terms.classes):
        raise DataError(
            f"{images.root} has the classes {listed(map(quoted, images.classes))}, and the network "
            f"{listed(map(quoted, terms.classes))}; give images of just these"
        )
    positive = terms.ordered[-1] if len(terms.classes) == 2 else None
    fractions = DataConfig().fractions
    return prepare(
        images, [spec], lambda found: split(found, fractions, 0), positive=positive, skip_bad=setup.skip_bad,
        bars=setup.bars,
    )  # fmt: skip


def _images_to_compare(spec: InputSpec, prepared: Prepared | None) -> npt.NDArray[np.uint8]:
    """Return images by which a network is compared with that of its file: the run's own, or synthetic ones."""
    if prepared is not None:
        chosen = np.linspace(0, len(prepared.pixels) - 1, min(len(prepared.pixels), IMAGES)).round().astype(np.int64)
        return np.asarray(prepared.pixels[:][chosen])
    return synthetic_images(spec)


def _make_recipe(file: ForeignFile, terms: Terms, spec: InputSpec, converted: Converted) -> Recipe:
    name = make_name(file.path.stem, "imported")
    model: dict[str, Any] = {"file": file.path.name, "sha256": file.sha256, "scale": terms.scale}
    return Recipe(
        name=name,
        summary=f"imported from {file.path.name}, which Keras {file.keras} wrote",
        input=spec,
        model=ImportedConfig(
            **model, outputs=terms.classes, head="sigmoid" if converted.head == "sigmoid" else "softmax"
        ),
        data=DataConfig(positive=terms.ordered[-1] if len(terms.classes) == 2 else None),
        train=TrainConfig(calibrate="none"),
    )


def _make_notes(imported: Imported, terms: Terms, owned: bool) -> Sequence[str]:
    """Return what to know about the run."""
    notes = [
        f"the network was trained elsewhere, on images that are not known here; it was taken from {imported.file}",
        imported.trust,
        f"grey values are scaled to {terms.scale}, images are resized by {terms.resize} ({terms.resample}), and the "
        f"outputs mean {', '.join(terms.classes)}, as was told at the import; the file does not say it",
    ]
    if owned:
        notes.append(
            "whether the network was trained on some of these images is not known; if it was, its figures are too good"
        )
    return notes


def _write(
    network: Any, recipe: Recipe, imported: Imported, prepared: Prepared | None, terms: Terms, setup: Setup
) -> RunFolder:
    """Write the run folder, which appears complete or not at all."""
    positive = terms.ordered[-1] if len(terms.classes) == 2 else None
    notes = _make_notes(imported, terms, prepared is not None)
    if prepared is None:
        manifest = Manifest.without_images(Path(imported.file), terms.ordered, positive, notes)
    else:
        manifest = prepared.with_notes_on_bad().with_note(*notes)
    record: RunRecord = environment(setup.command).model_copy(update={"imported": imported})
    skipped = [] if prepared is None else [str(fault) for fault in prepared.bad]
    study = None if prepared is None else read_study_beside(manifest.root)

    def write(folder: Path) -> None:
        with RunFolder.create(folder, recipe, record, manifest.facts() | {"skipped": skipped}) as draft:
            draft.write(draft.manifest_file, manifest.to_csv(draft.path))
            keep_study(draft, study)
            write_run_bundle(draft, network, recipe, manifest)
            if prepared is not None:
                finish_bundle(draft, prepared, setup.bars)
            try_add_onnx(draft)
            if prepared is not None:
                draw_mistakes(draft, "val", setup.bars)
            draft.update(status="finished", ended=now(), parameters=int(network.count_params()))

    return RunFolder(take_folder(setup.folder, write, numbered=setup.numbered))
