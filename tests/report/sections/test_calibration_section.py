"""The report says how probabilities were calibrated and which rule chose the threshold, and what a run lacks."""

import json
from dataclasses import asdict

import pytest

from chestnut.config import InputSpec
from chestnut.errors import BundleError
from chestnut.evaluation.calibration.temperature import Calibration
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.operating.point import OperatingPoint, Promise
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.report.pages.run import write_run_page

FITTED = Calibration(1.5, 200, 90, 0.4, 0.35, 0.08, 0.03)
POINT = OperatingPoint("sensitivity=0.95", "stress", 0.31, Promise(Estimate(0.94, 0.9, 0.97), Estimate(0.8, 0.7, 0.9)))
#: As an older chestnut wrote them.
FACTS = {
    "format": 2, "recipe": "cnn-small", "classes": ["NORMAL", "PNEUMONIA"], "positive": "PNEUMONIA",
    "input": InputSpec().model_dump(), "temperature": 1.0, "threshold": 0.5, "synthetic": False,
    "sha256": {"model.keras": "0" * 64},
}  # fmt: skip


@pytest.fixture
def text_of(make_run, read_page):
    """Write the report of a run whose bundle states some facts, and return its text; the network itself is gone."""

    def write(facts, **environment):
        made = make_run()
        made.evaluate("val")
        if environment:
            made.environment(status="finished", **environment)
        if facts is not None:
            made.run.write(made.run.bundle / "bundle.json", json.dumps(FACTS | facts))
        write_run_page(made.run, made.run.report_file)
        return read_page(made.run.report_file).text

    return write


def test_what_an_older_run_lacks_is_told(text_of):
    text = text_of({})
    assert "no temperature was fitted. To fit one: chestnut calibrate cnn-small-1" in text
    assert "PNEUMONIA is decided at a probability of 0.5 or more. No rule chose this threshold." in text


def test_a_run_without_a_network_has_nothing_to_calibrate(text_of):
    assert "The run has no network yet, so there are no probabilities to calibrate." in text_of(None)


def test_calibration_and_threshold_are_shown_with_their_history(text_of):
    facts = {"temperature": 1.5, "calibration": FITTED.to_dict(), "threshold": 0.31, "operating_point": asdict(POINT)}
    change = {"when": "2026-11-27T15:00:00+00:00", "command": "chestnut threshold /secret/run --rule youden"}
    change |= {"rule": "sensitivity=0.95", "on": "stress", "threshold": 0.31, "before": 0.5}
    text = text_of(facts, thresholds=[change])
    assert "divided by the temperature 1.5, which was fitted to 200 validation images of 90 patients" in text
    assert "Loss 0.400 0.350 Calibration error 0.080 0.030" in text
    assert "the rule sensitivity=0.95 chose on the validation images under all shifts." in text
    assert "Sensitivity 0.940 0.900–0.970" in text and "these images do not show that it is 0.95 or more" in text
    assert "1 change of the threshold" in text and "0.31 0.5 sensitivity=0.95 stress" in text
    assert "/secret" not in text
    assert "The figures below are at 0.5, and by now the run decides at 0.31 (sensitivity=0.95 on stress)" in text


def test_accuracies_at_two_thresholds_are_not_compared(make_run, read_page):
    made = make_run()
    made.evaluate("val", accuracy=0.95, threshold=0.75, temperature=2.0)
    for threshold, compared in ((0.9, True), (0.5, False)):  # 0.9 at temperature 1 decides as 0.75 at 2 does
        made.evaluate("test", accuracy=0.9, threshold=threshold)
        write_run_page(made.run, made.run.report_file)
        text = read_page(made.run.report_file).text
        assert "From validation to test: AUROC 0.910" in text
        assert ("accuracy 0.950 → 0.900" in text) == compared


def test_a_temperature_left_at_1_has_a_reason(text_of):
    left = Calibration(
        1.0, 20, 12, 0.4, None, 0.08, None, "12 patients are too few to fit a temperature, which takes 30"
    )
    assert "those of the network itself: 12 patients are too few" in text_of({"calibration": left.to_dict()})


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"temperature": 2.0, "calibration": FITTED.to_dict()}, "temperature is 2, and calibration fitted 1.5"),
        ({"calibration": FITTED.to_dict() | {"temperature": 0.0}}, r"calibration\.temperature"),
        ({"calibration": FITTED.to_dict() | {"error_after": 7.0}}, r"calibration\.error_after"),
        ({"threshold": 0.4, "operating_point": asdict(POINT)}, "threshold is 0.4, and operating_point chose 0.31"),
        ({"operating_point": asdict(POINT) | {"rule": "best"}}, "no rule 'best'"),
        ({"operating_point": asdict(POINT) | {"on": "test"}}, r"operating_point\.on"),
        ({"operating_point": asdict(POINT) | {"promised": {}}}, r"operating_point\.promised\.sensitivity"),
        ({"classes": ["A", "B", "C"], "positive": None, "threshold": 0.31, "operating_point": asdict(POINT)},
         "operating_point is for two classes"),
    ],
)  # fmt: skip
def test_facts_that_cannot_be_are_refused(make_run, facts, said):
    run = make_run().run
    run.write(run.bundle / "bundle.json", json.dumps(FACTS | facts))
    with pytest.raises(BundleError, match=said) as refused:
        find_run_bundle(run)
    assert "\n" not in str(refused.value)
