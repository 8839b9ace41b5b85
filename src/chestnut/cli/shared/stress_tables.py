"""How a stress validation is shown as tables."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from chestnut.cli.shared.output import table
from chestnut.cli.shared.result_tables import estimate
from chestnut.evaluation.metric_names import in_words

#: How a threshold was come by, in words.
RULES = {"fixed": "0.5", "plain": "chosen on plain images", "stress": "chosen on all shifts"}


def shifts_table(result: dict[str, Any]) -> Table:
    """AUROC and its loss under each shift, the worst last."""
    title = (
        f"{result['run']} under {len(result['shifts'])} shifts: {result['images']} validation images of "
        f"{result['patients']} patients, seed {result['seed']}"
    )
    numbers = ("AUROC (95 % interval)", "lost against plain", "sensitivity", "specificity")
    made = table(title, ("shift", *numbers), numbers)
    for name in ("plain", "mean"):
        _add(made, {"plain": "plain images", "mean": "mean over the shifts"}[name], result[name], name == "plain")
    made.add_section()
    for row in sorted(result["shifts"], key=lambda row: -(row["auroc"]["value"] or 0)):
        _add(made, row["name"], row)
    return made


def _add(made: Table, name: str, row: dict[str, Any], plain: bool = False) -> None:
    lost = "" if plain else estimate({key: value and round(value, 3) + 0.0 for key, value in row["drop"].items()})
    made.add_row(name, estimate(row["auroc"]), lost, *(_point(row[key]) for key in ("sensitivity", "specificity")))


def _point(figure: dict[str, Any]) -> str:
    return estimate({**figure, "low": None})


def external_table(external: dict[str, Any]) -> Table:
    """The few figures of an external set that count."""
    made = table(f"{external['data']}: {external['images']} images of {external['patients']} patients")
    made.add_column("metric")
    made.add_column("figure (95 % interval)")
    for key in ("auroc", "sensitivity", "specificity"):
        made.add_row(in_words(key), estimate(external["metrics"][key]))
    return made


def sources_table(sources: list[dict[str, Any]]) -> Table:
    """How runs do on the source that they were trained without."""
    numbers = ("images", "AUROC (95 % interval)", "sensitivity", "specificity")
    made = table("Trained without one source, judged on it", ("without", *numbers, "borrowed elsewhere"), numbers)
    for one in sources:
        if one["evaluation"] is None:
            made.add_row(one["source"], "", "", "", "", f"not trained: {one['why']}")
            continue
        metrics = one["evaluation"]["metrics"]
        borrowed = ", ".join(f"{count} {label}" for label, count in one["borrowed"].items())
        figures = (estimate(metrics["auroc"]), _point(metrics["sensitivity"]), _point(metrics["specificity"]))
        made.add_row(one["source"], str(one["evaluation"]["images"]), *figures, borrowed)
    return made


def points_table(points: dict[str, Any]) -> Table:
    """Sensitivity and specificity at every threshold and under every condition."""
    numbers = ("threshold", "sensitivity", "specificity")
    title = f"Operating points for {points['goal']}, judged on patients they were not chosen on"
    made = table(title, ("threshold is", "on", *numbers), numbers)
    for point in points["points"]:
        conditions = {
            "plain images": point["plain"],
            "mean of shifts": point["mean"],
            f"worst: {point['worst']['condition']}": point["worst"],
            "external set": point["external"],
        }
        told = [RULES[point["rule"]], f"{point['threshold']:.4g}"]
        for name, rates in conditions.items():
            if rates is not None:
                made.add_row(told[0], name, told[1], estimate(rates["sensitivity"]), estimate(rates["specificity"]))
                told = ["", ""]
        made.add_section()
    return made
