"""What is said about suspects, and the folder that keeps a review from being overwritten."""

import json

import numpy as np
import pandas as pd
import pytest

from chestnut.errors import RunError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.gallery import Gallery
from chestnut.mistakes.labels.files import require_unchanged, write_suspects
from chestnut.mistakes.labels.suspects import Suspect, Suspects, find_suspects
from chestnut.runs.predictions import PredictionTable

NOISE = (
    (Estimate(0.96, 0.9, 1.0), Estimate(0.04, 0.0, 0.1)),
    (Estimate(0.0, 0.0, 0.0), Estimate(1.0, 1.0, 1.0)),
)


def suspects(number=1):
    one = Suspect("/data/a.png", "p", "NORMAL", "PNEUMONIA", 0.1, 0.9, 0.1)
    pairs = (("NORMAL", "PNEUMONIA", number),) if number else ()
    return Suspects("a friend", ("NORMAL", "PNEUMONIA"), 1200, 800, number, pairs, NOISE, (one,) * number, ("Note.",))


def test_sentences_say_how_many_of_what_and_that_nothing_was_changed():
    said = suspects().sentences
    assert said[0] == "1 of 1,200 labels of 800 patients is suspected to be wrong: 1 NORMAL that may be PNEUMONIA."
    assert said[1] == "They were judged by a friend."
    assert said[2].startswith(
        "Confident learning estimates that 4.0 % (0.0–10.0 %) of NORMAL are PNEUMONIA. These shares"
    )
    assert said[3] == "Note."
    assert "no label was changed" in said[4]
    assert suspects(0).sentences[0] == "None of 1,200 labels of 800 patients is suspected to be wrong."


def test_json_names_the_classes_of_each_share():
    found = json.loads(json.dumps(suspects().to_dict()))
    assert [(row["label"], row["true"], row["value"]) for row in found["noise"]] == [
        *(("NORMAL", "NORMAL", 0.96), ("NORMAL", "PNEUMONIA", 0.04)),
        *(("PNEUMONIA", "NORMAL", 0.0), ("PNEUMONIA", "PNEUMONIA", 1.0)),
    ]
    assert found["by_label"] == [{"label": "NORMAL", "suggested": "PNEUMONIA", "images": 1}]


def test_a_table_that_somebody_changed_is_not_replaced(tmp_path):
    require_unchanged(tmp_path / "none")
    table = pd.DataFrame({"path": ["/data/é.png"], "label": ["NORMAL"]})
    write_suspects(tmp_path, suspects(), table, Gallery((), {}))
    require_unchanged(tmp_path)
    file = tmp_path / "suspects.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("NORMAL", "PNEUMONIA"), encoding="utf-8")
    with pytest.raises(
        RunError, match=r"suspects\.csv was changed after chestnut wrote it, and would be replaced; move"
    ):
        require_unchanged(tmp_path)
    file.unlink()
    require_unchanged(tmp_path)


@pytest.mark.slow
def test_planted_errors_are_the_suspects():
    random = np.random.default_rng(0)
    true = random.integers(0, 2, 300)
    flipped = random.uniform(size=300) < 0.1
    scores = np.where(true == 1, 0.9, 0.1) + random.uniform(-0.05, 0.05, 300)
    names = np.array(["NORMAL", "PNEUMONIA"])
    rows = pd.DataFrame(
        {
            "path": [f"/{n:03d}.png" for n in range(300)],
            "label": names[np.where(flipped, 1 - true, true)],
            "patient": [str(n // 2) for n in range(300)],
        }
    )
    table = PredictionTable.build(rows, np.c_[1 - scores, scores], names.tolist(), 0.5)
    found, quality = find_suspects(table, "a friend")
    assert set(np.flatnonzero(quality.suspect)) <= set(np.flatnonzero(flipped))
    assert found.suspects == quality.suspect.sum() > 0.5 * flipped.sum()
    assert sum(count for _, _, count in found.by_label) == found.suspects
    assert len(found.listed) == min(found.suspects, 48)
    first = found.listed[0]
    assert first.label_probability == min(one.label_probability for one in found.listed) < 0.2
    assert (found.images, found.patients) == (300, 150)
