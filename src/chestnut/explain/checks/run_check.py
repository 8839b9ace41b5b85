"""Check the maps of the network of a run on its validation images, or on another data set."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, ExplanationError, listed
from chestnut.evaluation.metrics import decide
from chestnut.explain.checks.choice import choose_images
from chestnut.explain.checks.estimates import mean_share
from chestnut.explain.checks.lesions import FOLDER
from chestnut.explain.checks.map_check import MapCheck
from chestnut.explain.checks.measure import Mapper, Measurement, Networks
from chestnut.explain.checks.method_check import Depth
from chestnut.explain.checks.read_subjects import read_subjects
from chestnut.explain.checks.subjects import Subjects
from chestnut.explain.explain import explain_images
from chestnut.explain.methods import METHODS, Method
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine
from chestnut.inference.own_images import decode_unchanged
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder

#: The images that are taken by default, and how many of them also go through networks with redrawn weights.
IMAGES, AGAIN = 60, 16

#: How much of the layers is redrawn, from the top.
SHARES: Mapping[Depth, float] = {"top": 0.0, "half": 0.5, "all": 1.0}

#: Opens a network for a method.
Opener = Callable[[Method], Engine]


@dataclass(frozen=True)
class Plan:
    """What is to be checked.

    Attributes:
        methods: The methods; none for all that the network allows.
        images: The most images, each of another patient, 2 or more.
        other: What to call the second run; empty without one.
        lesions: Whether to refuse images of which none has a mask of a lesion.
        seed: The seed of the choice of images, of the redrawing and of random orders.
    """

    methods: tuple[Method, ...] = ()
    images: int = IMAGES
    other: str = ""
    lesions: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Openers:
    """What opens the networks.

    Attributes:
        own: Opens the network of the run.
        redrawn: Opens a copy with redrawn weights, by how many.
        other: Opens the network of the second run; None without one.
        shuffled: Opens a network that was trained on shuffled labels; None without one.
    """

    own: Opener
    redrawn: Callable[[Depth], Engine]
    other: Opener | None = None
    shuffled: Opener | None = None


def check_run_maps(
    run: RunFolder, bundle: Bundle, data: Manifest | None, openers: Openers, plan: Plan, bars: Bars = silent
) -> MapCheck:
    """Check the maps of a run's network.

    Args:
        run: The run.
        bundle: Its bundle.
        data: Another data set; None for the validation images of the run.
        openers: What opens the networks.
        plan: What is to be checked.
        bars: Shows the progress.

    Raises:
        DataError: There are no images of its classes, or some cannot be read or have changed.
        ExplanationError: The network does not allow a method.
    """
    started = time.monotonic()
    own = data is None
    manifest = run.manifest.only("val") if data is None else _match_classes(data, bundle)
    chosen = manifest.take(choose_images(manifest, plan.images, plan.seed))
    if own:
        decode_unchanged(chosen, bundle.spec, bars=bars)
    subjects = read_subjects(chosen, bundle.spec, bars)
    without_lesions = "" if any(one is not None for one in subjects.lesions) else _describe_no_lesions()
    if plan.lesions and without_lesions:
        raise DataError(without_lesions)
    methods = plan.methods or allowed_methods(openers.own, bundle, subjects)
    networks = Networks(
        _mapper(openers.own, bundle),
        lambda images: openers.own("occlusion").probabilities(images, chosen.paths, bundle.temperature),
        _less_knowing(openers, bundle),
        None if openers.other is None else _mapper(openers.other, bundle),
    )
    again = min(AGAIN, len(subjects))
    measured = Measurement(subjects, networks, again, plan.seed, bars).measure(methods)
    return MapCheck(
        images=len(subjects),
        patients=len(np.unique(subjects.patients)),
        classes=bundle.classes,
        counts={name: int((subjects.targets == number).sum()) for number, name in enumerate(bundle.classes)},
        data=str(manifest.root),
        split="val" if own else "",
        without_lungs=sum(one is None for one in subjects.regions),
        lesions=without_lesions,
        redrawn_images=again,
        other=plan.other,
        seed=plan.seed,
        weights=bundle.weights,
        seconds=round(time.monotonic() - started, 1),
        methods=measured.methods,
        agreement=measured.agreement,
        right=mean_share(_decide(openers.own, bundle, subjects, chosen.paths), subjects.patients, hits=True),
    )


def _decide(opener: Opener, bundle: Bundle, subjects: Subjects, paths: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return whether the network decides each image correctly."""
    rows = opener("occlusion").probabilities(subjects.images, paths, bundle.temperature)
    return np.asarray(decide(rows, bundle.threshold) == subjects.targets)


def allowed_methods(opener: Opener, bundle: Bundle, subjects: Subjects) -> tuple[Method, ...]:
    """Return the methods that a network allows, by trying them on the first image."""
    allowed: list[Method] = []
    for method in METHODS:
        try:
            _mapper(opener, bundle)(method, subjects.images[:1], subjects.targets[:1])
        except ExplanationError:
            continue
        allowed.append(method)
    return tuple(allowed)


def _mapper(opener: Opener, bundle: Bundle) -> Mapper:
    def draw(method: Method, images: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
        of = [bundle.classes[number] for number in targets.tolist()]
        return [one.values for one in explain_images(opener(method), bundle.classes, images, of, method)]

    return draw


def _less_knowing(openers: Openers, bundle: Bundle) -> dict[Depth, Mapper]:
    """Return what makes the maps of networks that know less than that of the run."""
    found: dict[Depth, Mapper] = {depth: _redrawn_mapper(openers, depth, bundle) for depth in SHARES}
    return found if openers.shuffled is None else found | {"labels": _mapper(openers.shuffled, bundle)}


def _redrawn_mapper(openers: Openers, depth: Depth, bundle: Bundle) -> Mapper:
    """Return what makes the maps of a copy with redrawn weights, which is opened when the first is asked for."""
    opened: list[Engine] = []

    def open_copy(method: Method) -> Engine:
        if not opened:
            opened.append(openers.redrawn(depth))
        return opened[0]

    return _mapper(open_copy, bundle)


def _match_classes(data: Manifest, bundle: Bundle) -> Manifest:
    """Give a data set the classes of a run.

    Raises:
        DataError: It has others, or none.
    """
    strange = [name for name in data.classes if name not in bundle.classes]
    if strange or not data.classes:
        raise DataError(
            f"{data.root} has {f'classes {listed(data.classes)}' if data.classes else 'no classes'}, and the run knows "
            f"{listed(bundle.classes)}; maps are checked for the class of each image, so give images of these classes"
        )
    return replace(data.originals(), classes=bundle.classes, positive=bundle.positive)


def _describe_no_lesions() -> str:
    return f"No lesions to check against: none of these images has a mask {FOLDER}/NAME.png in the folder of the data."
