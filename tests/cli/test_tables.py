"""Tables on narrow terminals: no word is broken, no line is longer, and what is left out is named."""

import io

import pytest
from rich.console import Console

from chestnut.cli.shared import output
from chestnut.cli.shared.live_jobs import LiveJobs
from chestnut.cli.shared.live_training import LiveTable
from chestnut.cli.shared.tables import table
from chestnut.cli.tables.comparison_table import leaderboard_table
from chestnut.cli.tables.result_tables import confusion_table, metrics_table
from chestnut.cli.tables.stress_tables import (
    RULES,
    exchange_notes,
    exchange_table,
    points_table,
    shifts_table,
    sources_table,
)
from chestnut.cli.tables.tuning_table import trials_table
from chestnut.cli.training.recipes import list_recipes, recipes_table
from chestnut.cli.training.runs import runs_table
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metrics import evaluate
from chestnut.jobs.job import Event
from chestnut.robustness.exchange.conditions import CONDITIONS
from chestnut.robustness.exchange.exchange import Exchange, Pair
from chestnut.robustness.shift_effects import Figures
from chestnut.studies.comparison.leaderboard import Leaderboard, Row
from chestnut.studies.tuning.result import Trial, Tuning

FIGURE = {"value": 0.846, "low": 0.692, "high": 0.958}
ROW = {
    "epoch": 12, "loss": 0.4123, "accuracy": 0.8125, "val_loss": 0.5123, "val_accuracy": 0.7812, "val_auroc": 0.8461,
    "learning_rate": 0.000125, "seconds": 75.0,
}  # fmt: skip


def drawn(item, width):
    console = Console(width=width, file=io.StringIO())
    console.print(item)
    return console.file.getvalue()


def runs():
    evaluations = {split: {"auroc": FIGURE, "accuracy": FIGURE} for split in ("val", "test")}
    names = (("first", "cnn-small", "finished"), ("mobilenet-v2-1-finetuned", "mobilenet-v2-robust", "stopped"))
    return runs_table(
        [
            {"name": name, "recipe": recipe, "status": status, "best_epoch": 11, "epochs": 16, "looks_at_test": 2}
            | {"evaluations": evaluations, "threshold": 0.31, "rule": "sensitivity=0.95", "on": "stress"}
            for name, recipe, status in names
        ]
    )


def leaderboard(**more):
    spread = Estimate(0.744, 0.514, 0.902)
    known = {"runs": 3, "auroc": spread, "auroc_spread": 0.012, "accuracy": spread, "accuracy_spread": 0.02}
    known |= {"train_accuracy": 0.97, "parameters": 3_300_482, "trained": 3_300_482, "epochs": 8.0}
    known |= {"epoch_seconds": 2.5, "images_a_second": 1234.0, "model_bytes": 39_000_000} | more
    rows = (
        Row(place=1, tied=True, name="cnn-small-optim.learning_rate=0.0001", start="random weights", **known),
        Row(place=1, tied=True, name="mobilenet-v2", start="ImageNet weights, frozen", **known),
        Row(place=None, tied=False, name="mlp", start="random", runs=0, failed=("the loss became nan in epoch 3",)),
    )
    return leaderboard_table(Leaderboard(rows, (), 810, 445, 2000, (), ()))


def trials():
    values = {"optim.learning_rate": 0.000123, "model.dense": [128], "model.dense_dropout": 0.3}
    made = tuple(Trial(n, "finished", values, 0.91, (0.9, 0.92), 30, 75.0, ("a", "b")) for n in range(7))
    default = Trial(-1, "finished", {}, 0.9, (0.9, 0.9), 30, 75.0, ())
    return trials_table(Tuning("cnn-small", "random", "auroc", 2, {}, made, default, 3, {}, None, (), ()))


def classes(names, drawn_as=metrics_table):
    count = len(names)
    probabilities = [
        [0.8 if column == row % count else 0.2 / (count - 1) for column in range(count)] for row in range(60)
    ]
    targets = [(row + (row % 7 == 0)) % count for row in range(60)]
    found = evaluate(targets, probabilities, [str(row // 2) for row in range(60)], names, resamples=50)
    if drawn_as is confusion_table:
        return confusion_table(found.to_dict())
    return metrics_table("runs/first on test of its own images: 60 images of 30 patients", found.to_dict())


def training():
    live = LiveTable()
    live._rows = [(ROW, True), (ROW | {"epoch": 13}, False)]
    return live._table(5)


def jobs():
    live = LiveJobs(2)
    live._drawn = True
    for name in ("cnn-small-1", "mobilenet-v2-robust-2"):
        live(Event(name, "start", {"epochs": 16, "batches": 20, "done": 0}))
        live(Event(name, "epoch", {"row": ROW, "best": True}))
    live(Event("cnn-small-1", "end", {"error": "the loss became nan in epoch 3; lower the rate", "status": ""}))
    return live._table(5)


def shifts():
    row = {"auroc": FIGURE, "drop": {"value": 0.01, "low": -0.05, "high": 0.07}, "sensitivity": FIGURE}
    row |= {"specificity": FIGURE, "lungs_lost": 12}
    rows = [row | {"name": name} for name in ("histogram-swapped", "marker-removed", "scanner-mixed")]
    result = {"run": "runs/first", "images": 90, "patients": 40, "seed": 0, "shifts": rows, "plain": row, "mean": row}
    return shifts_table(result | {"lungs_lost": 3})


def sources():
    metrics = {"auroc": FIGURE, "sensitivity": FIGURE, "specificity": FIGURE}
    judged = {"source": "hospital-north", "evaluation": {"metrics": metrics, "images": 1200}}
    judged |= {"borrowed": {"NORMAL": 12, "PNEUMONIA": 30}}
    failed = {"source": "clinic", "evaluation": None, "why": "no image of the class NORMAL comes from elsewhere"}
    return sources_table([judged, failed])


def points():
    rates = {"sensitivity": FIGURE, "specificity": FIGURE}
    known = {"plain": rates, "mean": rates, "worst": rates | {"condition": "histogram-swapped"}, "external": rates}
    rules = [known | {"rule": rule, "threshold": 0.4312} for rule in RULES]
    return points_table({"goal": "sensitivity=0.95", "points": rules})


def exchanged():
    """An exchange test; what no table shows is left out."""
    spread = Estimate(0.744, 0.514, 0.902)
    figures = Figures(spread, Estimate(0.01, -0.05, 0.07), spread, spread)
    pairs = tuple(Pair(name, "", figures, figures, Estimate(0.01, -0.05, 0.07)) for name in CONDITIONS)
    counts = {"images": 90, "patients": 40, "left_out": 2, "donors": 400, "donors_left_out": 1, "draws": 3, "seed": 0}
    classes = ("NORMAL", "PNEUMONIA")
    found = Exchange(**counts, classes=classes, positive="PNEUMONIA", threshold=0.5, weights="", plain=figures,
                     conditions=pairs)  # fmt: skip
    assert "2 of 92 validation images and 1 of 401 training images" in exchange_notes(found)[1]
    return exchange_table(found, "runs/first")


TABLES = {
    "exchange": exchanged,
    "shifts": shifts,
    "sources": sources,
    "operating points": points,
    "runs": runs,
    "recipes": lambda: recipes_table(list_recipes()),
    "leaderboard": leaderboard,
    "leaderboard with exchange": lambda: leaderboard(exchanged=Estimate(0.744, 0.514, 0.902)),
    "trials": trials,
    "metrics of two classes": lambda: classes(["NORMAL", "PNEUMONIA"]),
    "metrics of three classes": lambda: classes(["Covid-19", "No_findings", "Pneumonia"]),
    "confusion of two classes": lambda: classes(["NORMAL", "PNEUMONIA"], confusion_table),
    "confusion of three classes": lambda: classes(["Covid-19", "No_findings", "Pneumonia"], confusion_table),
    "training": training,
    "jobs": jobs,
}


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("name", TABLES)
def test_no_word_is_broken_and_no_line_too_long(name, width):
    made = TABLES[name]()
    narrow, wide = drawn(made, width), drawn(made, 1000)
    assert max(map(len, narrow.splitlines())) <= width
    body = narrow.partition("Left out for lack of room")[0]
    assert set(body.replace("─", " ").split()) <= set(wide.replace("─", " ").split())


def test_the_least_important_columns_go_first_and_are_named():
    made = table("A heading", ("name", "score", "note"), ("score",), ("note", "score"))
    made.add_row("first", "0.97", "a-word-of-twenty-four-xx")
    assert "Left out" not in drawn(made, 60)
    narrow = drawn(made, 30)
    assert "a-word" not in narrow and "0.97" in narrow
    assert "Left out for lack of room:" in narrow and "note" in narrow.partition("room:")[2]
    assert "score" in drawn(made, 12).partition("Left out")[2]


def test_wide_shows_every_column(chestnut, monkeypatch):
    monkeypatch.setattr(output.out, "_width", 60)
    status, said, _ = chestnut("recipes")
    assert status == 0 and "Left out for lack of room: input, source, reported" in " ".join(said.split())
    status, said, _ = chestnut("recipes", "--wide")
    assert status == 0 and "Left out" not in said and "180×180×1" in said
    assert "reported" in said.splitlines()[1]


def test_a_word_longer_than_the_terminal_is_broken_in_place_of_being_cut():
    made = table(None, ("name", "size"))
    made.add_row("x" * 50, "7")
    text = drawn(made, 30)
    assert text.count("x") == 50 and "7" in text
    assert max(map(len, text.splitlines())) <= 30


def test_lines_of_a_cell_are_not_folded_again():
    made = table(None, ("name", "n", "note"))
    made.add_row("first", "131 k\nof 131 k", "words that fill what is left of the line")
    assert "of 131 k" in drawn(made, 27)


def test_short_cells_are_not_folded():
    made = table(None, ("run", "n", "note"), (), ("note",))
    made.add_row("repeat1-fold1", "12 of 16", "a note")
    for width in range(24, 40):
        assert "12 of 16" in drawn(made, width)


def test_brackets_in_a_cell_are_no_markup():
    made = table(None, ("name",))
    made.add_row("[bold]a[/] [b]")
    assert "[bold]a[/] [b]" in drawn(made, 40)


def test_sections_styles_and_hidden_headings_survive():
    made = table("A heading", ("name", "size"))
    made.add_row("a", "1")
    made.add_section()
    made.add_row("b", "2", style="bold")
    made.show_header = False
    lines = [line.strip() for line in drawn(made, 40).splitlines()]
    assert lines == ["A heading", "", "a   1", "", "b   2", ""]
