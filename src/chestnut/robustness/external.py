"""Match another data set to the classes of a run: rename its labels and leave unknown classes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, listed, suggest
from chestnut.inference.bundle import Bundle


def parse_mapping(texts: Sequence[str]) -> dict[str, str]:
    """Read class renamings such as `Pneumonia=PNEUMONIA,No_findings=NORMAL`.

    Args:
        texts: Texts of pairs THEIRS=OURS, separated by commas.

    Raises:
        DataError: A pair has no `=`, or a class is renamed twice.

    >>> parse_mapping(["a=A,b=B"])
    {'a': 'A', 'b': 'B'}
    """
    mapping: dict[str, str] = {}
    for pair in (pair for text in texts for pair in text.split(",")):
        theirs, equals, ours = (part.strip() for part in pair.partition("="))
        if not equals or not theirs or not ours:
            raise DataError(f"class renaming {pair!r}: write THEIRS=OURS, as in Pneumonia=PNEUMONIA")
        if theirs in mapping:
            raise DataError(f"class {theirs!r} is renamed twice; give each class of the data set once")
        mapping[theirs] = ours
    return mapping


def match_classes(other: Manifest, mapping: Mapping[str, str], bundle: Bundle) -> tuple[Manifest, tuple[str, ...]]:
    """Take the images of another data set that a run can be judged on, under the run's class names.

    Args:
        other: The data set; images of its test split are not used.
        mapping: The run's class name for each class name of the data set that differs.
        bundle: The run's bundle.

    Returns:
        The images, and notes on those left out.

    Raises:
        DataError: A class to rename, or its new name, is unknown, or fewer than two classes are left.
    """
    for names, known, whose in ((mapping, other.classes, other.root), (mapping.values(), bundle.classes, "the run")):
        for name in names:
            if name not in known:
                raise DataError(f"{whose} has no class {name!r} to rename; {suggest(name, known)}")
    labels = other.frame["label"].map(lambda label: mapping.get(label, label))
    known_label, kept = labels.isin(bundle.classes), other.frame["split"] != "test"
    present = sorted(set(labels[known_label & kept]))
    if len(present) < 2:
        raise DataError(
            f"{other.root} has classes {listed(other.classes)}, and the run knows {listed(bundle.classes)}: fewer than "
            "two match; say which of its classes are the run's own, as in THEIRS=OURS"
        )
    strange = other.frame.loc[~known_label, "label"].value_counts()
    notes = [f"left out {count:,} images of {label or 'no label'}" for label, count in strange.items()]
    if not kept.all():
        notes.append(f"left out the {int((~kept).sum()):,} images of its test split")
    chosen = other.with_column("label", labels).take(np.flatnonzero(known_label & kept))
    return replace(chosen, classes=bundle.classes, positive=bundle.positive), tuple(notes)
