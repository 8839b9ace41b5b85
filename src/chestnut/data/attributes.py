"""Attributes: the columns of a data set beyond those that chestnut itself uses, such as age, sex, view or scanner.

They are kept with the images, so that a network can be judged by them later.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from chestnut.evaluation.grouping import parse_numbers
from chestnut.names import is_safe

#: The most attributes of a data set, the most characters of a name and of a cell, and the most texts of a column.
MOST_ATTRIBUTES, MOST_NAME_CHARACTERS, MOST_TEXT_CHARACTERS, MOST_TEXTS = 40, 60, 200, 60

#: The most columns that are looked at, and the most cells that are kept of all attributes together: 600 MB.
MOST_EXAMINED, MOST_CELLS = 200, 5_000_000

#: The columns of a table of labels to review beside its labels: they say what a network made of a label, which is no
#: fact about the image.
LABEL_REVIEW = ("given_label", "suggested_label", "label_suspect", "label_probability", "suggested_probability")

#: Names that an attribute may not have, in lower case, beside the columns of a manifest.
_RESERVED = frozenset({"fold", "uid", "name", "origin", *LABEL_REVIEW})


def choose_attributes(frame: pd.DataFrame, patients: pd.Series[str], reserved: Iterable[str]) -> pd.DataFrame:
    """Return the columns of a table that describe groups of images.

    A column of numbers is kept. A column of texts is kept if it has at most 60 different ones, and at most half as many
    as there are patients: otherwise it is a name, an identity or a remark, which must not travel with every run.

    Args:
        frame: The cells as text, empty where nothing is known.
        patients: The patient of each row.
        reserved: Names that are taken, in lower case.

    >>> table = pd.DataFrame({"sex": ["F", "M", "F", "M"], "name": ["A", "B", "C", "D"], "age": ["1", "2", "3", "4"]})
    >>> list(choose_attributes(table, pd.Series(["p", "q", "r", "s"]), ["path"]))
    ['sex', 'age']
    """
    taken = {*reserved, *_RESERVED}
    most = min(MOST_TEXTS, patients.nunique() // 2)
    kept: list[str] = []
    for name in frame:
        if _may_be_attribute(str(name), taken) and describes_groups(frame[name], most):
            kept.append(str(name))
            taken.add(str(name).casefold())
    return frame[kept[:MOST_ATTRIBUTES]]


def _may_be_attribute(name: str, taken: set[str]) -> bool:
    plain = name.casefold()
    return (
        0 < len(name) <= MOST_NAME_CHARACTERS
        and is_safe(name)
        and plain not in taken
        and not plain.startswith("unnamed:")  # pandas' name for a column of row numbers
    )


def describes_groups(cells: pd.Series[str], most: int) -> bool:
    """Tell whether a column has numbers, or at most so many different texts, and none of them long."""
    texts = set(cells) - {""}
    if not texts or max(map(len, texts)) > MOST_TEXT_CHARACTERS or not all(map(is_safe, texts)):
        return False
    return len(texts) <= most or parse_numbers(sorted(texts)) is not None
