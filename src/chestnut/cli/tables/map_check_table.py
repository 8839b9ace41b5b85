"""Print a check of maps: a row for each method, and the shares by class and place."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from chestnut.cli.shared.output import out, print_notes
from chestnut.cli.shared.tables import table
from chestnut.explain.checks.map_check import MapCheck
from chestnut.explain.checks.method_check import Depth, MethodCheck
from chestnut.explain.checks.wording import percent
from chestnut.explain.checks.zones import PLACES


def print_check(check: MapCheck, run: Path, place: Path) -> None:
    """Print the tables and sentences of a check.

    Args:
        check: The check.
        run: The run.
        place: The folder that was written.
    """
    out.print(methods_table(check, run))
    out.print()
    out.print(places_table(check))
    notes = list(check.sentences)
    if check.without_lungs:
        notes.append(
            f"Lungs were not found in {check.without_lungs:,} of {check.images:,} images; the shares leave them out."
        )
    if empty := {one.method: one.empty for one in check.methods if one.empty}:
        counts = ", ".join(f"{count:,} by {method}" for method, count in empty.items())
        notes.append(f"Maps in which nothing speaks for the class: {counts}.")
    print_notes([*notes, f"Figures and pictures: {place}; it took {check.seconds:,.0f} s."])


def methods_table(check: MapCheck, run: Path) -> Table:
    """Return what was measured for each method, in short."""
    whose = f"{check.images:,} {'validation ' if check.split else ''}images of {check.patients:,} patients"
    shuffled = any("labels" in one.redrawn for one in check.methods)
    labels = ("alike when labels are shuffled",) if shuffled else ()
    numbers = ("in lesions", "maximum there", "alike when redrawn", *labels, "gain of order")
    built = table(
        f"Maps of {run}: {whose}, seed {check.seed}", ("method", *numbers), numbers, ("maximum there",), "--json"
    )
    for one in check.methods:
        built.add_row(
            one.method,
            *_lesion_cells(one),
            _likeness_cell(one, "all", "weights"),
            *([_likeness_cell(one, "labels", "labels")] if shuffled else []),
            _verdict(str(one.curves.gain), one, "curves"),
        )
    first = check.methods[0]
    if first.lesions is not None:
        built.footnotes.append(
            f"Chance: {100 * first.lesions.area:.0f} % in lesions, {100 * first.lesions.chance:.0f} % for the maximum, "
            "which may lie 15 of 224 pixels away."
        )
    built.footnotes.append("✓ passed, ✗ not passed; by what rule, the sentences below say.")
    return built


def _lesion_cells(one: MethodCheck) -> tuple[str, str]:
    if one.lesions is None:
        return "–", "–"
    return percent(one.lesions.mass), _verdict(percent(one.lesions.hits), one, "lesions")


def _likeness_cell(one: MethodCheck, depth: Depth, test: str) -> str:
    return "–" if depth not in one.redrawn else _verdict(str(one.redrawn[depth].correlation), one, test)


def _verdict(text: str, one: MethodCheck, test: str) -> str:
    passed = one.passed[test]
    return text if passed is None else f"{text} {'✓' if passed else '✗'}"


def places_table(check: MapCheck) -> Table:
    """Return the share of each place in the maps of each class, with its share of the area beside it."""
    built = table(
        "Where the evidence lies (chance: the share of the area)",
        ("method", "class", *PLACES.values()),
        tuple(PLACES.values()),
        (PLACES["border"],),
        "--json",
    )
    for one in check.methods:
        for name in check.classes:
            shares = {share.place: share for share in one.places if share.of == name}
            cells = [
                f"{percent(shares[place].share)}, chance {100 * (shares[place].chance or 0):.0f} %"
                if place in shares and shares[place].chance is not None
                else "–"
                for place in PLACES
            ]
            built.add_row(one.method if name == check.classes[0] else "", name, *cells)
    return built
