"""Another data set with a run's classes: its labels renamed, the classes the run does not know left out.

Called by `stress`.
"""

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
        texts: Each holds pairs with commas between them.

    Raises:
        DataError: A pair without `=`, or a class renamed twice.

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


def matched(other: Manifest, mapping: Mapping[str, str], bundle: Bundle) -> tuple[Manifest, tuple[str, ...]]:
    """The images of another data set that a run can be judged on, with the run's class names.

    Args:
        other: The data set; images of its test split are left alone.
        mapping: Its class names to the run's; equal names need no entry.
        bundle: The run's.

    Returns:
        The images, and sentences about those left out.

    Raises:
        DataError: A renaming from or to an unknown class, or not two classes left.
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
            "two match; rename them by --map THEIRS=OURS"
        )
    strange = other.frame.loc[~known_label, "label"].value_counts()
    notes = [f"left out {count:,} images of {label or 'no label'}" for label, count in strange.items()]
    if not kept.all():
        notes.append(f"left alone the {int((~kept).sum()):,} images of its test split")
    chosen = other.with_column("label", labels).take(np.flatnonzero(known_label & kept))
    return replace(chosen, classes=bundle.classes, positive=bundle.positive), tuple(notes)
