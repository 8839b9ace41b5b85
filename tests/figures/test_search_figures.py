"""Tests of the figures of a search: their texts, and that few trials, many fields and odd scores all fit."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread

from chestnut.figures.parallel_axes import make_scale, wrap_field
from chestnut.figures.saving import save
from chestnut.figures.search import history_figure, importance_figure, parallel_figure


@dataclass(frozen=True)
class One:
    number: int
    state: str = "finished"
    score: float | None = None
    values: dict[str, Any] = field(default_factory=dict)


FIELDS = [
    "model.filters.0",
    "model.kernels.0",
    "model.dense_dropout.0",
    "optim.learning_rate",
    "optim.name",
    "model.batch_norm",
    "augment.geometric.rotation_degrees_of_the_very_long_name",
    "train.batch_size",
]


def trials(count, seed=0):
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        choices = (int(random.integers(2, 9)) * 16, [3, 5][number % 2], random.random(), 10 ** random.uniform(-4, -2))
        more = (["adam", "sgd"][number % 2], bool(number % 2), random.random(), 32)
        state = ("finished", "finished", "pruned", "failed", "running")[number % 5]
        score = None if state in ("failed", "running") else 0.9 + 0.08 * random.random()
        made.append(One(number, state, score, dict(zip(FIELDS, (*choices, *more), strict=True))))
    return made


def texts(figure):
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    found += [tick.get_text() for axes in figure.axes for tick in axes.get_yticklabels()]
    return found + [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def uncut(figure, path):
    """Save a figure, and tell whether its outermost pixels are blank."""
    save(figure, path)
    pixels = imread(path)[..., :3]
    return all(edge.min() > 0.98 for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))


def test_a_history_names_its_states_the_best_and_the_default(tmp_path):
    figure = history_figure([*trials(20), One(20, "finished", 0.5)], "auroc", 0.95)
    shown = texts(figure)
    assert {"finished (9)", "pruned (4)", "failed (4)", "running (4)"} <= set(shown)
    best = max(one.score for one in trials(20) if one.state == "finished")
    assert any(f"best so far; trial {one.number}: {best:.3f}" in shown for one in trials(20) if one.score == best)
    assert "the recipe’s own settings: 0.950" in shown
    assert any("arrow: below the axis (1)" in text for text in shown)
    low, high = figure.axes[0].get_ylim()
    assert 0.6 < low < 0.95 < high <= 1
    assert uncut(figure, tmp_path / "history.png")


def test_the_lowest_loss_is_the_best():
    figure = history_figure([One(0, score=0.3), One(1, score=0.2), One(2, score=0.25)], "loss")
    assert "best so far; trial 1: 0.200" in texts(figure)
    (steps,) = [line for line in figure.axes[0].lines if line.get_drawstyle() == "steps-post"]
    assert steps.get_ydata().tolist() == [0.3, 0.2, 0.2, 0.2]


def test_the_axis_ends_where_scores_end():
    assert history_figure([One(0, score=1.0), One(1, score=0.9)], "auroc").axes[0].get_ylim()[1] == 1
    assert history_figure([One(0, score=0.0), One(1, score=0.1)], "loss").axes[0].get_ylim()[0] == 0


@pytest.mark.parametrize("count", [1, 2])
def test_few_trials_are_drawn_too(tmp_path, count):
    few = [One(number, "finished", 0.9, trials(2)[number].values) for number in range(count)]
    assert uncut(history_figure(few, "accuracy", 0.9), tmp_path / "history.png")
    assert uncut(parallel_figure(few, FIELDS[:1], "accuracy", 0, 0.9), tmp_path / "parallel.png")


def test_trials_without_any_score():
    shown = texts(history_figure([One(0, "failed"), One(1, "running")], "auroc"))
    assert {"failed (1)", "running (1)"} <= set(shown)
    parallel_figure([One(0, "failed", None, {"seed": 3})], ["seed"], "auroc")


def test_eight_fields_and_sixty_trials_fit(tmp_path):
    figure = parallel_figure(trials(60), FIELDS, "auroc", 6, 0.95, log=["optim.learning_rate"])
    shown = texts(figure)
    assert {"optim.\nlearning_rate", "AUROC", "adam", "sgd", "true", "false", "1e-3", "32", "3", "5"} <= set(shown)
    assert any(text.startswith("best, trial 6: ") for text in shown)
    assert {"finished", "failed", "pruned or running", "the recipe’s own settings: 0.950"} <= set(shown)
    assert uncut(figure, tmp_path / "parallel.png")


def test_importance_is_written_beside_its_bars(tmp_path):
    figure = importance_figure({"optim.learning_rate": 0.72, "a" * 60: 0.276, "seed": 0.004}, "loss")
    shown = texts(figure)
    assert {"72%", "28%", "under 1%", "optim.learning_rate"} <= set(shown)
    assert uncut(figure, tmp_path / "importance.png")


@given(st.lists(st.floats(1e-6, 1e3) | st.integers(1, 512), min_size=1, max_size=30), st.booleans())
@settings(max_examples=60, deadline=None)
def test_numbers_keep_their_order_and_stay_on_their_axis(values, log):
    scale = make_scale(values, log)
    heights = [scale.place(value) for value in sorted(values)]
    assert heights == sorted(heights)
    assert all(0 <= height <= 1 for height in heights)
    assert all(-1e-6 <= height <= 1 + 1e-6 for height, _ in scale.ticks)


@given(st.lists(st.text("ab_.", min_size=1, max_size=20) | st.booleans() | st.none(), min_size=1, max_size=9))
def test_values_that_are_not_numbers_have_a_tick_each(values):
    scale = make_scale(values)
    heights = {scale.place(value) for value in values if value is not None}
    assert len(heights) == len({str(value).lower() for value in values if value is not None})
    assert heights <= {height for height, _ in scale.ticks}
    assert scale.place(None) == 0.5


def test_lists_are_values_too():
    assert [label for _, label in make_scale([[32, 64], [16, 32]]).ticks] == ["16×32", "32×64"]


def test_long_names_keep_to_four_lines():
    assert wrap_field("seed") == "seed"
    assert wrap_field(FIELDS[6]).count("\n") == 3
