"""Identify the patient of each image: from a column or DICOM header, or else from the file name by a known rule.

Each file name is matched individually, since a data set may mix collections. The rules are strict; no name matches two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from chestnut.data.formats import DICOM_SUFFIXES, PICTURE_SUFFIXES
from chestnut.data.sources.record import Image
from chestnut.data.sources.scan import suffix
from chestnut.errors import DataError, listed
from chestnut.names import quoted

#: Rules by name. A pattern matches a whole file name without its suffix; its group `patient` is the identity.
RULES: dict[str, re.Pattern[str]] = {
    # person23_bacteria_78, person447_virus_921_1; IM-0115-0001, IM-0640-0001-0002, NORMAL2-IM-0381-0001
    "Kermany": re.compile(
        r"(?P<patient>person\d+)_(?P<kind>bacteria|virus)_\d+(_\d+)?|(?P<normal>(NORMAL2-)?IM-\d+)-\d+(-\d+)?"
    ),
    # BACTERIA-1008087-0001: "(disease)-(randomized patient ID)-(image number by this patient)", Mendeley rscbjbr9sj
    "Kermany version 3": re.compile(r"(NORMAL|BACTERIA|VIRUS)-(?P<patient>\d+)-\d{4}"),
    "NIH": re.compile(r"(?P<patient>\d{8})_\d{3}"),
    "phantom": re.compile(r"(?P<patient>phantom-\d+)_\d+"),
}


class _Identity(NamedTuple):
    """A patient's identity, and the numbering (`space`) within which it is unique."""

    space: str
    patient: str


def identify(images: Sequence[Image], regex: str | None = None) -> tuple[list[str], tuple[str, ...]]:
    """Identify the patient of every image.

    Args:
        images: All images of a data set.
        regex: A regular expression, searched in the file name and then in the name below the data set. Its group
            `patient`, or else its first group, is the patient and replaces what else is known.

    Returns:
        The patient of each image, and sentences that say how patients were identified. Equal identities from different
        numberings get the numbering as a prefix; an image that no rule matches is a patient by itself.

    Raises:
        DataError: `regex` is not valid, has no group, or does not match some images.
    """
    if regex is not None:
        found = [_Identity("pattern", patient) for patient in search_names(images, regex, "patient")]
    else:
        found = [_Identity(image.origin, image.patient) if image.patient else _match_rules(image) for image in images]
        found = _separate_kermany_patients(images, found)
    spaces: dict[str, set[str]] = defaultdict(set)
    for identity in found:
        spaces[identity.patient].add(identity.space)
    patients = [f"{_prefix(space)}:{patient}" if len(spaces[patient]) > 1 else patient for space, patient in found]
    return patients, tuple(_notes(images, found, patients))


def _match_rules(image: Image) -> _Identity:
    name = image.name.rpartition("/")[2]
    if suffix(name) in PICTURE_SUFFIXES | DICOM_SUFFIXES:
        name = name[: -len(suffix(name))]
    for rule, pattern in RULES.items():
        fit = pattern.fullmatch(name)
        if fit:
            return _Identity(rule, fit["patient"] or fit["normal"])
    return _Identity("", image.name)


def _separate_kermany_patients(images: Sequence[Image], found: list[_Identity]) -> list[_Identity]:
    """Separate different patients of the Kermany set that have the same person number.

    Within a split, personN is one patient, with bacteria and virus images alike. Numbers start again in each split, so
    across splits personN is the same patient only if the kind agrees too. A patient is therefore a connected component
    of the pairs (split, personN), where an equal (personN, kind) joins two pairs. No two components share a kind.
    """
    kinds: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    kind_of: dict[int, str] = {}
    for row, (image, identity) in enumerate(zip(images, found, strict=True)):
        if identity.space == "Kermany" and identity.patient.startswith("person"):
            kind_of[row] = image.name.rpartition("/")[2].split("_")[1]
            kinds[identity.patient][image.split].add(kind_of[row])
    joined = {person: _components(list(by_split.values())) for person, by_split in kinds.items()}
    separated = list(found)
    for row, kind in kind_of.items():
        person = found[row].patient
        if len(joined[person]) > 1:
            mine = next(part for part in joined[person] if kind in part)
            separated[row] = found[row]._replace(patient=f"{person}_{'+'.join(sorted(mine))}")
    return separated


def _components(groups: list[set[str]]) -> list[set[str]]:
    """Merge sets that share a member.

    >>> [sorted(part) for part in _components([{"a"}, {"b"}, {"b", "c"}])]
    [['a'], ['b', 'c']]
    """
    parts: list[set[str]] = []
    for group in groups:
        united = group.union(*(part for part in parts if part & group))
        parts = [part for part in parts if not part & group] + [united]
    return parts


def search_names(images: Sequence[Image], regex: str, part: str) -> list[str]:
    """Return what a regular expression captures in the name of each image.

    Args:
        images: The images.
        regex: The expression, searched in the file name and then in the name below the data set. Its group named
            `part`, or else its first group, is the result.
        part: What the expression searches for, patient or source.

    Raises:
        DataError: `regex` is not valid, has no group, or does not match some images.
    """
    named = f"the {part} pattern {quoted(regex)}"
    try:
        pattern = re.compile(regex)
    except (re.error, OverflowError) as error:
        raise DataError(f"{named} is not a regular expression: {error}; correct it") from None
    except RecursionError:
        raise DataError(f"{named} is nested too deeply; write a simpler one") from None
    if not pattern.groups:
        raise DataError(f"{named} has no group; put the {part} in parentheses, as in '^(\\d+)_'")
    group = part if part in pattern.groupindex else 1
    found, lost = [], []
    for image in images:
        fit = pattern.search(image.name.rpartition("/")[2]) or pattern.search(image.name)
        found.append(fit[group] or "" if fit else "")
        if not found[-1]:
            lost.append(image.name)
    if lost:
        raise DataError(
            f"{named} does not match {len(lost):,} of {len(images):,} images: {listed(lost, 3)}; "
            f"widen it, or give a {part} column"
        )
    return found


def _notes(images: Sequence[Image], found: list[_Identity], patients: list[str]) -> list[str]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, identity in enumerate(found):
        rows[identity.space].append(row)
    every = sorted({image.label for image in images})
    notes = []
    for space, members in rows.items():
        count = len({patients[row] for row in members})
        labels = sorted({images[row].label for row in members})
        where = f" of {listed(labels)}" if labels != every else ""
        if space:
            notes.append(f"patients by {_describe_space(space)}: {count:,} patients in {len(members):,} images{where}")
        else:
            notes.append(
                f"patients are not known for {len(members):,} images{where}: each counts as a patient of its own, "
                "so a patient may be in two splits unnoticed; give a patient column or pattern if you can"
            )
    return notes


def _prefix(space: str) -> str:
    return space.rpartition("@")[2] or "image"


def _describe_space(space: str) -> str:
    if space in RULES:
        return f"the {space} file-name rule"
    kind, _, data_set = space.partition("@")
    words = {"column": "the patient column", "DICOM": "the DICOM PatientID"}.get(kind, f"the given {kind}")
    return f"{words} of {data_set}" if data_set else words
