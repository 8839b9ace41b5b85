"""Build the tables of a stress validation and of the exchange test that it begins with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from chestnut.cli.shared.tables import table
from chestnut.cli.tables.result_tables import estimate
from chestnut.evaluation.metric_names import in_words
from chestnut.evaluation.set_figures import SetShares
from chestnut.robustness.exchange.exchange import Exchange
from chestnut.robustness.set_coverage import ShiftedSets
from chestnut.robustness.shift_effects import Figures, rank_shifts

#: The rules for choosing a threshold, in words.
RULES = {"fixed": "0.5", "plain": "chosen on plain images", "stress": "chosen on the shifts"}

_EXCHANGE_DROPPABLE = ("specificity", "sensitivity", "given away")
_SOURCE_DROPPABLE = ("borrowed elsewhere", "specificity", "sensitivity")


def shifts_table(result: dict[str, Any]) -> Table:
    """Build the table of the figures under each shift, the one that costs most last."""
    shifts = len(result["shifts"])
    title = (
        f"{result['run']} under {shifts} {'shift' if shifts == 1 else 'shifts'}: {result['images']} validation images "
        f"of {result['patients']} patients, seed {result['seed']}"
    )
    numbers: tuple[str, ...] = ("AUROC (95 % interval)", "lost against plain", "sensitivity", "specificity")
    lungs = result["lungs_lost"] is not None
    if lungs:
        numbers += ("lungs lost",)
    built = table(title, ("shift", *numbers), numbers, ("specificity", "sensitivity"), "--json")
    plain = {**result["plain"], "drop": None, "lungs_lost": result["lungs_lost"]}
    built.add_row(*_cells("plain images", plain, lungs))
    if result["mean"] is not None:
        built.add_row(*_cells(f"mean over the {shifts} shifts", result["mean"], lungs))
    built.add_section()
    rows = {row["name"]: row for row in result["shifts"]}
    for name in rank_shifts({name: Figures.from_dict(row) for name, row in rows.items()}):
        built.add_row(*_cells(name, rows[name], lungs))
    return built


def _cells(name: str, row: dict[str, Any], lungs: bool) -> list[str]:
    drop, count = row["drop"], row.get("lungs_lost")
    lost = "" if drop is None else estimate({key: value and round(value, 3) + 0.0 for key, value in drop.items()})
    cells = [name, estimate(row["auroc"]), lost, *(_point(row[key]) for key in ("sensitivity", "specificity"))]
    return [*cells, "" if count is None else f"{count:,}"] if lungs else cells


def _point(figure: dict[str, Any]) -> str:
    return estimate({**figure, "low": None})


def external_table(external: dict[str, Any]) -> Table:
    """Build the table of the most important figures on another data set."""
    built = table(f"{external['data']}: {external['images']} images of {external['patients']} patients")
    built.add_column("metric")
    built.add_column("figure (95 % interval)")
    for key in ("auroc", "sensitivity", "specificity"):
        built.add_row(in_words(key), estimate(external["metrics"][key]))
    return built


def sources_table(sources: list[dict[str, Any]]) -> Table:
    """Build the table of the figures on each source by a run that was trained without it."""
    numbers = ("images", "AUROC (95 % interval)", "sensitivity", "specificity")
    built = table(
        "Trained without one source, judged on it",
        ("without", *numbers, "borrowed elsewhere"),
        numbers,
        _SOURCE_DROPPABLE,
        "--json",
    )
    for one in sources:
        if one["evaluation"] is None:
            built.add_row(one["source"], *[""] * 5)
            built.footnotes.append(f"without {one['source']}: not trained: {one['why']}")
            continue
        metrics = one["evaluation"]["metrics"]
        borrowed = ", ".join(f"{count} {label}" for label, count in one["borrowed"].items())
        figures = (estimate(metrics["auroc"]), _point(metrics["sensitivity"]), _point(metrics["specificity"]))
        built.add_row(one["source"], str(one["evaluation"]["images"]), *figures, borrowed)
    return built


def sets_table(sets: ShiftedSets) -> Table:
    """Build the table of how often prediction sets contain the true class under each condition, the worst last."""
    (plain, first), *rest = sets.worst_first().conditions.items()
    classes = list(first.covered_by_class)
    numbers = ("covered (95 % interval)", "one class", *classes)
    whose = "each class" if sets.per_class else "all patients together"
    title = (
        f"Prediction sets at a coverage of {sets.coverage:g} for {whose}: fitted on plain images of one half of the "
        "patients, judged on the other half"
    )
    built = table(title, ("shift", *numbers), numbers, ("one class", *classes[::-1]), "--json")

    def add(name: str, row: SetShares) -> None:
        by_class = (_point(asdict(one)) for one in row.covered_by_class.values())
        built.add_row(name, str(row.covered), _point(asdict(row.single)), *by_class)

    add(f"{plain} images", first)
    if sets.external is not None:
        add("other data set", sets.external)
    built.add_section()
    for name, row in reversed(rest):
        add(name, row)
    return built


def points_table(points: dict[str, Any]) -> Table:
    """Build the table of sensitivity and specificity at every threshold and under every condition."""
    numbers = ("threshold", "sensitivity", "specificity")
    title = f"Operating points for {points['goal']}, judged on patients they were not chosen on"
    built = table(title, ("threshold is", "on", *numbers), numbers, ("threshold", "specificity"), "--json")
    for point in points["points"]:
        conditions = {
            "plain images": point["plain"],
            "mean of shifts": point["mean"],
            f"worst: {point['worst']['condition']}": point["worst"],
            "other data set": point["external"],
        }
        first = [RULES[point["rule"]], f"{point['threshold']:.4g}"]
        for name, rates in conditions.items():
            if rates is not None:
                built.add_row(first[0], name, first[1], estimate(rates["sensitivity"]), estimate(rates["specificity"]))
                first = ["", ""]
        built.add_section()
    return built


def exchange_table(exchange: Exchange, run: str) -> Table:
    """Build the table of AUROC with donors of another class and of the same class, for each condition.

    Args:
        exchange: The result of the test.
        run: What to call the run.
    """
    draws = f"{exchange.draws} {'draw' if exchange.draws == 1 else 'draws'}"
    title = (
        f"{run} after an exchange: {exchange.images:,} validation images of {exchange.patients:,} patients, {draws}, "
        f"seed {exchange.seed}"
    )
    numbers = (f"AUROC, {exchange.another}'s", "AUROC, own class's", "given away", "sensitivity", "specificity")
    built = table(title, ("exchanged", *numbers), numbers, _EXCHANGE_DROPPABLE, "--json")
    plain = exchange.plain
    built.add_row("nothing", str(plain.auroc), "", "", *_rates(plain))
    built.add_section()
    for pair in exchange.conditions:
        built.add_row(pair.name, str(pair.other.auroc), str(pair.same.auroc), str(pair.given_away), *_rates(pair.other))
    return built


def _rates(figures: Figures) -> list[str]:
    return [_point(asdict(rate)) for rate in (figures.sensitivity, figures.specificity)]


def exchange_notes(exchange: Exchange) -> list[str]:
    """Say what the test found, and which images took no part."""
    notes = [exchange.sentence]
    if exchange.left_out or exchange.donors_left_out:
        held, lent = exchange.images + exchange.left_out, exchange.donors + exchange.donors_left_out
        notes.append(
            f"Lungs were not found in {exchange.left_out:,} of {held:,} validation images and "
            f"{exchange.donors_left_out:,} of {lent:,} training images, which took no part."
        )
    if share := exchange.all.lungs_lost_share:
        notes.append(
            f"Lungs were lost in {100 * share:.2g} % of the images with all exchanged; of these the network saw the "
            "whole image."
        )
    return notes
