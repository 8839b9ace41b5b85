"""What a paper reports beside the metrics, on the page of a run."""

import numpy as np
import pytest

from chestnut.evaluation.details.details import Predicted, compute_details
from chestnut.report.pages.run import write_run_page


def details_of(classes, prevalence=None):
    """Details of 60 patients with two images each."""
    generator = np.random.default_rng(0)
    targets = np.arange(120) // 2 % len(classes)
    scores = generator.dirichlet(np.ones(len(classes)), 120) + 0.8 * np.eye(len(classes))[targets]
    two = len(classes) == 2
    known = targets, scores / scores.sum(axis=1, keepdims=True), (np.arange(120) // 2).astype(str), classes
    return compute_details(Predicted(*known, classes[-1] if two else None, 0.5 if two else None), prevalence)


@pytest.mark.parametrize("classes", [("NORMAL", "PNEUMONIA"), ("COVID", "NORMAL", "PNEUMONIA")])
def test_the_page_shows_the_details_of_each_class(make_run, read_page, tmp_path, classes):
    made = make_run(classes=classes)
    details = details_of(classes)
    made.evaluate("test", details=details.to_dict())
    write_run_page(made.run, tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    shown = classes[-1:] if len(classes) == 2 else classes
    for name in shown:
        line, patients = details.classes[name].line, details.classes[name].patients
        assert str(line.slope) in text and str(patients.auroc) in text
    assert "Sensitivity at specificity 0.95" in text and "Precision at prevalence 0.05" in text
    assert "Of 60 patients, each with one row" in text and "computed for this page" not in text


def test_an_earlier_evaluation_has_its_details_from_the_predictions(finished, read_page, tmp_path):
    write_run_page(finished.run, tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    assert "These figures were computed for this page from the saved predictions." in text
    assert "Calibration slope" in text


def test_one_class_has_no_details_and_the_page_no_section(make_run, read_page, tmp_path):
    made = make_run()
    made.evaluate("test", details={"prevalence": None, "classes": {}})
    write_run_page(made.run, tmp_path / "report.html")
    assert "In more detail" not in read_page(tmp_path / "report.html").text
