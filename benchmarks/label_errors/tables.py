"""Write the measured figures as tables for the docs: the mean over seeds, and the least and the greatest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.label_errors.measure import FIRST, RATES

_SIDES = {"both": "both ways", "one": "NORMAL to PNEUMONIA"}
_ORDERS = ("chestnut", "self-confidence", "adjusted margin", "random")


def first_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table of how many of the first images of each order are wrong."""
    return _order_lines(rows, lambda found: found["precision"] * FIRST, 0, _ORDERS)


def auroc_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table of the AUROC of each order."""
    return _order_lines(rows, lambda found: found["auroc"], 3, _ORDERS[:3])


def _order_lines(
    rows: list[dict[str, Any]], figure: Callable[[dict[str, float]], float], digits: int, orders: tuple[str, ...]
) -> list[str]:
    lines = [
        f"| flips | wrong labels | {' | '.join(orders)} |",
        f"| --- | ---: |{' --- |' * len(orders)}",
    ]
    for name, chosen in _groups(rows):
        cells = [spread((figure(row["orders"][order]) for row in chosen), digits) for order in orders]
        lines.append(f"| {' | '.join((name, spread((row['wrong'] for row in chosen), 0), *cells))} |")
    return lines


def suspect_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table of the suspects, and of the estimated shares of wrong labels beside the planted ones."""
    lines = [
        "| flips | wrong labels | suspects | of them wrong | wrong labels found | wrong in NORMAL: planted | estimated "
        "| wrong in PNEUMONIA: planted | estimated |",
        "| --- | ---: | --- | --- | --- | --- | --- | --- | --- |",
    ]
    none = [row for row in rows if not row["rate"]]
    for name, chosen in (("none", none), *_groups(rows)):
        found = [row["suspects_wrong"] / row["suspects"] for row in chosen]
        recall = [row["suspects_wrong"] / row["wrong"] for row in chosen if row["wrong"]]
        cells = [
            spread((row["wrong"] for row in chosen), 0),
            spread((row["suspects"] for row in chosen), 0),
            spread(found, percent=True),
            spread(recall, percent=True) if recall else "–",
        ]
        for label in (0, 1):
            cells += [spread((row[key][label] for row in chosen), 1, percent=True) for key in ("planted", "noise")]
        lines.append(f"| {' | '.join((name, *cells))} |")
    return lines


def spread(values: Iterable[float], digits: int = 0, percent: bool = False) -> str:
    """Return the mean of values, and the least and the greatest where they differ."""
    scale, sign = (100, " %") if percent else (1, "")
    numbers = [value * scale for value in values]
    texts = [f"{number:.{digits}f}" for number in (sum(numbers) / len(numbers), min(numbers), max(numbers))]
    return texts[0] + sign if texts[1] == texts[2] else f"{texts[0]}{sign} ({texts[1]}–{texts[2]}{sign})"


def _groups(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        (f"{rate:.0%} {words}".replace("%", " %"), [row for row in rows if (row["rate"], row["side"]) == (rate, side)])
        for side, words in _SIDES.items()
        for rate in RATES
    ]
