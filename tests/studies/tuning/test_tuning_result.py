"""How the result of a search is shown in a notebook."""

from dataclasses import replace

from chestnut.studies.tuning.result import Trial, Tuning


def test_a_notebook_shows_a_search_as_a_table():
    trials = (
        Trial(0, "finished", {"optim.learning_rate": 0.002}, 0.91, (0.91,), 4, 10.0, ("trial-000-s0",)),
        Trial(1, "failed", {"optim.learning_rate": 0.5}, None, (), 1, 2.0, ("trial-001-s0",), "the loss is <nan>"),
    )
    default = Trial(-1, "finished", {"optim.learning_rate": 0.001}, 0.9, (0.9,), 4, 10.0, ("default-s0",))
    space = {"optim.learning_rate": "1e-4 to 1e-2"}
    found = Tuning("mlp", "random", "auroc", 1, space, trials, default, 0, {}, None, ("No difference.",), ())
    page = found._repr_html_()
    assert [name for name in ("default", "trial 0", "trial 1") if name not in page] == []
    assert "optim.learning_rate=0.002" in page and "No difference." in page
    assert "&lt;nan&gt;" in page and "<nan>" not in page
    assert "<img" not in page


def test_a_notebook_shows_the_figure_of_a_search_that_was_written(tmp_path):
    trial = Trial(0, "finished", {}, 0.91, (0.91,), 4, 10.0, ())
    found = Tuning("m<p", "random", "auroc", 1, {}, (trial,), None, 0, {}, None, (), (), tmp_path)
    assert "random search around m&lt;p" in found._repr_html_() and "<img" not in found._repr_html_()
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "history.png").write_bytes(b"png")
    assert 'alt="Score of each trial"' in found._repr_html_() and "base64,cG5n" in found._repr_html_()
    assert "<img" not in replace(found, path=None)._repr_html_()
    assert "path" not in found.to_dict()
