"""Write the page of an embedding, on which pointing at a dot shows its image."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from chestnut.explain.embedding.layout import FACTS, GROUP, SHEET, TABLE, name_axes
from chestnut.files.csv_files import parse_csv
from chestnut.files.reading import read_content
from chestnut.report.identities import Identities
from chestnut.report.render import write_page
from chestnut.report.sections.embedding import describe_classes, read_facts, read_rows
from chestnut.runs.folder import RunFolder

#: The most dots of a page: with more it would be larger than 5 MB.
_MOST_DOTS = 15_000
_SPLITS = {"train": "training", "val": "validation", "test": "test"}


def write_embedding_page(run: RunFolder, folder: Path, path: Path, *, identities: bool = False) -> None:
    """Write the page of an embedding as one HTML file that opens offline.

    Args:
        run: The run.
        folder: The folder that `write_embedding` filled.
        path: The page to write.
        identities: Whether to show the names of images and patients. Otherwise the page has numbers in their place,
            which identities.csv in the run folder explains.

    Raises:
        DataError: A file of the folder is damaged.
        DiskError: The disk is full or not writable.
    """
    facts = read_facts(folder / FACTS)
    table = parse_csv(read_content(folder / TABLE), folder / TABLE, ("path", "patient", "label", "decision", "x", "y"))
    names = Identities.of_folder(run.path, run.facts, run.rows, shown=identities)
    dots = _choose_dots(table, facts["seed"])
    script = _script()
    values = {
        "title": run.name,
        "split": facts["split"],
        "split_name": _SPLITS.get(facts["split"], facts["split"]),
        "synthetic": facts["synthetic"],
        "sentence": describe_classes(facts),
        "notes": facts["notes"],
        "colours": list(facts["colours"]),
        "axes": name_axes(facts["explained"]),
        "images": len(table),
        "shown": len(dots),
        "pictures": facts["pictures"]["count"],
        "separations": read_rows(facts),
        "components": facts["components"],
        "sheet": _data_address((folder / SHEET).read_bytes()),
        "data": _json_of(_dots(dots, facts, names)),
        "script": Markup(script),  # noqa: S704 - a file of this package
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    }
    write_page(path, "embedding.html", values, names)


@cache
def _script() -> str:
    return (files("chestnut.report") / "templates" / "embedding.js").read_text(encoding="utf-8")


def _choose_dots(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the images that are shown: those with a picture, and of very many others some drawn at random."""
    if len(table) <= _MOST_DOTS:
        return table
    order = np.random.default_rng(seed).permutation(len(table))
    without = (table["picture"] == "").to_numpy()[order]
    return table.iloc[np.sort(order[np.argsort(without, kind="stable")][:_MOST_DOTS])]


def _dots(table: pd.DataFrame, facts: Mapping[str, Any], names: Identities) -> dict[str, Any]:
    """Return what the script needs to know of each dot."""
    classes = facts["colours"]["class"]
    number = {name: place for place, name in enumerate(classes)}
    rows = list(zip(table["path"], table["patient"], strict=True))
    dots = {
        "x": _rounded(table["x"]),
        "y": _rounded(table["y"]),
        "label": [number[name] for name in table["label"]],
        "decision": [number[name] for name in table["decision"]],
        "probability": [float(f"{float(value):.3f}") for value in table["probability"]],
        "picture": [int(place or -1) for place in table["picture"]],
        "image": [names.image(path, patient) for path, patient in rows],
        "patient": [names.patient(patient) for _, patient in rows],
    }
    colours = [_colour(name, labels, table[f"{GROUP}{name}"]) for name, labels in facts["colours"].items()]
    return {"dots": dots, "classes": classes, "colours": colours, "sheet": facts["pictures"]}


def _colour(name: str, labels: Sequence[str], cells: pd.Series[str]) -> dict[str, Any]:
    """Return the groups of a colouring, and the order in which dots are drawn: the largest group first."""
    number = {label: place for place, label in enumerate(labels)}
    codes = np.array([number.get(cell, -1) for cell in cells])
    found, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
    order = np.lexsort((-counts[place], found[place] != -1))
    return {"name": name, "labels": list(labels), "codes": codes.tolist(), "order": order.tolist()}


def _data_address(jpeg: bytes) -> Markup:
    return Markup("data:image/jpeg;base64,") + base64.b64encode(jpeg).decode("ascii")


def _rounded(values: pd.Series[str]) -> list[float]:
    return [float(f"{float(value):.4g}") for value in values]


def _json_of(value: dict[str, Any]) -> Markup:
    """Return JSON that may stand inside a script element: no text in it can end the element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704 - escaped
