"""Lay out the mistakes of a network for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chestnut.explain.gallery import Gallery
from chestnut.mistakes.decisions import Decision
from chestnut.mistakes.files import Saved
from chestnut.mistakes.patterns import Pattern
from chestnut.mistakes.pictures import MOST_VIEWS
from chestnut.mistakes.views import Disagreement, View
from chestnut.report.identities import Identities
from chestnut.report.sections.cards import Card, Small, Strip, jpeg_address, make_card


@dataclass(frozen=True)
class GroupSection:
    """A group of mistakes.

    Attributes:
        sentence: What the group has in common.
        strip: Images at its centre.
    """

    sentence: str
    strip: Strip


@dataclass(frozen=True)
class PatternSection:
    """What the mistakes on the images of a class have in common.

    Attributes:
        pattern: What was found.
        groups: Its groups with pictures.
    """

    pattern: Pattern
    groups: tuple[GroupSection, ...]


@dataclass(frozen=True)
class PairSection:
    """Two images of a patient that were judged differently.

    Attributes:
        title: Whose images they are.
        strip: The two images.
    """

    title: str
    strip: Strip


@dataclass(frozen=True)
class MistakesSection:
    """The mistakes of a network as a page shows them.

    Attributes:
        confident: The cards of the most confident mistakes.
        narrow: The cards of the narrowest decisions.
        patterns: What the mistakes of each class have in common.
        pairs: The first patients whose views were judged differently.
    """

    confident: list[Card]
    narrow: list[Card]
    patterns: list[PatternSection]
    pairs: list[PairSection]


def lay_out_mistakes(saved: Saved, names: Identities) -> MistakesSection:
    """Return the mistakes of a network as a page shows them.

    Args:
        saved: What the folder of the mistakes contains.
        names: What to call images and patients.
    """
    found, pictures = saved.found, saved.pictures
    return MistakesSection(
        confident=_lay_out_cards(found.confident, pictures.confident, pictures.small, names),
        narrow=_lay_out_cards(found.narrow, pictures.narrow, pictures.small, names),
        patterns=[_lay_out_pattern(pattern, pictures.small, names) for pattern in found.patterns],
        pairs=[_lay_out_pair(pair, pictures.small, names) for pair in found.views.disagreements[:MOST_VIEWS]],
    )


def _lay_out_cards(
    decisions: Sequence[Decision], gallery: Gallery, small: Mapping[str, bytes], names: Identities
) -> list[Card]:
    images = {image.path: image for image in gallery.images}
    return [
        replace(
            make_card(images[one.path], gallery, names),
            notes=(one.note,) if one.note else (),
            strips=_lay_out_neighbours(one, small, names),
        )
        for one in decisions
        if one.path in images
    ]


def _lay_out_neighbours(one: Decision, small: Mapping[str, bytes], names: Identities) -> tuple[Strip, ...]:
    """Return the nearest training images, a strip for each class."""
    if one.neighbourhood is None:
        return ()
    near = one.neighbourhood.nearest
    return tuple(
        Strip(
            label,
            tuple(
                _small(each.path, each.patient, f"{each.distance:.2f}", f"Training image of {label}", small, names)
                for each in near
                if each.label == label
            ),
        )
        for label in dict.fromkeys(each.label for each in near)
    )


def _lay_out_pattern(pattern: Pattern, small: Mapping[str, bytes], names: Identities) -> PatternSection:
    groups = []
    for group in pattern.groups:
        title = f"{len(group.examples)} images at the centre of group {group.number}"
        examples = (_small(path, "", "", f"Mistake on {pattern.label}", small, names) for path in group.examples)
        shown = tuple(
            replace(one, caption=names.image(path)) for one, path in zip(examples, group.examples, strict=True)
        )
        groups.append(GroupSection(group.sentence, Strip(title, shown)))
    return PatternSection(pattern, tuple(groups))


def _lay_out_pair(pair: Disagreement, small: Mapping[str, bytes], names: Identities) -> PairSection:
    def show(view: View) -> Small:
        caption = f"{names.image(view.path, pair.patient)}: {view.decision}, {pair.label} {view.probability:.3f}"
        return _small(view.path, pair.patient, caption, f"True class {pair.label}", small, names)

    title = f"{names.patient(pair.patient)}: {pair.label}, wrong in {pair.wrong} of {pair.images} images"
    return PairSection(title, Strip(title, (show(pair.right_view), show(pair.wrong_view))))


def _small(path: str, patient: str, caption: str, what: str, small: Mapping[str, bytes], names: Identities) -> Small:
    address = jpeg_address(small[path]) if path in small else ""
    return Small(address, caption, f"{what}, {names.image(path, patient)}")
