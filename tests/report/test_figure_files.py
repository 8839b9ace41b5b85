"""The figures of a run are drawn anew from its saved results, in a folder that appears complete or not at all."""

import pytest

from chestnut.api.run import open_run
from chestnut.errors import DataError, RunError
from chestnut.report import figure_files


@pytest.fixture
def quick(monkeypatch):
    """Leave out the curves, whose intervals take long; the evaluation written by hand has no confusion either."""
    monkeypatch.setattr(figure_files, "_draw_evaluation", lambda run, name: {})


@pytest.mark.slow
def test_figures_are_written_in_the_format_and_the_folder_given(finished, quick, tmp_path):
    run = open_run(finished.run.path)
    (path,) = run.write_figures(tmp_path / "paper", "pdf")
    assert path == tmp_path / "paper" / "history.pdf" and path.read_bytes().startswith(b"%PDF")
    with pytest.raises(DataError, match="paper"):
        run.write_figures(tmp_path / "paper", "svg")
    assert [file.name for file in (tmp_path / "paper").iterdir()] == ["history.pdf"]


def test_an_unknown_format_and_a_folder_inside_the_run_are_refused(finished, quick, tmp_path):
    run = open_run(finished.run.path)
    with pytest.raises(DataError, match="format=eps: there is no such format of figures"):
        run.write_figures(tmp_path / "paper", "eps")
    with pytest.raises(RunError, match="only chestnut writes"):
        run.write_figures(finished.run.path / "paper")
    assert not (tmp_path / "paper").exists() and not (finished.run.path / "paper").exists()


def test_without_results_there_is_nothing_to_draw(finished, quick, tmp_path, monkeypatch):
    monkeypatch.setattr(figure_files, "draw_run_figures", lambda run: {})
    with pytest.raises(RunError, match="nothing to draw yet; train the run or evaluate it first"):
        open_run(finished.run.path).write_figures(tmp_path / "paper")
    assert not (tmp_path / "paper").exists()
