"""How the result of a cross-validation is shown in a notebook and as a table."""

from dataclasses import replace

import pytest

from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.metrics import evaluate
from chestnut.studies.crossval.result import CrossValidation, FoldResult, compute_spread


@pytest.fixture
def found():
    chances = [[0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.45, 0.55]]
    judged = evaluate([0, 1, 0, 1], chances, ["a", "b", "c", "d"], ["A", "B"], resamples=20)
    parts = tuple(FoldResult(f"repeat1-fold{n}", 1, n, n + 3, 5, 2, judged) for n in (1, 2))
    notes = ("Folds are <made> by patient.",)
    return CrossValidation("mlp", 2, 1, 4, judged, compute_spread(parts), parts, ("fold 2 is guessing",), notes)


def test_a_notebook_shows_folds_warnings_and_notes(found):
    page = found._repr_html_()
    assert "fold 1, repeat 1" in page and "fold 2, repeat 1" in page and "mean ± sd" in page
    assert "fold 2 is guessing" in page
    assert "Folds are &lt;made&gt; by patient." in page and "<made>" not in page


def test_a_notebook_shows_the_figure_of_a_cross_validation_that_was_written(found, tmp_path):
    written = replace(found, path=tmp_path)
    assert "<img" not in written._repr_html_()
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "auroc.png").write_bytes(b"png")
    assert 'alt="AUROC of each fold"' in written._repr_html_() and "base64,cG5n" in written._repr_html_()
    assert "<img" not in found._repr_html_()
    assert "path" not in written.to_dict()


def test_the_table_has_a_row_for_each_fold(found):
    table = found.table
    assert list(table) == ["repeat", "fold", "seed", "epochs", "best_epoch", *METRICS]
    assert table["fold"].tolist() == [1, 2] and table["seed"].tolist() == [4, 5]
    assert table["auroc"].tolist() == [1.0, 1.0]
