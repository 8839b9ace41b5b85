"""What is drawn and mapped when a bundle is finished, for more than two classes and for a sigmoid head too."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from chestnut.config import InputSpec
from chestnut.data.manifest import Manifest
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.operating.point import OperatingPoint, Promise
from chestnut.inference import finish
from chestnut.inference.bundle import Bundle
from chestnut.inference.pictures import calibration

TWO, THREE = ("NORMAL", "PNEUMONIA"), ("COVID", "NORMAL", "PNEUMONIA")


@dataclass
class Folder:
    """The place of a run's evaluations."""

    path: Path

    def evaluation(self, name):
        return self.path


def make(classes, sureness, outputs):
    """Return a bundle and validation images of a network that is `sureness` times as sure as it may be."""
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 1.5, (240, len(classes)))
    targets = np.argmax(logits + draw.gumbel(size=logits.shape), axis=1)
    rows = [{"path": f"{n}", "label": classes[k], "patient": f"p{n // 2}"} for n, k in enumerate(targets)]
    manifest = Manifest.build(rows, Path("x"))
    given = logits * sureness if outputs == len(classes) else (logits[:, 1:] - logits[:, :1]) * sureness
    positive = classes[-1] if len(classes) == 2 else None
    bundle = Bundle(Path("x"), "r", classes, positive, InputSpec(), 1.0, 0.5, False, "0" * 64)
    return bundle, finish.Validation(SimpleNamespace(manifest=manifest), given)


def draw(run, bundle, validation):
    manifest = validation.decoded.manifest
    calibration.draw_calibration(run, bundle, validation.logits, manifest.targets, manifest.patients)


@pytest.mark.parametrize(("classes", "outputs"), [(TWO, 2), (TWO, 1), (THREE, 3)])
def test_a_figure_shows_reliability_before_and_after(classes, outputs, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(calibration, "calibration_figure", lambda *given: seen.append(given) or "figure")
    monkeypatch.setattr(calibration, "save_both", lambda figure, path: path.write_text(figure))
    bundle, validation = make(classes, 3.0, outputs)
    facts = finish.fit_temperature(bundle, validation)
    assert facts["temperature"] == pytest.approx(3, rel=0.3) and ("threshold" in facts) == (len(classes) == 2)
    draw(Folder(tmp_path), Bundle(**bundle.__dict__ | facts), validation)
    truth, before, after, patients, temperature = seen[0]
    assert (tmp_path / "calibration.png").read_text() == "figure" and temperature == facts["temperature"]
    assert before.shape == after.shape == truth.shape == patients.shape == (240,)
    assert abs(after.mean() - truth.mean()) < 0.05
    if len(classes) > 2:  # of the likeliest class, the network says more than is true
        assert before.min() > 1 / 3 and before.mean() > truth.mean() + 0.1


def test_without_a_temperature_no_figure_stays(tmp_path):
    bundle, validation = make(TWO, 1.0, 2)
    (tmp_path / "calibration.png").write_text("old")
    (tmp_path / "calibration.svg").write_text("old")
    draw(Folder(tmp_path), bundle, validation)
    assert not list(tmp_path.glob("calibration.*"))


def test_a_chosen_threshold_moves_with_the_temperature():
    bundle, validation = make(TWO, 3.0, 2)
    rates = Promise(Estimate(0.9, 0.8, 0.95), Estimate(0.9, 0.8, 0.95))
    chosen = Bundle(**bundle.__dict__ | {"threshold": 0.9, "operating_point": OperatingPoint("f1", "val", 0.9, rates)})
    facts = finish.fit_temperature(chosen, validation)
    assert facts["operating_point"].threshold == facts["threshold"] < 0.8
    before, after = validation.probabilities(1.0)[:, 1], validation.probabilities(facts["temperature"])[:, 1]
    np.testing.assert_array_equal(before >= 0.9, after >= facts["threshold"])


@pytest.mark.slow
def test_the_figure_names_both_curves():
    _, validation = make(TWO, 3.0, 2)
    manifest, scores = validation.decoded.manifest, validation.probabilities(1.0)[:, 1]
    figure = calibration.calibration_figure(manifest.targets == 1, scores, scores**0.5, manifest.patients, 2.5)
    legend = " ".join(text.get_text() for text in figure.legends[0].get_texts())
    assert "before: calibration error" in legend and "at 2.5, cross-fitted: calibration error" in legend
