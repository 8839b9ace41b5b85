from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from chestnut.errors import DiskError
from chestnut.evaluation.curves import precision_recall, reliability, roc
from chestnut.evaluation.details.calibration_line import calibration_line
from chestnut.evaluation.details.decision_curve import decision_curve
from chestnut.evaluation.details.rows import in_spans
from chestnut.evaluation.metrics import evaluate
from chestnut.figures import evaluation as figures
from chestnut.figures.decision_curve import decision_figure
from chestnut.figures.history import history_figure
from chestnut.figures.sample_grid import sample_grid_figure
from chestnut.figures.saving import save

TARGETS = np.array([0, 1] * 30)
SCORES = np.clip(np.linspace(0, 1, 60) * 0.6 + TARGETS * 0.3, 0, 1)
PATIENTS = np.arange(60)
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "loss": [0.7, 0.5, 0.4],
        "accuracy": [0.6, 0.7, 0.8],
        "val_loss": [0.6, 0.45, 0.5],
        "val_accuracy": [0.6, 0.75, 0.7],
        "val_auroc": [0.7, 0.8, 0.8],
        "learning_rate": [1e-3] * 3,
        "seconds": [1.0] * 3,
    }
)


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(TARGETS, np.c_[1 - SCORES, SCORES], PATIENTS, ["NORMAL", "PNEUMONIA"], resamples=20)


def texts(figure: Figure) -> list[str]:
    """Return every text shown in a figure."""
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    found += [label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel(), axes.get_title("left"))]
    return found + [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def lit(figure: Figure, path) -> np.ndarray:
    """Return the figure's pixels, after checking that the outermost ones are blank and so nothing is cut off."""
    save(figure, path)
    pixels = np.asarray(Image.open(path).convert("L"))
    assert all((edge == 255).all() for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))
    return pixels


def test_confusion_shows_counts_and_shares(evaluation, tmp_path):
    figure = figures.confusion_figure(evaluation)
    shown = texts(figure)
    for row in evaluation.confusion:
        for count in row:
            assert f"{count:,}" in shown and f"{100 * count / sum(row):.1f} %" in shown
    lit(figure, tmp_path / "confusion.png")


def test_confusion_of_many_classes_with_one_absent(tmp_path):
    k = 5
    many = evaluate(
        [0, 1, 2, 3],
        np.full((4, k), 1 / k),
        list("abcd"),
        [f"a rather long finding {i}" for i in range(k)],
        resamples=2,
    )
    figure = figures.confusion_figure(many)
    assert "–" in texts(figure) and "4 images · most likely class" in texts(figure)
    lit(figure, tmp_path / "confusion.png")


@pytest.mark.parametrize(
    ("draw", "curve", "area"),
    [(figures.roc_figure, roc, "AUROC"), (figures.precision_recall_figure, precision_recall, "AUPRC")],
)
def test_curves_name_their_area_and_operating_point(draw, curve, area, evaluation, tmp_path):
    result = curve(TARGETS, SCORES, PATIENTS, threshold=0.5)
    figure = draw({"PNEUMONIA": result})
    shown = " ".join(texts(figure))
    assert f"PNEUMONIA: {area} {evaluation.summary(area.lower())}" in shown
    assert "at 0.5: " in shown and "band: 95 %" in shown
    assert figure.axes[0].get_aspect() == 1
    lit(figure, tmp_path / "curve.png")


def test_there_is_a_curve_per_class_with_or_without_a_band(tmp_path):
    curves = {f"finding {i}": roc([0, 1], [0.1, 0.9], ["a", "a"], threshold=0.5) for i in range(8)}
    figure = figures.roc_figure(curves)
    assert "band: 95 % of resamples of patients" not in texts(figure)
    assert len(figure.legends[0].get_texts()) == 16
    lit(figure, tmp_path / "roc.png")


def test_reliability_is_above_its_histogram(tmp_path):
    curve = reliability(TARGETS, SCORES, PATIENTS, resamples=20)
    figure = figures.reliability_figure({"PNEUMONIA": curve})
    assert f"PNEUMONIA: calibration error {curve.error}" in texts(figure)
    assert {"Observed share", "Predicted probability", "Images"} <= set(texts(figure) + texts_of_insets(figure))
    lit(figure, tmp_path / "reliability.png")


def texts_of_insets(figure: Figure) -> list[str]:
    return [label for axes in figure.axes[0].child_axes for label in (axes.get_xlabel(), axes.get_ylabel())]


@pytest.mark.parametrize(("best", "said"), [(None, "best epoch: 2"), (3, "best epoch: 3")])
def test_history_marks_the_best_epoch(best, said, tmp_path):
    figure = history_figure(HISTORY, best)
    assert said in texts(figure)
    assert [axes.get_ylabel() for axes in figure.axes] == ["Loss", "Accuracy", "AUROC"]
    lit(figure, tmp_path / "history.png")


def test_history_of_one_epoch_without_validation(tmp_path):
    figure = history_figure(HISTORY[["epoch", "loss"]].iloc[:1])
    assert [axes.get_ylabel() for axes in figure.axes] == ["Loss"]
    assert not any("best" in text for text in texts(figure))
    lit(figure, tmp_path / "history.png")


def test_sample_grid_shows_images_of_any_shape(tmp_path):
    images = [np.full((20 + i, 30), 40 * i, np.uint8) for i in range(5)]
    figure = sample_grid_figure(images, ["NORMAL\na very long file name indeed.jpeg"] * 5, ncols=3)
    assert [len(axes.images) for axes in figure.axes] == [1, 1, 1, 1, 1, 0]
    assert figure.axes[0].get_title() == "NORMAL\na very lon…indeed.jpeg"
    lit(figure, tmp_path / "grid.png")


def test_saving_leaves_no_incomplete_file(tmp_path, monkeypatch):
    figure = sample_grid_figure([np.zeros((4, 4))], ["one"])
    save(figure, tmp_path / "new" / "grid.png")
    with Image.open(tmp_path / "new" / "grid.png") as image:
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with pytest.raises(DiskError, match="disk is full"):
        save(figure, tmp_path / "other" / "grid.png")
    assert not list((tmp_path / "other").iterdir())


def test_pyplot_is_never_loaded():
    code = "import sys, chestnut.figures.evaluation; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_decision_curve_names_where_it_is_worth_something(tmp_path):
    owners, truth = np.arange(60), TARGETS == 1
    curve = decision_curve(truth, SCORES, owners)
    figure = decision_figure({"PNEUMONIA": curve})
    shown = texts(figure)
    assert f"PNEUMONIA: worth more than both at {in_spans(curve.better)}" in shown
    assert any(" · prevalence 0.5" in text for text in shown)
    lit(figure, tmp_path / "curve.png")
    stated = decision_figure(dict.fromkeys("abc", decision_curve(truth, SCORES, owners, 0.05)))
    assert any("stated prevalence 0.05" in text for text in texts(stated))


def test_the_reliability_figure_shows_the_recalibration(tmp_path):
    line = calibration_line(TARGETS == 1, SCORES, PATIENTS)
    curves = {"PNEUMONIA": reliability(TARGETS, SCORES, PATIENTS, resamples=20)}
    figure = figures.reliability_figure(curves, lines={"PNEUMONIA": line})
    assert f"calibration slope {line.slope}" in texts(figure)
    lit(figure, tmp_path / "reliability.png")
