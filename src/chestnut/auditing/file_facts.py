"""Find facts of the files that are associated with the class: formats, modes, sizes and bit depths."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.auditing.findings import MOST_FILES, Finding, share
from chestnut.data.manifest import Manifest

Ints = npt.NDArray[np.int64]

#: Cramér's V of a fact and the class from which it is a warning and an error, and the largest p value for either.
_WARNING, _ERROR, _MOST_P = 0.1, 0.8, 0.01
_PERMUTATIONS = 999
_PARTS = 8  # a fact with more values, such as the size, is cut into this many parts


def files_follow_class(manifest: Manifest, facts: pd.DataFrame, seed: int = 0) -> list[Finding]:
    """Find facts of the files, such as format or size, that are associated with a class more than chance allows.

    Args:
        manifest: The n images.
        facts: The facts of their files from `headers.read_facts`, n rows.
        seed: The seed of the permutation test.

    Returns:
        One finding on all such facts, or none.
    """
    labels = manifest.frame["label"].to_numpy(dtype=object)
    known = np.flatnonzero((labels != "") & (facts["format"] != "").to_numpy())
    if len(set(labels[known])) < 2:
        return []
    values = _few_values(facts.iloc[known])
    found = _associations(values, labels[known], manifest.patients[known], seed)
    if not found:
        return []
    first, strongest = next(iter(found.items()))
    strengths = ", ".join(f"{fact} (Cramér's V {one['cramers_v']:.2f})" for fact, one in found.items())
    least = max(one["p"] for one in found.values())
    paths = manifest.paths
    return [
        Finding(
            "files-follow-class",
            "error" if strongest["cramers_v"] >= _ERROR else "warning",
            f"The files' {' and '.join(found)} {'goes' if len(found) == 1 else 'go'} with the class",
            f"{strengths}; p ≤ {least:.3f} with the classes shuffled among patients. "
            f"{_spread(first, pd.DataFrame(strongest['counts']))}",
            tuple(paths[known[row]] for row in _rarest(values[first]))[:MOST_FILES],
            {"facts": found},
            "The classes come from different sources. Look for data in which one source gives all classes, or test on "
            "such data. Saving all images in one format and size hides the difference from you, not from a network.",
        )
    ]


def _associations(
    values: dict[str, pd.Series[Any]], labels: npt.NDArray[np.object_], patients: npt.NDArray[np.str_], seed: int
) -> dict[str, dict[str, Any]]:
    """Return the associated facts, the strongest first: `cramers_v`, `p`, and `counts` by label and value."""
    classes = pd.factorize(labels, sort=True)[0]
    firsts = np.flatnonzero(~pd.Series(patients).duplicated())  # a shuffle needs independent rows
    found: dict[str, dict[str, Any]] = {}
    for fact, column in values.items():
        codes, names = pd.factorize(column, sort=True)
        strength = cramers_v(codes, classes) if len(names) > 1 else 0.0
        if strength < _WARNING:
            continue
        p = permutation_p(codes[firsts], classes[firsts], np.random.default_rng(seed))
        if p <= _MOST_P:
            table = pd.crosstab(labels, column.to_numpy())
            counts = {str(label): {str(k): int(v) for k, v in row.items()} for label, row in table.iterrows()}
            found[fact] = {"cramers_v": round(strength, 3), "p": p, "counts": counts}
    return dict(sorted(found.items(), key=lambda item: -item[1]["cramers_v"]))


def cramers_v(codes: Ints, classes: Ints) -> float:
    """Return Cramér's V, corrected for bias (Bergsma 2013, doi:10.1016/j.jkss.2012.10.002), in 0..1.

    Args:
        codes: The value of the fact of each image as a number from 0, shape (n,).
        classes: The class of each image as a number from 0, shape (n,).

    >>> cramers_v(np.array([0, 1] * 50), np.array([0, 1] * 50))
    1.0
    """
    table = np.zeros((codes.max() + 1, classes.max() + 1))
    np.add.at(table, (codes, classes), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    count, (rows, columns) = table.sum(), table.shape
    if min(rows, columns) < 2 or count < 2:
        return 0.0
    phi = max(_chi_squared(table) / count - (rows - 1) * (columns - 1) / (count - 1), 0)
    least = min(rows - (rows - 1) ** 2 / (count - 1), columns - (columns - 1) ** 2 / (count - 1)) - 1
    return float(min((phi / least) ** 0.5, 1)) if least > 0 else 0.0


def permutation_p(codes: Ints, classes: Ints, generator: np.random.Generator) -> float:
    """Return how often shuffled classes are associated with the codes as strongly as the real ones, in 0.001..1."""
    shape = (int(codes.max()) + 1, int(classes.max()) + 1)

    def association(shuffled: Ints) -> float:
        table = np.bincount(codes * shape[1] + shuffled, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
        return _chi_squared(table)

    real = association(classes) - 1e-9
    as_far = sum(association(generator.permutation(classes)) >= real for _ in range(_PERMUTATIONS))
    return (1 + as_far) / (1 + _PERMUTATIONS)


def _chi_squared(table: npt.NDArray[np.float64]) -> float:
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / max(table.sum(), 1)
    return float(((table - expected) ** 2 / np.where(expected > 0, expected, 1)).sum())


def _few_values(facts: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Return each fact as text with few different values.

    Where most files have one size, it is compared with all others. Otherwise sizes become megapixels and aspect, cut at
    their quantiles.
    """
    width, height = facts["width"].astype(float), facts["height"].astype(float)
    size = facts["width"].astype(str) + "×" + facts["height"].astype(str)
    values: dict[str, pd.Series[Any]] = {
        "format": facts["format"].astype(str),
        "mode": facts["mode"].astype(str),
        "bit depth": facts["bits"].astype(str),
        "size": size,
    }
    commonest = size.value_counts().index[0]
    if size.nunique() > _PARTS and (size == commonest).mean() >= 0.5:
        values["size"] = size.where(size == commonest, "another")
    elif size.nunique() > _PARTS:
        values["size"] = _cut(width * height / 1e6, "{} to {} megapixels")
        values["aspect"] = _cut(width / height.clip(lower=1), "{} to {}")
    return values


def _cut(numbers: pd.Series[float], text: str) -> pd.Series[Any]:
    """Numbers as text, cut at their quantiles into parts of similar size."""
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, _PARTS + 1)))
    part = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, max(len(edges) - 2, 0))
    ends = [f"{edge:.3g}" for edge in (*edges, edges[-1])]
    return pd.Series([text.format(ends[number], ends[number + 1]) for number in part], index=numbers.index)


def _rarest(values: pd.Series[Any]) -> list[int]:
    """Return the positions of the values rarer than the commonest, the rarest first."""
    counts = values.map(values.value_counts()).to_numpy(dtype=np.int64)
    order = np.argsort(counts, kind="stable")
    return [int(place) for place in order if counts[place] < counts.max()]


def _spread(fact: str, counts: pd.DataFrame) -> str:
    """Say in a sentence how a fact's most telling value is spread over the classes (the columns of `counts`)."""
    shares = counts / counts.sum()
    place = int(np.argmax(shares.max(axis=1) - shares.min(axis=1)))
    spread = ", ".join(f"{share(part, 1)} of {label}" for label, part in shares.iloc[place].items())
    return f"{fact.capitalize()} {shares.index[place]}: {spread}."
