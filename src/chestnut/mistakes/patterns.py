"""Find what the mistakes on the images of a class have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chestnut.evaluation.arrays import Ints
from chestnut.mistakes import clusters
from chestnut.mistakes.clusters import Clustering, cluster
from chestnut.mistakes.contrasts import FEWEST_PATIENTS, Contrast, contrast, correct
from chestnut.mistakes.feature_space import Points
from chestnut.mistakes.image_facts import ImageFacts

#: The most facts in a sentence, and the most images that stand for a group.
_NAMED, _EXAMPLES = 3, 5


@dataclass(frozen=True)
class Group:
    """Mistakes on the images of one class that look alike to the network.

    Attributes:
        number: The number of the group, from 1, the largest first.
        images: The number of its images.
        patients: The number of their patients.
        examples: The images nearest to its centre, at most five.
        contrasts: The facts that tell it from the other mistakes on the class by more than chance.
    """

    number: int
    images: int
    patients: int
    examples: tuple[str, ...]
    contrasts: tuple[Contrast, ...]

    @property
    def sentence(self) -> str:
        """What the group has in common."""
        told = "; ".join(one.describe() for one in self.contrasts[:_NAMED])
        told = f"compared with the other mistakes, {told}" if told else "no fact tells it from the other mistakes"
        return f"Group {self.number}, {self.images:,} images of {self.patients:,} patients: {told}."


@dataclass(frozen=True)
class Pattern:
    """What the mistakes on the images of a class have in common.

    Attributes:
        label: The class.
        mistakes: The number of mistakes that were looked at.
        patients: The number of their patients.
        right: The number of right decisions that they were compared with.
        right_patients: The number of their patients.
        tested: The number of facts that were compared.
        contrasts: The facts that differ by more than chance, the strongest first.
        groups: The groups of mistakes that look alike to the network.
        silhouette: The mean silhouette of the grouping that was tried; None where there are too few mistakes.
        chance: The largest mean silhouette of points without groups; None as before.
    """

    label: str
    mistakes: int
    patients: int
    right: int
    right_patients: int
    tested: int
    contrasts: tuple[Contrast, ...]
    groups: tuple[Group, ...]
    silhouette: float | None
    chance: float | None

    @property
    def headline(self) -> str:
        """What was found, in a short sentence without figures."""
        grouped = f"; they form {len(self.groups)} groups" if self.groups else ""
        if min(self.patients, self.right_patients) < FEWEST_PATIENTS:
            few = "mistakes" if self.patients < FEWEST_PATIENTS else "right decisions"
            return f"{self.label}: too few {few} to say what mistakes have in common{grouped}."
        if not self.contrasts:
            return (
                f"{self.label}: nothing that was measured tells the {self.mistakes:,} mistakes from right decisions by "
                f"more than chance{grouped}."
            )
        named = ", ".join(one.brief for one in self.contrasts[:_NAMED])
        more = f" and {len(self.contrasts) - _NAMED} more" if len(self.contrasts) > _NAMED else ""
        return f"{self.label}: mistakes differ from right decisions in {named}{more}{grouped}."

    @property
    def overview(self) -> tuple[str, ...]:
        """What was found, in sentences, without those on each group."""
        few = min(self.patients, self.right_patients) < FEWEST_PATIENTS and self.silhouette is None
        return (self._describe_facts(),) if few else (self._describe_facts(), self._describe_groups())

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in sentences."""
        return (*self.overview, *(f"{self.label}: {group.sentence}" for group in self.groups))

    def _describe_facts(self) -> str:
        if min(self.patients, self.right_patients) < FEWEST_PATIENTS:
            return (
                f"{self.label}: {_count(self.mistakes, 'mistake')} of {_count(self.patients, 'patient')} and "
                f"{_count(self.right, 'right decision')} of {self.right_patients:,} are too few to compare; each side "
                f"needs {FEWEST_PATIENTS} patients."
            )
        sides = f"the {self.mistakes:,} mistakes from the {self.right:,} right decisions"
        if not self.contrasts:
            return f"{self.label}: none of {self.tested} facts tells {sides} by more than chance."
        named = "; ".join(one.describe() for one in self.contrasts[:_NAMED])
        return (
            f"{self.label}: {len(self.contrasts)} of {self.tested} facts tell {sides} by more than chance. In the "
            f"mistakes, {named}."
        )

    def _describe_groups(self) -> str:
        if self.silhouette is None or self.chance is None:
            return (
                f"{self.label}: too few mistakes to look for groups among them; {clusters.FEWEST_MISTAKES} of "
                f"{clusters.FEWEST_PATIENTS} patients are needed."
            )
        if self.silhouette <= -1:
            return f"{self.label}: no two groups of {clusters.LEAST_PATIENTS} patients were found among the mistakes."
        number = f"{len(self.groups)} groups" if self.groups else "no groups"
        return (
            f"{self.label}: the mistakes form {number} in the network's features (mean silhouette "
            f"{self.silhouette:.2f}; points without groups reach {self.chance:.2f})."
        )


@dataclass(frozen=True, eq=False)
class Sides:
    """The mistakes and the right decisions on the images of a class, by their places among the images that were seen.

    Attributes:
        label: The class.
        wrong: The places of the mistakes, the most confident first.
        right: The places of the right decisions.
    """

    label: str
    wrong: Ints
    right: Ints


def find_patterns(
    sides: list[Sides], facts: ImageFacts, points: dict[int, Points], paths: list[str], owners: Ints
) -> tuple[tuple[Pattern, ...], dict[int, int]]:
    """Find what the mistakes on each class have in common.

    Args:
        sides: The mistakes and right decisions of each class.
        facts: The facts of all images.
        points: The standardised features of images by their places; those that have none are not grouped.
        paths: The image references.
        owners: Each image's patient number, shape (n,).

    Returns:
        A pattern for each class, and the number of the group by the place of each image that is in one.
    """
    compared = correct([contrast(facts, one.wrong, one.right, owners) for one in sides])
    found: list[Pattern] = []
    numbers: dict[int, int] = {}
    for one, contrasts in zip(sides, compared, strict=True):
        grouped = np.array([place for place in one.wrong.tolist() if place in points], dtype=np.int64)
        grouped = grouped[: clusters.MOST_GROUPED]
        values = np.stack([points[place] for place in grouped.tolist()]) if len(grouped) else np.zeros((0, 1))
        clustering = cluster(values.astype(np.float32), owners[grouped])
        groups = _describe_clusters(clustering, grouped, facts, paths, owners)
        numbers |= {place: code + 1 for place, code in zip(grouped.tolist(), clustering.codes.tolist(), strict=True)}
        found.append(
            Pattern(
                label=one.label,
                mistakes=len(one.wrong),
                patients=len(np.unique(owners[one.wrong])),
                right=len(one.right),
                right_patients=len(np.unique(owners[one.right])),
                tested=len(contrasts),
                contrasts=tuple(each for each in contrasts if each.stands_out),
                groups=groups,
                silhouette=clustering.silhouette,
                chance=clustering.chance,
            )
        )
    return tuple(found), {place: number for place, number in numbers.items() if number}


def _describe_clusters(
    found: Clustering, places: Ints, facts: ImageFacts, paths: list[str], owners: Ints
) -> tuple[Group, ...]:
    """Describe each group by the facts that tell it from the other mistakes."""
    groups, contrasts = [], []
    for number, members in enumerate(found.centres, 1):
        own, others = places[members], np.delete(places, members)
        examples = tuple(paths[place] for place in own[:_EXAMPLES].tolist())
        groups.append(Group(number, len(own), len(np.unique(owners[own])), examples, ()))
        contrasts.append(contrast(facts, own, others, owners) if len(others) else [])
    kept = [tuple(one for one in each if one.stands_out) for each in correct(contrasts)]
    return tuple(replace(group, contrasts=each) for group, each in zip(groups, kept, strict=True))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
