"""predictions.csv is written and read in one place."""

import numpy as np
import pandas as pd
import pytest

from chestnut.errors import DataError
from chestnut.runs.predictions import PredictionTable

CLASSES = ("NORMAL", "PNEUMONIA")


@pytest.fixture
def table():
    rows = pd.DataFrame({"path": ["b.png", "a.png"], "label": CLASSES, "patient": ["007", "NA"], "split": "val"})
    return PredictionTable.build(rows, np.array([[0.1 + 0.2, 0.7], [1 / 3, 2 / 3]]), CLASSES, 0.5)


def test_what_is_saved_is_read_back_to_the_last_bit(table, tmp_path):
    table.save(tmp_path / "predictions.csv")
    found = PredictionTable.read(tmp_path / "predictions.csv", CLASSES)
    pd.testing.assert_frame_equal(found.frame, table.frame, check_exact=True, check_dtype=False)
    assert found.targets.tolist() == [0, 1] and found.patients.tolist() == ["007", "NA"]
    assert (found.probabilities == table.probabilities).all()
    assert found.frame["decision"].tolist() == ["PNEUMONIA", "PNEUMONIA"]
    assert found.sorted_by_path().frame["path"].tolist() == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("patient", "person", "has no column patient"),
        ("probability_NORMAL", "x", "has no column probability_NORMAL"),
        ("b.png,NORMAL", "b.png,COVID", "has an unknown class COVID; the run has NORMAL, PNEUMONIA"),
        (",0.7,", ",much,", "has a probability that is not a number from 0 to 1"),
        (",0.7,", ",7,", "has a probability that is not a number from 0 to 1"),
        (",0.7,", ",,", "has a probability that is not a number from 0 to 1"),
        ("b.png", 'b.png,"', "is not a table"),
    ],
)
def test_a_damaged_file_is_one_clear_error(table, tmp_path, old, new, message):
    path = tmp_path / "predictions.csv"
    table.save(path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=rf"predictions.csv {message}.*; restore it from a copy, or repeat"):
        PredictionTable.read(path, CLASSES)


def test_a_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(DataError, match=r"predictions.csv is missing; restore it"):
        PredictionTable.read(tmp_path / "predictions.csv", CLASSES)
