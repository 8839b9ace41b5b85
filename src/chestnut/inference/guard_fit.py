"""Fit a guard to the images of a run, and rehearse it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.data.decoding.viewed import view_spec
from chestnut.data.manifest import Manifest
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.inference.engines.engine import Engine
from chestnut.inference.guard.decoded import seen_blocks, stored_sizes
from chestnut.inference.guard.looks import Looks
from chestnut.inference.guard.reference import GuardReference, Sample
from chestnut.inference.guard.rehearsal import CHANGES, changed
from chestnut.inference.guard.summary import GuardSummary, Rehearsed
from chestnut.inference.own_images import decode_unchanged
from chestnut.progress import Bars, silent

#: The most training and validation images that are looked at, and the most patients of a rehearsal.
_MOST_IMAGES, _MOST_REHEARSED = 1000, 60

#: How much larger than the input images are kept for a rehearsal if the input shows a part of them, and the largest.
_LARGER, _MOST_SIDE = 2, 512


class Fitted(NamedTuple):
    """A guard that was fitted and rehearsed.

    Attributes:
        reference: What is usual.
        summary: How it was fitted, and what it notices.
        changed: How strange images looked after each change of the rehearsal, by its name.
    """

    reference: GuardReference
    summary: GuardSummary
    changed: dict[str, Floats]


def fit_guard(manifest: Manifest, engine: Engine, rate: float, bars: Bars = silent) -> Fitted:
    """Fit a guard to training and validation images, and rehearse it.

    Args:
        manifest: The images of a run; `find_obstacle` finds none.
        engine: The network.
        rate: The share of usual images that may be flagged.
        bars: Shows the progress.

    Raises:
        DataError: Images cannot be read or have changed.
    """
    train, val = (_choose(manifest, split, _MOST_IMAGES) for split in ("train", "val"))
    patients = len(set(val.patients))
    attainable = max(rate, 1 / (patients + 1))
    reference = GuardReference.fit(_sample(train, engine, bars), _sample(val, engine, bars), attainable)
    found = _rehearse(val, engine, reference, bars)
    rehearsal = tuple(
        Rehearsed(name, len(strange), share_estimate(strange > reference.cutoff, np.arange(len(strange))))
        for name, strange in found.items()
    )
    summary = GuardSummary(attainable, rate, patients, len(val), len(train), rehearsal)
    return Fitted(reference, summary, found)


def _choose(manifest: Manifest, split: str, most: int) -> Manifest:
    """Return the images of a split, or those of some patients drawn at random where there are many."""
    chosen = manifest.only(split).originals()
    names, owners = np.unique(chosen.patients, return_inverse=True)
    order = np.argsort(np.random.default_rng(0).permutation(len(names))[owners], kind="stable")
    return chosen.take(np.sort(order[:most]))


def _sample(manifest: Manifest, engine: Engine, bars: Bars) -> Sample:
    """Look at images, and compute their features."""
    decoded = decode_unchanged(manifest, engine.spec, bars=bars)
    with bars("Learning what is usual") as tick:
        features = engine.features(decoded.pixels, decoded.manifest.paths, tick).features
    looks = [Looks.measure(block, engine.spec) for block in seen_blocks(decoded, engine.spec, bars)]
    return Sample(Looks.joined(looks), features, manifest.targets, manifest.patients)


def _rehearse(manifest: Manifest, engine: Engine, reference: GuardReference, bars: Bars) -> dict[str, Floats]:
    """Change one image each of some validation patients on purpose; return how strange they look, by the change."""
    _, first = np.unique(manifest.patients, return_index=True)
    spread = np.linspace(0, len(first) - 1, min(len(first), _MOST_REHEARSED)).round().astype(np.int64)
    some = manifest.take(np.sort(first[spread]))
    views = decode_all(some, _rehearsal_spec(engine.spec)).pixels[:]
    whole = list(zip(views, stored_sizes(some.paths), strict=True))
    found = {}
    with bars("Rehearsing the guard") as tick:
        for done, (name, change) in enumerate(CHANGES.items(), start=1):
            images = [changed(view, stored, change, engine.spec) for view, stored in whole]
            features = engine.features(np.stack([seen.image for seen in images]), some.paths).features
            looks = Looks.measure(images, engine.spec)
            found[name] = reference.strangeness(looks, features).max(axis=1)
            tick(done, len(CHANGES))
    return found


def _rehearsal_spec(spec: InputSpec) -> InputSpec:
    """Return the size at which whole images are changed: larger than the input if that shows a part of them."""
    if not spec.needs_lungs:
        return view_spec(spec)
    factor = max(1.0, min(_LARGER, _MOST_SIDE / max(spec.height, spec.width)))
    size = {"height": round(factor * spec.height), "width": round(factor * spec.width)}
    return view_spec(spec).model_copy(update=size)
