"""The confusion table, the bins of probability and the alternative texts say what the figures show."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.errors import DataError
from chestnut.evaluation.calibration.bins import calibration_bins
from chestnut.evaluation.metrics import evaluate
from chestnut.report.identities import Identities
from chestnut.report.sections.confusion import arrange_confusion
from chestnut.report.sections.drawings import describe_figure
from chestnut.report.sections.study_callouts import read_study_audit, shortcut_callouts


@pytest.fixture(scope="module")
def evaluation():
    targets = np.array([0] * 30 + [1] * 20)
    scores = np.r_[np.full(27, 0.1), np.full(3, 0.9), np.full(4, 0.2), np.full(16, 0.8)]
    return evaluate(targets, np.c_[1 - scores, scores], np.arange(50), ["NORMAL", "ILL"], positive="ILL", resamples=20)


def test_rows_and_columns_of_the_confusion_have_their_shares(evaluation):
    table = arrange_confusion(evaluation)
    assert [row.cells for row in table.rows] == [((27, 0.9), (3, 0.1)), ((4, 0.2), (16, 0.8))]
    assert table.decided == ((31, 27 / 31), (19, 16 / 19)) and table.images == 50
    assert table.decided[0][1] == evaluation.metrics["npv"].value
    assert (
        table.sentence == "of 30 NORMAL, 27 decided NORMAL, 3 decided ILL; of 20 ILL, 4 decided NORMAL, 16 decided ILL"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("roc", "ILL AUROC {auroc}; at the threshold 0.5, sensitivity 0.800 and specificity 0.900"),
        ("precision_recall", "ILL AUPRC {auprc}; at the threshold 0.5, sensitivity 0.800 and precision 0.842"),
        ("reliability", "ILL calibration error {calibration_error}"),
    ],
)
def test_an_alternative_text_has_the_numbers_of_its_figure(name, said, evaluation):
    assert describe_figure(name, evaluation) == said.format(**evaluation.metrics)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.integers(0, 9)), min_size=1, max_size=60),
)
def test_bins_hold_every_image_once_by_rising_probability(rows):
    truth, scores, patients = (np.array(column) for column in zip(*rows, strict=True))
    bins = calibration_bins(truth, scores, patients)
    assert sum(one.images for one in bins) == len(rows) and sum(one.positives for one in bins) == truth.sum()
    ends = [end for one in bins for end in (one.lowest, one.highest)]
    assert ends == sorted(ends)
    for one in bins:
        inside = (scores >= one.lowest) & (scores <= one.highest)
        assert inside.sum() == one.images and truth[inside].mean() == pytest.approx(one.observed.value)
        assert one.patients == len(set(patients[inside]))


def test_a_study_without_an_exchange_test_is_told_to_be_audited():
    (one,) = shortcut_callouts({"root": "/data/my images"}, [{"name": "a", "exchanged": None}])
    assert one.level == "warning" and one.command == "chestnut audit '/data/my images'"


@pytest.mark.parametrize(("left", "level"), [((0.5, 0.4, 0.6), "error"), ((0.9, 0.8, 0.95), "info")])
def test_the_exchange_test_of_the_first_variant_is_quoted(left, level, evaluation):
    kind = type(evaluation.metrics["auroc"])
    rows = [{"name": "a", "auroc": kind(0.9, 0.85, 0.95), "exchanged": kind(*left)}]
    (one,) = shortcut_callouts({}, rows)
    assert one.level == level and f"the AUROC of a is {left[0]:.3f}" in one.text


def test_an_audit_of_the_same_data_beside_a_study_is_quoted(tmp_path):
    study = tmp_path / "runs" / "study"
    study.mkdir(parents=True)
    facts, names = {"root": "/data/chest"}, Identities(tmp_path)
    assert read_study_audit(study, facts, names) is None
    probe = {
        **{"name": "probe-border", "severity": "error", "title": "Told apart by the border: AUROC 0.95", "files": []},
        **{"evidence": "e.", "remedy": "", "figures": {"auroc": 0.95, "low": 0.93, "high": 0.97}},
    }
    for name, root in (("a", "/data/other"), ("b", "/data/chest")):
        (tmp_path / "runs" / name).mkdir()
        audit = {"findings": [probe] if name == "b" else [], "passed": [], "data": {"root": root}}
        (tmp_path / "runs" / name / "audit.json").write_text(json.dumps(audit))
    audited = read_study_audit(study, facts, names)
    (one,) = shortcut_callouts(facts, audited=audited)
    assert one.level == "error" and "kept in b" in one.text and "the chest masked out" in one.text
    assert "AUROC 0.950 (0.930–0.970)" in one.text

    (one,) = shortcut_callouts({"root": "/data/other"}, audited=read_study_audit(study, {"root": "/data/other"}, names))
    assert one.level == "info" and "kept in a" in one.text


def test_a_damaged_audit_beside_a_study_is_named(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "audit.json").write_text("{")
    with pytest.raises(DataError, match=r"audit\.json .*make it again by chestnut audit"):
        read_study_audit(tmp_path / "study", {"root": "/data"}, Identities(tmp_path))
