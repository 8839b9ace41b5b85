"""The report says what the guard notices, and what a run without one lacks."""

import json

import numpy as np
import pytest

from chestnut.config import InputSpec
from chestnut.errors import BundleError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.figures.guard import guard_figure
from chestnut.figures.saving import save
from chestnut.inference.guard.summary import GuardSummary, Rehearsed
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.report.pages.run import write_run_page

REHEARSAL = (
    Rehearsed("upside down", 49, Estimate(1.0, 0.94, 1.0)),
    Rehearsed("mirrored", 49, Estimate(0.0, 0.0, 0.06)),
)
SUMMARY = GuardSummary(0.02, 0.01, 49, 90, 800, REHEARSAL)
FACTS = {
    "format": 2, "recipe": "cnn-small", "classes": ["NORMAL", "PNEUMONIA"], "positive": "PNEUMONIA",
    "input": InputSpec().model_dump(), "temperature": 1.0, "threshold": 0.5, "synthetic": False,
    "sha256": {"model.keras": "0" * 64},
}  # fmt: skip


@pytest.fixture
def page_of(make_run, read_page):
    """Write the report of a run whose bundle states some facts; the network itself is gone."""

    def write(**facts):
        made = make_run()
        made.run.write(made.run.bundle / "bundle.json", json.dumps(FACTS | facts))
        if facts:
            random = np.random.default_rng(0)
            changed = {"upside down": random.normal(9, 1, 49), "mirrored": random.normal(1, 0.2, 49)}
            save(guard_figure(random.normal(1, 0.5, 90), changed, 2.0), made.run.figures / "guard.png")
        write_run_page(made.run, made.run.report_file)
        return read_page(made.run.report_file)

    return write


def test_what_the_guard_notices_is_shown_with_intervals_and_a_picture(page_of):
    page = page_of(guard=SUMMARY.to_dict())
    assert (
        "knows 800 training images, and flags 2 % of images like the 90 validation images of 49 patients." in page.text
    )
    assert "1 % was wanted, which so few patients do not allow." in page.text
    assert "upside down 1.000 0.940–1.000" in page.text and "mirrored 0.000 0.000–0.060" in page.text
    assert "How strange validation images look to the guard" in page.html


def test_a_run_without_a_guard_says_why_or_how_to_get_one(page_of):
    found = page_of().text
    assert "The run has no guard: it needs 19 validation patients, and there are" in found


def test_a_run_that_could_have_a_guard_says_how_to_get_one(page_of, monkeypatch):
    monkeypatch.setattr("chestnut.report.sections.guard.find_obstacle", lambda rows: "")
    assert "To fit one: chestnut guard cnn-small-1." in page_of().text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"false_alarms": 2.0}, r"guard\.false_alarms"),
        ({"rehearsal": [{}]}, r"guard\.rehearsal"),
        ({"patients": 0}, "guard.patients"),
    ],
)
def test_a_summary_that_cannot_be_is_refused(make_run, changed, message):
    made = make_run()
    made.run.write(made.run.bundle / "bundle.json", json.dumps(FACTS | {"guard": SUMMARY.to_dict() | changed}))
    with pytest.raises(BundleError, match=message):
        find_run_bundle(made.run)
