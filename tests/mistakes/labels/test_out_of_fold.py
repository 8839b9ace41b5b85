import numpy as np
import pandas as pd
import pytest

from chestnut.errors import DataError
from chestnut.mistakes.labels.out_of_fold import pool_folds
from chestnut.runs.predictions import PredictionTable


def predictions(rows):
    """Return the predictions of a cross-validation, a row for each (path, patient, repeat, fold, probability)."""
    names = ("path", "patient", "repeat", "fold", "probability")
    frame = pd.DataFrame(rows, columns=names).assign(label="NORMAL")
    positive = frame.pop("probability").to_numpy()
    return PredictionTable.build(frame, np.c_[1 - positive, positive], ["NORMAL", "PNEUMONIA"], 0.5)


def test_the_repeats_of_an_image_are_averaged():
    table = predictions([("b", "q", 1, 1, 0.2), ("a", "p", 1, 2, 0.6), ("a", "p", 2, 1, 0.9), ("b", "q", 2, 1, 0.4)])
    pooled = pool_folds(table)
    assert pooled.frame["path"].tolist() == ["b", "a"]
    np.testing.assert_allclose(pooled.probabilities[:, 1], [0.3, 0.75])
    assert not {"fold", "repeat", "decision"} & set(pooled.frame)


def test_folds_that_divide_a_patient_are_refused():
    table = predictions([("a", "p", 1, 1, 0.2), ("b", "p", 1, 2, 0.6), ("c", "q", 1, 1, 0.9)])
    with pytest.raises(DataError, match="the folds divide 1 patients, p: networks would judge patients that they have"):
        pool_folds(table)


def test_a_patient_may_be_in_another_fold_of_another_repeat():
    table = predictions([("a", "p", 1, 1, 0.2), ("a", "p", 2, 2, 0.6)])
    assert len(pool_folds(table).frame) == 1


def test_predictions_without_folds_are_refused():
    table = predictions([("a", "p", 1, 1, 0.2)])
    table = PredictionTable(table.frame.drop(columns="fold"), table.classes)
    with pytest.raises(DataError, match="have no column fold; give those of a cross-validation"):
        pool_folds(table)
