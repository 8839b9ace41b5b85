"""Read what an embedding says, for its page and for the report of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.embedding.layout import FACTS, FIGURE, PAGE
from chestnut.explain.embedding.separation import NEIGHBOURS, Separation
from chestnut.files.json_files import read_json
from chestnut.report.render import Picture, picture
from chestnut.runs.checked_files import SPLITS
from chestnut.runs.folder import RunFolder


class _Separation(BaseModel):
    """A separation as embedding.json has it."""

    model_config = ConfigDict(strict=True)

    column: str
    groups: int
    images: int
    purity: Estimate
    chance: float


class _Pictures(BaseModel):
    """What embedding.json says of the sheet of pictures."""

    model_config = ConfigDict(strict=True)

    count: int
    side: int
    columns: int


class EmbeddingFile(BaseModel):
    """The content of embedding.json.

    Attributes:
        split: The split of the images.
        images: The number of images.
        patients: The number of patients.
        method: How they were placed.
        seed: The seed.
        explained: The shares of the variance that the axes show; null for another method than pca.
        components: The principal components in which neighbours were sought.
        colours: The groups of each way to colour the dots.
        separations: How far the groups of the class and of each column are apart.
        within_class: How far those of each column are apart among images of one class.
        notes: What the separations say.
        pictures: What is in the sheet of pictures.
        weights: The SHA-256 of the network.
        synthetic: Whether the images were drawn by the phantom.
    """

    model_config = ConfigDict(strict=True)

    split: str
    images: int
    patients: int
    method: str
    seed: int
    explained: list[float] | None
    components: int
    colours: dict[str, list[str]]
    separations: list[_Separation]
    within_class: list[_Separation]
    notes: list[str]
    pictures: _Pictures
    weights: str
    synthetic: bool


@dataclass(frozen=True)
class SeparationRow:
    """A line of the table of what a network keeps apart.

    Attributes:
        whole: How far the groups are apart.
        within: How far they are apart among images of one class; None where that is not known.
    """

    whole: Separation
    within: Separation | None


@dataclass(frozen=True)
class EmbeddingSection:
    """An embedding of the images of a split.

    Attributes:
        split: The split.
        sentence: What the number for the classes says; empty where there is none.
        notes: What else the separations say.
        rows: How far the groups of the class and of each column are apart.
        drawing: The figure; None where it is missing.
        page: The page, as a path from the run's folder.
    """

    split: str
    sentence: str
    notes: tuple[str, ...]
    rows: tuple[SeparationRow, ...]
    drawing: Picture | None
    page: str


def read_embedding_section(run: RunFolder) -> EmbeddingSection | None:
    """Read the embedding of the validation images of a run, or else of another split; None where none was made.

    Raises:
        DataError: embedding.json is damaged.
    """
    for split in sorted(SPLITS, key=lambda name: name != "val"):
        folder = run.path / "embedding" / split
        if (folder / FACTS).is_file():
            held = read_facts(folder / FACTS)
            sentence, notes = describe_classes(held), tuple(held["notes"])
            page = (folder / PAGE).relative_to(run.path).as_posix()
            return EmbeddingSection(split, sentence, notes, read_rows(held), picture(folder / FIGURE), page)
    return None


def read_facts(path: Path) -> dict[str, Any]:
    """Read an embedding.json.

    Raises:
        DataError: The file is missing or damaged.
    """
    held: dict[str, Any] = read_json(path, EmbeddingFile, "write it again with chestnut embed")
    return held


def read_rows(held: Mapping[str, Any]) -> tuple[SeparationRow, ...]:
    """Return how far groups are apart, from the content of an embedding.json."""
    within = {one["column"]: Separation.from_dict(one) for one in held["within_class"]}
    return tuple(SeparationRow(Separation.from_dict(one), within.get(one["column"])) for one in held["separations"])


def describe_classes(held: Mapping[str, Any]) -> str:
    """Say in one sentence how far the classes are apart; empty where that is not known."""
    found = [Separation.from_dict(one) for one in held["separations"] if one["column"] == "class"]
    if not found:
        return ""
    (own,) = found
    share = own.purity
    interval = "" if share.low is None or share.high is None else f" ({100 * share.low:.0f}–{100 * share.high:.0f} %)"
    return (
        f"Of the {NEIGHBOURS} nearest images of other patients, {100 * (share.value or 0):.0f} %{interval} are of the "
        f"same class; by chance it would be {100 * own.chance:.0f} %."
    )
