"""Look for what the mistakes of an evaluation have in common, and which training images are like them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Ints
from chestnut.evaluation.patients import number_patients
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine
from chestnut.mistakes.evaluated import Evaluated
from chestnut.mistakes.feature_space import (
    FeatureSpace,
    Points,
    compute_features,
    read_training_features,
)
from chestnut.mistakes.image_facts import gather_facts
from chestnut.mistakes.neighbours import Neighbourhood, find_neighbourhood
from chestnut.mistakes.patterns import Pattern, Sides, find_patterns
from chestnut.mistakes.ranking import MOST_NARROW, rank_mistakes, rank_narrow
from chestnut.mistakes.seen import Seen, see_images
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder

#: The most mistakes of which features are computed: the most confident.
MOST_LOOKED_AT = 2000


@dataclass(frozen=True)
class Insight:
    """What the pixels of an evaluation tell about its mistakes.

    Attributes:
        neighbourhoods: The training images near an image, by its row.
        patterns: What the mistakes on each class have in common.
        groups: The number of the group of a mistake, by its row.
        notes: What is missing, in sentences.
    """

    neighbourhoods: dict[int, Neighbourhood] = field(default_factory=dict)
    patterns: tuple[Pattern, ...] = ()
    groups: dict[int, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def look_into(run: RunFolder, bundle: Bundle, engine: Engine, evaluated: Evaluated, bars: Bars = silent) -> Insight:
    """Look for what the mistakes of an evaluation have in common, and which training images are like them.

    Args:
        run: The run.
        bundle: Its bundle.
        engine: Its network.
        evaluated: The evaluation.
        bars: Shows the progress.

    Raises:
        DataError: Images of the run have changed since it was trained.
    """
    seen = see_images(run, bundle, evaluated, bars)
    if seen is None:
        return Insight(notes=("None of the images is there any more, so they are not shown or compared.",))
    gone = len(evaluated.targets) - len(seen.rows)
    notes = [f"{gone:,} images cannot be read any more, and are left out of what rests on pixels."] if gone else []
    try:
        space = read_training_features(run, bundle, engine, bars)
        if space is None:
            notes.append("The run has no training images of its own, so the nearest ones are not shown.")
    except DataError as error:
        space = None
        notes.append(f"The nearest training images are not shown: {error}.")
    wanted = np.unique([*rank_mistakes(evaluated)[:MOST_LOOKED_AT], *rank_narrow(evaluated)[:MOST_NARROW]])
    rows, places = seen.places(wanted.astype(np.int64))
    if not len(rows):
        return Insight(notes=tuple(notes))
    features = compute_features(engine, seen.pixels, seen.manifest.paths, places, bars)
    near = {} if space is None else dict(_find_neighbours(space, evaluated, seen, rows, places, features))
    patterns, groups = _find_patterns(evaluated, seen, space, places, features, bars)
    return Insight(near, patterns, groups, tuple(notes))


def _find_neighbours(
    space: FeatureSpace, evaluated: Evaluated, seen: Seen, rows: Ints, places: Ints, features: Points
) -> Iterator[tuple[int, Neighbourhood]]:
    names = evaluated.table.classes
    likeliest = np.argsort(-evaluated.table.probabilities, axis=1, kind="stable")
    hashes = seen.manifest.frame["sha256"].tolist()
    for row, place, point in zip(rows.tolist(), places.tolist(), features, strict=True):
        asked = (evaluated.targets[row], evaluated.decisions[row], *likeliest[row])
        classes = names if len(names) == 2 else tuple(names[number] for number in dict.fromkeys(asked))[:2]
        patient = str(evaluated.table.frame["patient"].iloc[row])
        yield row, find_neighbourhood(space, point, patient, hashes[place], classes)


def _find_patterns(
    evaluated: Evaluated, seen: Seen, space: FeatureSpace | None, places: Ints, features: Points, bars: Bars
) -> tuple[tuple[Pattern, ...], dict[int, int]]:
    """Return the pattern of the mistakes of each class that has any, and the groups by row."""
    ranked = seen.places(rank_mistakes(evaluated))[1]
    if not len(ranked):
        return (), {}
    owners = number_patients(seen.manifest.patients)[0]
    targets, wrong = evaluated.targets[seen.rows], evaluated.wrong[seen.rows]
    sides = [
        Sides(
            evaluated.table.classes[number],
            ranked[targets[ranked] == number],
            np.flatnonzero(~wrong & (targets == number)),
        )
        for number in np.unique(targets[ranked]).tolist()
    ]
    scaled = (space or FeatureSpace.of(seen.manifest.take(places), features)).standardise(features)
    points = dict(zip(places.tolist(), scaled, strict=True))
    found, groups = find_patterns(sides, gather_facts(seen, owners, bars), points, seen.manifest.paths, owners)
    return found, {int(seen.rows[place]): number for place, number in groups.items()}
