"""The sentences that describe the result of a search."""

import numpy as np
import pandas as pd
import pytest

from chestnut.config import Recipe
from chestnut.evaluation.metrics import evaluate, point_metrics
from chestnut.evaluation.softmax import probabilities
from chestnut.files.csv_files import csv_text
from chestnut.files.json_files import json_text
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable
from chestnut.runs.record import RunRecord
from chestnut.studies.tuning import summary
from chestnut.studies.tuning.plan import TunePlan
from chestnut.studies.tuning.result import Trial


def test_the_most_important_fields_are_named_with_their_shares():
    plan = TunePlan(Recipe(name="mine"), "random", "auroc", 1, 1, "0", 1)
    best = Trial(0, "finished", {"model.dropout": 0.2}, 0.9, (0.9,), 1, 1.0, ())
    shares = {"model.dropout": 0.6, "optim.learning_rate": 0.3, "model.depth": 0.07, "model.l2": 0.03}
    sentences = summary.describe_result(plan, best, None, None, shares, "it died")
    assert "no result: it died." in sentences[0]
    assert sentences[-1].endswith(": model.dropout 60%, optim.learning_rate 30%, model.depth 7%.")


def test_a_loss_that_chooses_is_that_before_calibration(tmp_path):
    """A temperature is fitted to the validation images, so the loss after it would flatter each trial."""
    run = RunFolder(tmp_path / "run")
    with RunFolder.create(run.path, Recipe(name="mine"), RunRecord(format=1, status="finished"), {"root": "x"}):
        pass
    logits, targets = np.array([[0.0], [2.0], [1.0]]), np.array([0, 1, 0])
    classes = ["NORMAL", "PNEUMONIA"]
    rows = {"path": ["a", "b", "c"], "label": [classes[k] for k in targets], "patient": ["a", "b", "c"]}
    table = PredictionTable.build(pd.DataFrame(rows), probabilities(logits, 4.0), classes, 0.5)
    run.write(run.evaluation("val") / "predictions.csv", csv_text(table.frame))
    judged = evaluate(targets, table.probabilities, rows["patient"], classes)
    run.write(run.evaluation("val") / "metrics.json", json_text(judged.to_dict() | {"temperature": 4.0}))
    before = point_metrics(targets, probabilities(logits))
    assert summary.read_score(run, "loss") == pytest.approx(before["loss"]) != judged.metrics["loss"].value
    assert summary.read_score(run, "auroc") == before["auroc"]
