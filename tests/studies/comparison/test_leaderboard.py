"""How a leaderboard is shown in a notebook."""

from dataclasses import replace

import pytest

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.studies.comparison.leaderboard import Leaderboard, Row


@pytest.fixture
def board():
    first = Row(1, False, "mlp-dropout<0.5", "random weights", 1, auroc=Estimate(0.91, 0.85, 0.96), parameters=12345)
    partly = replace(first, place=2, name="cnn", failed=("seed 1: out of <memory>",))
    failed = Row(None, False, "svm", "fitted without epochs", 0, ("seed 0: it died", "seed 1: it died too"))
    return Leaderboard((first, partly, failed), (), 40, 20, 100, ("No difference.",), ("Only a note.",))


def test_a_notebook_shows_variants_sentences_notes_and_failures(board):
    page = board._repr_html_()
    assert "0.910 (0.850–0.960)" in page and "12,345" in page
    assert "No difference." in page and "Only a note." in page
    assert "<th>–</th><td>svm</td><td>no result</td>" in page
    assert "svm failed with seed 0: it died<" in page and "svm failed with seed 1: it died too" in page
    assert "cnn failed with seed 1: out of &lt;memory&gt;" in page
    assert "mlp-dropout&lt;0.5" in page and "dropout<0.5" not in page


def test_a_notebook_shows_the_figure_of_a_comparison_that_was_written(board, tmp_path):
    board = replace(board, path=tmp_path)
    assert "<img" not in board._repr_html_()
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "auroc.png").write_bytes(b"png")
    assert 'alt="AUROC of each variant"' in board._repr_html_() and "base64,cG5n" in board._repr_html_()
    assert "<img" not in replace(board, path=None)._repr_html_()
    assert "path" not in board.to_dict()
