"""`Control`: how much of what a network can tell about the classes lives outside the lungs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter

from chestnut.evaluation.comparison import Candidate, Pair, share_above_chance
from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.figures.notebook import picture_html
from chestnut.studies.comparison.arms import LUNGS, OUTSIDE, VIEWS, WHOLE
from chestnut.studies.comparison.leaderboard import Leaderboard, Row
from chestnut.studies.comparison.plan import ControlTerms
from chestnut.studies.comparison.ranking import Entry
from chestnut.studies.pooled_predictions import pool_predictions

#: The AUROC of answers that do not depend on the image.
_GUESSING = 0.5

#: A share that is 100 % when rounded, or more.
_NEARLY_ALL = 0.995


@dataclass(frozen=True)
class Arm:
    """One of the three networks. Figures are means over its runs, or None if none has finished.

    Attributes:
        name: The name of the variant, whose runs have the folders NAME-sSEED.
        sees: What the network sees, in words.
        runs: The number of finished runs.
        auroc: The AUROC on the validation images, with its 95 % interval; the mean over more than two classes.
        accuracy: The accuracy on the validation images, with its interval.
        failed: Why other runs failed, in one line each.
    """

    name: str
    sees: str
    runs: int
    auroc: Estimate | None = None
    accuracy: Estimate | None = None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Control:
    """The result of a control experiment.

    Attributes:
        recipe: The name of the recipe that the three networks share.
        sentence: How much of the AUROC lives outside the lungs, in words.
        share: The share of the AUROC above chance (0.5) of the network on whole images that the network reaches which
            sees everything but the lungs, with its 95 % interval; None if one of the two has no result.
        arms: The three networks: on whole images, on the lungs alone, and on everything but the lungs.
        pairs: The test of each network against every other.
        images: The number of validation images.
        patients: The number of their patients.
        left_out: The number of images that no network saw, because no lungs were found in them.
        resamples: 0; the result of an early version has the number of resamples behind its intervals and tests.
        sentences: What the tests say, in plain words.
        notes: What to know before believing it.
        path: The folder of the experiment; None for one that was not written.
    """

    recipe: str
    sentence: str
    share: Estimate | None
    arms: tuple[Arm, ...]
    pairs: tuple[Pair, ...]
    images: int
    patients: int
    left_out: int
    resamples: int
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    path: Path | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the result ready for JSON; the keys are the attributes other than `path`."""
        return {name: value for name, value in asdict(self).items() if name != "path"}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the result of which `to_dict` returned the values."""
        result: Self = TypeAdapter(cls).validate_python(dict(values))
        return result

    def _repr_html_(self) -> str:
        rows = [(arm.sees, arm.auroc, arm.accuracy) for arm in self.arms]
        failures = [f"{arm.name} failed with {failure}" for arm in self.arms for failure in arm.failed]
        table = html_table(
            rows,
            ("the network sees", "AUROC", "accuracy"),
            "Validation images, with 95 % intervals",
            (self.sentence, *self.sentences, *self.notes, *failures),
        )
        return table + picture_html(self.path and self.path / "figures" / "control.png", "AUROC of each network")


def make_control(terms: ControlTerms, entries: Sequence[Entry], board: Leaderboard) -> Control:
    """Read a control experiment from the leaderboard of its arms, and say what it shows.

    Args:
        terms: What the plan says of the experiment.
        entries: The arms, with their finished runs.
        board: The leaderboard, with a test for every pair of arms.
    """
    rows = {row.name: row for row in board.rows}
    arms = tuple(_make_arm(rows[name]) for name in VIEWS)
    share = _find_share({entry.name: entry for entry in entries})
    return Control(
        recipe=terms.recipe,
        sentence=describe_verdict({arm.name: arm for arm in arms}, share),
        share=share,
        arms=arms,
        pairs=tuple(pair for pair in board.pairs if {pair.better, pair.worse} <= VIEWS.keys()),
        images=board.images,
        patients=board.patients,
        left_out=terms.left_out,
        resamples=board.resamples,
        sentences=board.sentences,
        notes=board.notes,
    )


def describe_control(terms: ControlTerms) -> list[str]:
    """Return what a reader must know about a control experiment beside what holds for every comparison."""
    notes = []
    if terms.left_out:
        images = "1 image" if terms.left_out == 1 else f"{terms.left_out:,} images"
        notes.append(f"{images} in which no lungs were found took no part, in any of the three networks.")
    notes.append(
        "Blanked pixels leave an outline: the network outside the lungs still sees how large they are and where they "
        "lie, and so the view, the framing and the age. What it tells from that counts as outside."
    )
    return notes


def _make_arm(row: Row) -> Arm:
    return Arm(row.name, VIEWS[row.name].sees, row.runs, row.auroc, row.accuracy, row.failed)


def _find_share(entries: Mapping[str, Entry]) -> Estimate | None:
    groups = {name: list(entries[name].runs.values()) for name in (OUTSIDE, WHOLE)}
    if not all(groups.values()):
        return None
    pooled = pool_predictions(groups)
    part, whole = (Candidate(name, tuple(runs)) for name, runs in pooled.probabilities.items())
    return share_above_chance(pooled.targets, pooled.patients, part, whole)


def describe_verdict(arms: Mapping[str, Arm], share: Estimate | None) -> str:
    """Return the sentence: the three figures, and what they mean."""
    missing = [arm.sees for arm in arms.values() if arm.auroc is None]
    if missing or share is None:
        return f"The experiment is incomplete: no network that sees {' or '.join(missing)} has been trained."
    whole, lungs, outside = (arms[name].auroc for name in (WHOLE, LUNGS, OUTSIDE))
    figures = (
        f"A network that never sees the inside of the lungs reaches AUROC {outside}; one that sees whole images "
        f"{whole}; one that sees the lungs alone {lungs}"
    )
    if outside is not None and outside.low is not None and outside.low <= _GUESSING:
        return f"{figures}. So these patients show nothing outside the lungs that tells the classes apart."
    if share.value is None:
        return f"{figures}. Whole images are not above chance (0.5), so there is no AUROC to divide."
    if share.value >= _NEARLY_ALL:
        return (
            f"{figures}. So all of the AUROC above chance (0.5) can be had without the lungs: {_percent(share)} of it."
        )
    return f"{figures}. So {_percent(share)} of the AUROC above chance (0.5) can be had without the lungs."


def _percent(share: Estimate) -> str:
    """Write a share with its interval.

    >>> _percent(Estimate(0.952, 0.931, 0.968))
    '95 % (93–97 %)'
    """
    if share.value is None or share.low is None or share.high is None:
        return "an undefined share" if share.value is None else f"{100 * share.value:.0f} %"
    between = " to " if share.low < 0 else "–"
    low, high = (f"{100 * end:.0f}".replace("-", "−") for end in (share.low, share.high))
    return f"{100 * share.value:.0f} % ({low}{between}{high} %)"
