"""Prediction sets in a report: the promise, what became of it, the picture, and nothing where there are none."""

import numpy as np
import pytest
from PIL import Image

from chestnut.evaluation.conformal import SetPlan, SetRule
from chestnut.evaluation.set_figures import SetFigures
from chestnut.figures.sets import draw_sets, sets_figure
from chestnut.report.pages.run import write_run_page
from chestnut.report.sections.sets import SetsSection


@pytest.fixture(scope="module")
def measure():
    def run(per_class=False):
        random = np.random.default_rng(0)
        owners, targets = np.repeat(np.arange(60), 2), np.repeat([0, 1], 60)
        p = np.clip(0.5 + (targets - 0.5) * 0.6 + 0.2 * random.standard_normal(120), 0.01, 0.99)
        rule = SetRule(SetPlan(0.9, per_class), ("NORMAL", "PNEUMONIA"), (0.3, 0.25), 796, (200, 235))
        return SetFigures.measure(rule, np.c_[1 - p, p], targets, owners)

    return run


def test_the_page_tells_the_promise_and_what_became_of_it(measure, finished, read_page, tmp_path):
    found = measure()
    finished.evaluate("test", sets=found.to_dict())
    draw_sets(finished.run.evaluation("test"), found)
    write_run_page(finished.run, tmp_path / "report.html")
    page = read_page(tmp_path / "report.html")
    share = f"{100 * found.single.value:.3g} %"
    for part in (
        "contain the true one for at least 0.9 of new patients in all: that is the promise",
        f"Here they do for {found.covered}, each patient weighing alike",
        f"One class is named for {share} of the images, and it is right for {found.single_right} of those",
        "Fitted on 796 validation images of 235 patients.",
    ):
        assert part in page.text, part
    assert any("named among several classes" in text for text in page.all("img", "alt"))
    finished.evaluate("test")
    write_run_page(finished.run, tmp_path / "without.html")
    assert "Prediction sets" not in read_page(tmp_path / "without.html").text  # though the picture is still there


def test_a_promise_for_each_class_names_the_patients_of_each(measure):
    section = SetsSection(measure(per_class=True), None)
    assert "at least 0.9 of new patients of each class" in section.promise
    assert (
        section.basis == "Fitted on 796 validation images of 200 patients with NORMAL and 235 patients with PNEUMONIA."
    )


def test_the_picture_has_a_bar_for_each_class_and_goes_when_the_sets_go(measure, tmp_path):
    found = measure()
    axes = sets_figure(found).axes[0]
    widths = np.array([bar.get_width() for bar in axes.patches]).reshape(2, 3)
    expected = [[row[kind] / 60 for kind in ("alone", "among", "missed")] for row in found.outcomes.values()]
    assert widths == pytest.approx(np.array(expected)) and widths.sum(axis=1) == pytest.approx(1)
    draw_sets(tmp_path, found)
    with Image.open(tmp_path / "sets.png") as picture:
        assert picture.size[0] > 1000
    draw_sets(tmp_path, None)
    assert not (tmp_path / "sets.png").exists()
    draw_sets(tmp_path, None)
