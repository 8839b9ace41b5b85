"""Judge a run on its validation images after each has taken over how a training image was taken.

The lungs of all images are found once, on the images as they are. Images are changed and predicted a batch at a time.
The run's test split is never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.data.manifest import Manifest
from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats
from chestnut.inference.bundle import Bundle
from chestnut.inference.engine_choice import open_quickest
from chestnut.inference.engines.engine import Engine
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.limits import MOST_ROUNDS, MOST_SEED, require_between
from chestnut.lungfield.find import find_boxes
from chestnut.lungfield.lungs import Box
from chestnut.progress import Bars, silent
from chestnut.robustness.exchange.conditions import CONDITIONS, Condition, Sitter
from chestnut.robustness.exchange.donors import Donors
from chestnut.robustness.exchange.effects import Side, judge_exchange
from chestnut.robustness.exchange.exchange import Exchange, Pair
from chestnut.robustness.exchange.outcome import Outcome
from chestnut.robustness.scanner_styles import Grey
from chestnut.robustness.shift_effects import Decision
from chestnut.robustness.working_images import NetworkInputs, WorkingImages
from chestnut.runs.folder import RunFolder

#: The number of donors of each kind that every image takes over from, unless the caller says otherwise.
DRAWS = 3

_WORDS = {"train": "training", "val": "validation"}


def run_exchange(run: RunFolder, draws: int = DRAWS, seed: int = 0, bars: Bars = silent) -> Outcome:
    """Exchange how each validation image was taken with training images of another class and of its own.

    Args:
        run: A trained run.
        draws: The number of donors of each kind for every image, 1 or more.
        seed: The seed of the donors.
        bars: Shows the progress.

    Raises:
        DataError: A number is out of its range, images cannot be read or have changed, or lungs are found in too few.
        BundleError: The run's bundle is missing or was changed.
    """
    require_between(1, MOST_ROUNDS, " donors of each kind", draws=draws)
    require_between(0, MOST_SEED, seed=seed)
    bundle = read_run_bundle(run)
    working = WorkingImages.read(run, bundle.spec, bars)
    training, held = (_Gallery.of(working.part(split), split, bars) for split in ("train", "val"))
    manifest, donors = held.images.manifest, Donors(training.images.manifest.targets, seed)
    donors.check(bundle.classes, draws)
    _require_classes(manifest, bundle.classes)
    chosen = [donors.draw(row, int(target), draws) for row, target in enumerate(manifest.targets)]
    engine = open_quickest(bundle)
    judge = _Judge(engine, bundle, training, held, {"other": [o for o, _ in chosen], "same": [s for _, s in chosen]})
    inputs = held.images.inputs()
    with bars("Predicting plain images") as tick:
        plain = engine.probabilities(inputs, manifest.paths, bundle.temperature, tick)
    tables: dict[tuple[str, str, int], Floats] = {("plain", "", 0): plain}
    found: dict[str, dict[Side, list[Floats]]] = {}
    lost: dict[str, float | None] = {}
    for condition in CONDITIONS.values():
        found[condition.name], lost[condition.name] = judge.under(condition, draws, bars)
        for side, values in found[condition.name].items():
            tables |= {(condition.name, side, draw): one for draw, one in enumerate(values, 1)}
    decision = Decision(1 if bundle.positive is None else bundle.classes.index(bundle.positive), bundle.threshold)
    figures, effects = judge_exchange(plain, found, manifest.targets, manifest.patients, decision)
    exchange = Exchange(
        lungs_lost_share=_share_lost([inputs]),
        images=len(manifest),
        patients=int(manifest.frame["patient"].nunique()),
        left_out=held.left_out,
        donors=len(donors.targets),
        donors_left_out=training.left_out,
        classes=bundle.classes,
        positive=bundle.positive,
        threshold=bundle.threshold if bundle.positive is not None else None,
        draws=draws,
        seed=seed,
        weights=bundle.weights,
        plain=figures,
        conditions=tuple(
            Pair(name, CONDITIONS[name].summary, one.other, one.same, one.given_away, lost[name])
            for name, one in effects.items()
        ),
    )
    return Outcome(exchange, manifest, tables)


@dataclass(frozen=True, eq=False)
class _Gallery:
    """Images of one split whose lungs were found."""

    images: WorkingImages
    boxes: list[Box]
    left_out: int

    @classmethod
    def of(cls, images: WorkingImages, split: str, bars: Bars) -> _Gallery:
        """Find the lungs of a split's images and leave out those without.

        Raises:
            DataError: There is no image, or none is left.
        """
        if not len(images):
            raise DataError(
                f"the run has no {_WORDS[split]} images, and an exchange needs training and validation images"
            )
        with bars(f"Finding lungs in {_WORDS[split]} images") as tick:
            boxes = find_boxes(images.pixels, tick)
        rows = np.flatnonzero(~np.isnan(boxes[:, 0]))
        if not len(rows):
            raise DataError(
                f"lungs were found in none of the {len(images):,} {_WORDS[split]} images, and an exchange is between "
                "lungs; look at the images by chestnut show DATA --lungs"
            )
        return cls(images.take(rows), [Box(*box) for box in boxes[rows].tolist()], len(images) - len(rows))

    def sitter(self, row: int, image: Grey | None = None) -> Sitter:
        return Sitter(np.ascontiguousarray(self.images.pixels[row] if image is None else image), self.boxes[row])


@dataclass(frozen=True, eq=False)
class _Judge:
    """A network that judges images of one gallery after exchanges with another."""

    engine: Engine
    bundle: Bundle
    training: _Gallery
    held: _Gallery
    donors: dict[Side, list[npt.NDArray[np.int64]]]

    def under(self, condition: Condition, draws: int, bars: Bars) -> tuple[dict[Side, list[Floats]], float | None]:
        """Predict the images under a condition.

        Returns:
            For each side, one array of shape (n, classes) a draw; and the share of the images without lungs that are
            found after an exchange with another class.
        """
        found: dict[Side, list[Floats]] = {"other": [], "same": []}
        seen: dict[Side, list[NetworkInputs]] = {"other": [], "same": []}
        names, count = self.held.images.manifest.paths, len(self.held.images)
        with bars(f"Exchanging {condition.name}") as tick:
            for number, (side, draw) in enumerate((side, draw) for side in found for draw in range(draws)):

                def change(row: int, image: Grey, side: Side = side, draw: int = draw) -> Grey:
                    donor = self.training.sitter(int(self.donors[side][row][draw]))
                    return condition.change(self.held.sitter(row, image), donor)

                def advance(done: int, total: int, before: int = number * count) -> None:
                    tick(before + done, 2 * draws * count)

                inputs = self.held.images.inputs(change)
                seen[side].append(inputs)
                found[side].append(self.engine.probabilities(inputs, names, self.bundle.temperature, advance))
        return found, _share_lost(seen["other"])


def _share_lost(seen: Sequence[NetworkInputs]) -> float | None:
    """Return the share of images in which no lungs were found; None where none are needed."""
    found = [inputs.found for inputs in seen if inputs.found is not None]
    return float(1 - np.mean(found)) if found else None


def _require_classes(manifest: Manifest, classes: Sequence[str]) -> None:
    """Check that every class has validation images that take part."""
    counts = np.bincount(manifest.targets, minlength=len(classes))
    if absent := [name for name, count in zip(classes, counts, strict=True) if not count]:
        raise DataError(
            f"no validation image of {', '.join(absent)} has lungs that were found; an exchange needs every class"
        )
